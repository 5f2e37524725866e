using FastCache.Core.Collections;

namespace FastCache.Core;

/// <summary>A look at an element of a collection, valid until the next change of it or operation on its shard.</summary>
public readonly unsafe ref struct ElementView
{
    private readonly TreeChunks _chunks;
    private readonly ReadOnlySpan<byte> _stored;
    private readonly Outside _outside;

    internal ElementView(TreeChunks chunks, ReadOnlySpan<byte> field, ReadOnlySpan<byte> stored, bool isOutside, double score)
    {
        _chunks = chunks;
        Field = field;
        Score = score;
        IsContiguous = !isOutside;
        if (isOutside)
        {
            _outside = System.Runtime.InteropServices.MemoryMarshal.Read<Outside>(stored);
        }
        else
        {
            _stored = stored;
        }
    }

    /// <summary>The field of a hash, the member of a set or sorted set; empty for a list.</summary>
    public ReadOnlySpan<byte> Field { get; }

    /// <summary>The score of a sorted set's member, else 0.</summary>
    public double Score { get; }

    /// <summary>Bytes of the value of a hash's field or a list's element; 0 for members.</summary>
    public int Length => IsContiguous ? _stored.Length : (int)_outside.Length;

    /// <summary>Whether <see cref="Value"/> can be had: values of up to about 1,000 bytes lie in one piece.</summary>
    public bool IsContiguous { get; }

    /// <summary>The value, in the shard's own memory.</summary>
    /// <exception cref="InvalidOperationException">It is not <see cref="IsContiguous"/>: use <see cref="CopyTo"/>.</exception>
    public ReadOnlySpan<byte> Value => IsContiguous
        ? _stored
        : throw new InvalidOperationException("The value lies in several chunks; use CopyTo.");

    /// <summary>Copies the whole value.</summary>
    /// <param name="destination">At least <see cref="Length"/> bytes.</param>
    /// <exception cref="ArgumentException">The destination is too short.</exception>
    public void CopyTo(Span<byte> destination)
    {
        if (destination.Length < Length)
        {
            throw new ArgumentException($"The value has {Length} bytes, the destination {destination.Length}.", nameof(destination));
        }

        if (IsContiguous)
        {
            _stored.CopyTo(destination);
        }
        else
        {
            _chunks.ReadOutside(_outside, destination[..Length]);
        }
    }
}

/// <summary>Sees elements of a collection, one after another.</summary>
public interface IElementVisitor
{
    /// <summary>Sees an element; the shard must not be used meanwhile.</summary>
    /// <param name="element">Valid during the call.</param>
    /// <returns>Whether to go on.</returns>
    bool Visit(in ElementView element);
}
