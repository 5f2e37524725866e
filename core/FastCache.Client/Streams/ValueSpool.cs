using System.Buffers;

namespace FastCache.Client.Streams;

/// <summary>Holds a value whose length nobody knows until it has been read to its end.</summary>
internal sealed class ValueSpool : Stream
{
    private const int SegmentBytes = 256 << 10;

    private readonly List<byte[]> _segments = [];
    private long _length;
    private long _position;

    private ValueSpool()
    {
    }

    public override long Length => _length;

    public override long Position
    {
        get => _position;
        set => _position = value;
    }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    /// <summary>Reads a stream to its end.</summary>
    /// <exception cref="CacheLimitException">It has more bytes than are allowed.</exception>
    public static async Task<ValueSpool> ReadAsync(Stream value, long mostBytes, CancellationToken cancellationToken)
    {
        ValueSpool spool = new();
        try
        {
            bool hasMore;
            do
            {
                hasMore = await spool.TryReadSegmentAsync(value, cancellationToken).ConfigureAwait(false);
                if (spool._length > mostBytes)
                {
                    throw new CacheLimitException(
                        $"The value has more than {mostBytes} bytes, the most that MaxSpoolBytes allows of a value whose length is not told.");
                }
            }
            while (hasMore);
            return spool;
        }
        catch
        {
            await spool.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public override int Read(Span<byte> buffer)
    {
        int inSegment = (int)(_position % SegmentBytes);
        int length = (int)Math.Min(buffer.Length, Math.Min(_length - _position, SegmentBytes - inSegment));
        if (length > 0)
        {
            _segments[(int)(_position / SegmentBytes)].AsSpan(inSegment, length).CopyTo(buffer);
            _position += length;
        }

        return length;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _segments.ForEach(segment => ArrayPool<byte>.Shared.Return(segment));
        _segments.Clear();
        _length = 0;
        base.Dispose(disposing);
    }

    /// <returns>Whether there may be more.</returns>
    private async Task<bool> TryReadSegmentAsync(Stream value, CancellationToken cancellationToken)
    {
        byte[] segment = ArrayPool<byte>.Shared.Rent(SegmentBytes);
        _segments.Add(segment);
        int read = await value.ReadAtLeastAsync(segment.AsMemory(0, SegmentBytes), SegmentBytes, throwOnEndOfStream: false, cancellationToken)
            .ConfigureAwait(false);
        _length += read;
        return read == SegmentBytes;
    }
}
