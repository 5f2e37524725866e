namespace FastCache.Bench.Simulate.Traces;

/// <summary>Cuts a stream into lines, in bounded memory: a line that is too long is said to be, not collected.</summary>
internal sealed class LineReader(Stream stream, int maxLineBytes)
{
    private const int ReadBytes = 64 << 10;

    private readonly byte[] _buffer = new byte[maxLineBytes + 1 + ReadBytes];
    private int _start;
    private int _end;
    private bool _isAtEnd;

    /// <summary>Number of the line that was read last, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>Bytes taken from the stream.</summary>
    public long Bytes { get; private set; }

    /// <param name="line">Without its end; valid until the next call.</param>
    /// <param name="isTooLong">The line has more bytes than allowed; nothing can be read after it.</param>
    /// <returns>False at the end of the stream.</returns>
    public bool TryRead(out ReadOnlySpan<byte> line, out bool isTooLong)
    {
        int length;
        while ((length = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n')) < 0
            && !_isAtEnd && _end - _start <= maxLineBytes)
        {
            Fill();
        }

        bool hasEnd = length >= 0;
        line = _buffer.AsSpan(_start, hasEnd ? length : _end - _start);
        isTooLong = line.Length > maxLineBytes;
        bool isLine = hasEnd || !line.IsEmpty;
        _start += line.Length + (hasEnd ? 1 : 0);
        Number += isLine ? 1 : 0;
        return isLine;
    }

    private void Fill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        _end -= _start;
        _start = 0;
        int read = stream.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        Bytes += read;
        _isAtEnd = read == 0;
    }
}
