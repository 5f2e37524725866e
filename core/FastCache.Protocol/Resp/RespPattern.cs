namespace FastCache.Protocol.Resp;

/// <summary>Redis's patterns of keys: ? any byte, * any bytes, [abc] [a-c] [^a] one of a set or none of it, \ makes the next byte plain.</summary>
public static class RespPattern
{
    /// <summary>Whether a text fits a pattern.</summary>
    /// <remarks>
    /// Without recursion: after a byte that does not fit, only the last star can take one more, for what the stars before it took fits as
    /// well as anything. So time is at most the product of the two lengths.
    /// </remarks>
    public static bool Matches(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text)
    {
        int at = 0;
        int taken = 0;
        int afterStar = -1;
        int starTook = 0;
        while (taken < text.Length)
        {
            if (at < pattern.Length && pattern[at] == '*')
            {
                afterStar = ++at;
                starTook = taken;
            }
            else if (at < pattern.Length && MatchesOne(pattern, ref at, text[taken]))
            {
                taken++;
            }
            else if (afterStar >= 0)
            {
                at = afterStar;
                taken = ++starTook;
            }
            else
            {
                return false;
            }
        }

        return !pattern[at..].ContainsAnyExcept((byte)'*');
    }

    /// <summary>Whether a byte fits the next part of a pattern, which it goes behind if so.</summary>
    private static bool MatchesOne(ReadOnlySpan<byte> pattern, ref int at, byte value)
    {
        int next = at;
        bool fits;
        switch (pattern[next])
        {
            case (byte)'?':
                next++;
                fits = true;
                break;
            case (byte)'[':
                fits = IsInSet(pattern, ref next, value);
                break;
            default:
                next += pattern[next] == '\\' && next + 1 < pattern.Length ? 1 : 0;
                fits = pattern[next++] == value;
                break;
        }

        at = fits ? next : at;
        return fits;
    }

    private static bool IsInSet(ReadOnlySpan<byte> pattern, ref int at, byte value)
    {
        int next = at + 1;
        bool isInverse = next < pattern.Length && pattern[next] == '^';
        next += isInverse ? 1 : 0;
        bool found = false;
        // A set that is not closed ends with the pattern.
        while (next < pattern.Length && pattern[next] != ']')
        {
            if (pattern[next] == '\\' && next + 1 < pattern.Length)
            {
                found |= pattern[next + 1] == value;
                next += 2;
            }
            else if (next + 2 < pattern.Length && pattern[next + 1] == '-')
            {
                found |= value >= Math.Min(pattern[next], pattern[next + 2]) && value <= Math.Max(pattern[next], pattern[next + 2]);
                next += 3;
            }
            else
            {
                found |= pattern[next++] == value;
            }
        }

        at = Math.Min(next + 1, pattern.Length);
        return found != isInverse;
    }
}
