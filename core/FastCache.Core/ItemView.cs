using FastCache.Core.Compression;
using FastCache.Core.Items;

namespace FastCache.Core;

/// <summary>A look at a stored item, valid until the next operation on its shard.</summary>
public readonly unsafe ref struct ItemView
{
    private readonly ReadOnlySpan<byte> _stored;
    private readonly Shard? _shard;
    private readonly uint _reference;

    internal ItemView(ReadOnlySpan<byte> value, ulong version)
    {
        _stored = value;
        Length = value.Length;
        Version = version;
    }

    /// <summary>A value that is not stored as it is given out: compressed, or in several chunks.</summary>
    internal ItemView(Shard shard, uint reference, ReadOnlySpan<byte> stored, long length, ulong version)
    {
        _shard = shard;
        _reference = reference;
        _stored = stored;
        Length = length;
        Version = version;
    }

    /// <summary>Bytes of the value.</summary>
    public long Length { get; }

    /// <summary>The version that the write of this value was given.</summary>
    public ulong Version { get; }

    /// <summary>Whether <see cref="Value"/> can be had: the value lies in one piece and is not compressed.</summary>
    public bool IsContiguous => _shard is null;

    /// <summary>Whether the value is stored compressed, so that <see cref="CompressedFrame"/> can be had.</summary>
    public bool IsCompressed => _shard is not null && !_stored.IsEmpty;

    /// <summary>The value, in the shard's own memory.</summary>
    /// <exception cref="InvalidOperationException">It is not <see cref="IsContiguous"/>: use <see cref="CopyTo(Span{byte})"/>.</exception>
    public ReadOnlySpan<byte> Value => IsContiguous
        ? _stored
        : throw new InvalidOperationException("The value is compressed or in several chunks; use CopyTo.");

    /// <summary>The frame of a compressed value, checked: length u32, CRC-32C u32, one LZ4 block; in the shard's own memory.</summary>
    /// <exception cref="InvalidOperationException">It is not <see cref="IsCompressed"/>.</exception>
    public ReadOnlySpan<byte> CompressedFrame => IsCompressed
        ? _stored
        : throw new InvalidOperationException("The value is not stored compressed.");

    /// <summary>Copies the whole value.</summary>
    /// <param name="destination">At least <see cref="Length"/> bytes.</param>
    /// <exception cref="ArgumentException">The destination is too short.</exception>
    public void CopyTo(Span<byte> destination)
    {
        if (IsContiguous)
        {
            _stored.CopyTo(destination);
            return;
        }

        if (destination.Length < Length)
        {
            throw new ArgumentException($"The value has {Length} bytes, the destination {destination.Length}.", nameof(destination));
        }

        CopyTo(0, destination[..(int)Length]);
    }

    /// <summary>Copies a part of the value.</summary>
    /// <param name="offset">Where to begin, 0 to <see cref="Length"/>.</param>
    /// <param name="destination">Filled as far as the value goes.</param>
    /// <returns>Bytes copied.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The offset is out of range.</exception>
    public int CopyTo(long offset, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length);
        int count = (int)Math.Min(destination.Length, Length - offset);
        if (IsContiguous)
        {
            _stored.Slice((int)offset, count).CopyTo(destination);
        }
        else if (IsCompressed)
        {
            _shard!.Expand(_stored, (int)offset, destination[..count]);
        }
        else
        {
            _shard!.Store.Large.Read(_reference, offset, destination[..count]);
        }

        return count;
    }
}
