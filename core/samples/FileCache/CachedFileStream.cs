using FastCache.Client;

namespace FileCache;

/// <summary>One version of a file, read from the cache. It holds one chunk at most, whatever the length of the file.</summary>
/// <param name="files">Where chunks come from.</param>
/// <param name="path">From the origin's directory on.</param>
/// <param name="version">Of the file.</param>
internal sealed class CachedFileStream(CachedFiles files, string path, FileVersion version) : Stream
{
    // ASP.NET copies in reads of 64 KiB: a shorter one is the whole of a short range, or the end of a longer one. Others go on in
    // the same chunk, which is then fetched once rather than in several parts.
    private const int ShortReadBytes = 32 << 10;

    private FilledValue _held;
    private long _heldChunk = -1;
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => version.Length;

    public override long Position
    {
        get => _position;
        set => _position = value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "It must not be negative.");
    }

    public override long Seek(long offset, SeekOrigin origin) => Position = offset + origin switch
    {
        SeekOrigin.Begin => 0,
        SeekOrigin.Current => Position,
        SeekOrigin.End => Length,
        _ => throw new ArgumentOutOfRangeException(nameof(origin), origin, "It must be Begin, Current or End."),
    };

    /// <inheritdoc/>
    /// <exception cref="FileChangedException">The origin has another version by now.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        (long chunk, long start) = Math.DivRem(Position, CachedFiles.ChunkBytes);
        int count = (int)Math.Min(Math.Min(buffer.Length, CachedFiles.ChunkBytes - start), Math.Max(Length - Position, 0));
        if (count == 0)
        {
            return 0;
        }

        Memory<byte> destination = buffer[..count];
        if (chunk != _heldChunk)
        {
            if (count <= ShortReadBytes
                && await files.TryCopyPartAsync(path, version, chunk, (int)start, destination, cancellationToken))
            {
                Position += count;
                return count;
            }

            Drop();
            _held = await files.ChunkAsync(path, version, chunk, cancellationToken);
            _heldChunk = chunk;
        }

        _held.Memory.Slice((int)start, count).CopyTo(destination);
        Position += count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) =>
        ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        Drop();
        base.Dispose(disposing);
    }

    private void Drop()
    {
        _held.Dispose();
        _held = default;
        _heldChunk = -1;
    }
}
