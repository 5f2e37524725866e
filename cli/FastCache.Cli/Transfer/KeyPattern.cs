using System.Text;

namespace FastCache.Cli.Transfer;

/// <summary>Which keys are meant: as in a shell, byte by byte.</summary>
/// <remarks>
/// <code>
/// *         any bytes, also none
/// ?         one byte
/// [abc]     one of these; [a-z] a range; [^a] any but these
/// \x        x itself
/// </code>
/// </remarks>
internal sealed class KeyPattern
{
    private readonly byte[] _text;

    private KeyPattern(byte[] text) => _text = text;

    /// <summary>What every key that matches begins with.</summary>
    public byte[] Prefix { get; private init; } = [];

    /// <returns>False if a bracket is not closed, or nothing follows the last backslash.</returns>
    public static bool TryParse(string text, out KeyPattern? pattern)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        List<byte> prefix = [];
        bool isLiteral = true;
        pattern = null;
        for (int at = 0; at < bytes.Length;)
        {
            int end = EndOfElement(bytes, at);
            if (end < 0)
            {
                return false;
            }

            isLiteral &= bytes[at] is not ((byte)'*' or (byte)'?' or (byte)'[');
            if (isLiteral)
            {
                prefix.Add(bytes[end - 1]);
            }

            at = end;
        }

        pattern = new(bytes) { Prefix = [.. prefix] };
        return true;
    }

    /// <summary>Whether a key is meant.</summary>
    public bool Matches(ReadOnlySpan<byte> key)
    {
        // The last star is the only one that ever has to take more: what is before it has matched the shortest way.
        int at = 0;
        int pattern = 0;
        int star = -1;
        int taken = 0;
        while (at < key.Length)
        {
            if (pattern < _text.Length && _text[pattern] == '*')
            {
                (star, taken) = (++pattern, at);
            }
            else if (pattern < _text.Length && MatchesOne(pattern, key[at]))
            {
                pattern = EndOfElement(_text, pattern);
                at++;
            }
            else if (star >= 0)
            {
                (pattern, at) = (star, ++taken);
            }
            else
            {
                return false;
            }
        }

        return _text.AsSpan(pattern).IndexOfAnyExcept((byte)'*') < 0;
    }

    /// <returns>Where the next element begins; -1 if this one has no end.</returns>
    private static int EndOfElement(ReadOnlySpan<byte> text, int at)
    {
        if (text[at] == '\\')
        {
            return at + 1 < text.Length ? at + 2 : -1;
        }

        if (text[at] != '[')
        {
            return at + 1;
        }

        // A closing bracket in the first place is one of the bytes.
        int first = at + 1 + (at + 1 < text.Length && text[at + 1] == '^' ? 1 : 0);
        int close = first + 1 < text.Length ? text[(first + 1)..].IndexOf((byte)']') : -1;
        return close < 0 ? -1 : first + 1 + close + 1;
    }

    private bool MatchesOne(int at, byte found)
    {
        switch (_text[at])
        {
            case (byte)'?':
                return true;
            case (byte)'\\':
                return _text[at + 1] == found;
            case (byte)'[':
                ReadOnlySpan<byte> set = _text.AsSpan(at + 1, EndOfElement(_text, at) - at - 2);
                bool isOther = set[0] == '^';
                return Has(isOther ? set[1..] : set, found) != isOther;
            default:
                return _text[at] == found;
        }
    }

    private static bool Has(ReadOnlySpan<byte> set, byte found)
    {
        for (int i = 0; i < set.Length; i++)
        {
            bool isRange = i + 2 < set.Length && set[i + 1] == '-';
            if (isRange ? found >= set[i] && found <= set[i + 2] : found == set[i])
            {
                return true;
            }

            i += isRange ? 2 : 0;
        }

        return false;
    }
}
