namespace FastCache.Protocol.Resp;

/// <summary>Words of commands: names and options, which Redis takes in any case.</summary>
public static class RespWord
{
    /// <summary>Whether a word is another one, whose letters are small.</summary>
    public static bool Is(ReadOnlySpan<byte> word, ReadOnlySpan<byte> small)
    {
        if (word.Length != small.Length)
        {
            return false;
        }

        for (int i = 0; i < small.Length; i++)
        {
            byte letter = word[i];
            if (letter != small[i] && !(letter is >= (byte)'A' and <= (byte)'Z' && letter + ('a' - 'A') == small[i]))
            {
                return false;
            }
        }

        return true;
    }
}
