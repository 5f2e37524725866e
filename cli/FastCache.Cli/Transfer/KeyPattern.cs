using System.Text;
using FastCache.Protocol.Resp;

namespace FastCache.Cli.Transfer;

/// <summary>Which keys are meant: a pattern of Redis with nothing left open, and what all that fits it begins with.</summary>
/// <remarks>
/// <code>
/// *         any bytes, also none
/// ?         one byte
/// [abc]     one of these; [a-z] a range; [^a] any but these
/// \x        x itself, in brackets too
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
            int end = bytes[at] == '[' ? EndOfSet(bytes, at + 1) : EndOfByte(bytes, at);
            if (end > bytes.Length)
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
    public bool Matches(ReadOnlySpan<byte> key) => RespPattern.Matches(_text, key);

    /// <returns>Where what follows a byte begins; beyond the text if there is none behind a backslash.</returns>
    private static int EndOfByte(ReadOnlySpan<byte> text, int at) => at + (text[at] == '\\' ? 2 : 1);

    /// <returns>Where what follows a set begins, of which <paramref name="at"/> is behind the bracket; beyond the text if it is not closed.</returns>
    private static int EndOfSet(ReadOnlySpan<byte> text, int at)
    {
        at += at < text.Length && text[at] == '^' ? 1 : 0;
        while (at < text.Length && text[at] != ']')
        {
            bool isRange = text[at] != '\\' && at + 2 < text.Length && text[at + 1] == '-';
            at = isRange ? at + 3 : EndOfByte(text, at);
        }

        return at + 1;
    }
}
