namespace FastCache.Protocol.Resp;

/// <summary>Splits a line that a person has typed into arguments, as Redis does.</summary>
/// <remarks>
/// Arguments stand between white space. In double quotes \n \r \t \b \a and \xHH mean what they mean in C, and a backslash
/// before any other byte that byte; in single quotes only \' is special. A closing quote ends its argument.
/// </remarks>
internal sealed class RespLine
{
    private readonly RespArgumentTable _arguments = new();
    private byte[] _bytes = [];
    private int _used;

    public int Count { get; private set; }

    /// <summary>The arguments, good until the next <see cref="TrySplit"/>.</summary>
    public RespRequest Request => new(_bytes, _arguments.Free[..Count]);

    /// <returns>False when a quote is not closed, or something follows a closing one.</returns>
    public bool TrySplit(ReadOnlySpan<byte> line)
    {
        // C's strings end at a zero, and so do lines of Redis.
        int zero = line.IndexOf((byte)0);
        line = zero < 0 ? line : line[..zero];
        if (_bytes.Length < line.Length)
        {
            // It must not move: requests point to their arguments.
            _bytes = GC.AllocateUninitializedArray<byte>(line.Length, pinned: true);
        }

        Count = 0;
        _arguments.Clear();
        _used = 0;
        int at = 0;
        while (true)
        {
            while (at < line.Length && IsSpace(line[at]))
            {
                at++;
            }

            if (at == line.Length)
            {
                return true;
            }

            int start = _used;
            if (!TryTake(line, ref at))
            {
                return false;
            }

            _arguments.MakeRoom(Count + 1);
            _arguments.Free[Count++] = new RespArgument(start, _used - start);
        }
    }

    private bool TryTake(ReadOnlySpan<byte> line, ref int at)
    {
        while (at < line.Length && !(line[at] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t'))
        {
            byte next = line[at++];
            if (next is (byte)'"' or (byte)'\'')
            {
                return TryTakeQuoted(line, next, ref at);
            }

            _bytes[_used++] = next;
        }

        return true;
    }

    private bool TryTakeQuoted(ReadOnlySpan<byte> line, byte quote, ref int at)
    {
        while (at < line.Length)
        {
            byte next = line[at++];
            if (next == quote)
            {
                return at == line.Length || IsSpace(line[at]);
            }

            bool isEscape = next == '\\' && at < line.Length && (quote == '"' || line[at] == '\'');
            _bytes[_used++] = isEscape ? Escaped(line, quote, ref at) : next;
        }

        return false;
    }

    private static byte Escaped(ReadOnlySpan<byte> line, byte quote, ref int at)
    {
        byte next = line[at++];
        if (quote == '\'')
        {
            return next;
        }

        if (next == 'x' && at + 1 < line.Length && char.IsAsciiHexDigit((char)line[at]) && char.IsAsciiHexDigit((char)line[at + 1]))
        {
            at += 2;
            return Convert.FromHexString([(char)line[at - 2], (char)line[at - 1]])[0];
        }

        return next switch
        {
            (byte)'n' => (byte)'\n',
            (byte)'r' => (byte)'\r',
            (byte)'t' => (byte)'\t',
            (byte)'b' => (byte)'\b',
            (byte)'a' => (byte)'\a',
            _ => next,
        };
    }

    private static bool IsSpace(byte value) => value is (byte)' ' or (>= (byte)'\t' and <= (byte)'\r');
}
