using FastCache.Client.Streams;
using FastCache.Protocol;

namespace FastCache.Client;

/// <summary>The bytes of one value, of any size, as they come from the node.</summary>
/// <remarks>
/// They are the bytes of one version, whatever happens to the key meanwhile. The node sends no more than 1 MiB ahead of the reader. Forward only, and for
/// one reader at a time. Reads throw what requests do; after any exception the stream is of no use any more. Dispose it, also
/// when it was read to its end.
/// </remarks>
public sealed class CacheValueStream : Stream
{
    /// <summary>What the node may have sent and the reader not taken.</summary>
    internal const uint WindowBytes = 1 << 20;

    private readonly StreamLine? _line;
    private readonly long _length;
    private CacheValue _whole;
    private ReadOnlyMemory<byte> _piece;
    private long _position;
    private long _received;
    private long _allowed = WindowBytes;

    /// <summary>A value that has come in one frame.</summary>
    internal CacheValueStream(CacheValue whole)
    {
        _whole = whole;
        _piece = whole.Memory;
        _length = _received = _piece.Length;
        Version = whole.Version;
    }

    /// <summary>A value of which only the opening has come.</summary>
    internal CacheValueStream(StreamLine line, ulong version, long length)
    {
        _line = line;
        _length = length;
        Version = version;
    }

    /// <summary>The item's version.</summary>
    public ulong Version { get; }

    /// <summary>Bytes of the whole value.</summary>
    public override long Length => _length;

    /// <summary>Bytes that were read.</summary>
    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    /// <returns>How many bytes; 0 at the end only, or if there is no room.</returns>
    /// <exception cref="CacheException">The connection was lost, nothing came within
    /// <see cref="FastCacheClientOptions.RequestTimeout"/>, or the node has ended the stream because nobody read.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_piece.IsEmpty && _position < _length && !buffer.IsEmpty)
        {
            _piece = await ReceiveAsync(_line!, cancellationToken).ConfigureAwait(false);
        }

        int length = Math.Min(buffer.Length, _piece.Length);
        _piece.Span[..length].CopyTo(buffer.Span);
        _piece = _piece[length..];
        _position += length;
        return length;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) =>
        ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _piece = default;
            _position = _length;
            _line?.Dispose();
            _whole.Dispose();
            _whole = default;
        }

        base.Dispose(disposing);
    }

    private async ValueTask<ReadOnlyMemory<byte>> ReceiveAsync(StreamLine line, CancellationToken cancellationToken)
    {
        // Half of what was allowed is used up: allow as much again, before the node has to wait for it.
        if (_allowed - _received <= WindowBytes / 2 && _allowed < _length)
        {
            byte[] credit = new byte[FcpLimits.HeaderBytes + sizeof(ulong)];
            RequestWriter.Credit(credit, 0, StreamLine.StreamId, WindowBytes / 2);
            await line.SendAsync(credit, cancellationToken).ConfigureAwait(false);
            _allowed += WindowBytes / 2;
        }

        StreamFrame frame = await line.ReceiveAsync(cancellationToken).ConfigureAwait(false);
        if (frame.Status.IsError())
        {
            throw StreamLines.Refused(frame);
        }

        _received += frame.Value.Length;
        bool isSound = frame is { Opcode: Opcode.GetStream, Status: Status.Ok, Value.Length: > 0 }
            && _received <= _length && frame.HasMore == _received < _length;
        return isSound
            ? frame.Value
            : throw new CacheConnectionException($"A piece of a stream makes no sense: {frame}.", mayHaveExecuted: false);
    }
}
