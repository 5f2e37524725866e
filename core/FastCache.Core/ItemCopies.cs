using FastCache.Core.Items;

namespace FastCache.Core;

/// <summary>Puts values and collections under other keys, with the lives that they have.</summary>
public sealed unsafe class ItemCopies
{
    /// <summary>Most elements of a collection in trees that are copied: some 10 ms.</summary>
    public const int MaxElements = 16_384;

    private readonly Shard _shard;

    internal ItemCopies(Shard shard) => _shard = shard;

    /// <summary>Copies a key's value and life to another key.</summary>
    /// <param name="from">The key that has them.</param>
    /// <param name="to">Another key.</param>
    /// <param name="isForAbsent">Whether the other key must be absent.</param>
    /// <param name="scratch">Room for the value; of a collection for all elements, each with 16 bytes more.</param>
    /// <returns>
    /// <see cref="WriteOutcome.Done"/>; <see cref="WriteOutcome.NotFound"/> when the first key is absent, <see cref="WriteOutcome.Exists"/>
    /// when the other is not and must be, <see cref="WriteOutcome.ValueTooLarge"/> when the value is longer than the room for it, or a collection
    /// in trees has more than <see cref="MaxElements"/>, <see cref="WriteOutcome.OutOfMemory"/>.
    /// </returns>
    public WriteOutcome Copy(scoped in LookupKey from, scoped in LookupKey to, bool isForAbsent, Span<byte> scratch)
    {
        uint source = _shard.FindResident(from, out bool isLive);
        if (isLive && (_shard.At(source)->Kind & Item.Collection) != 0)
        {
            _shard.FindResident(to, out bool isThere);
            return isThere && isForAbsent ? WriteOutcome.Exists : _shard.Collections.Copies.Copy(source, from, to, scratch);
        }

        if (!isLive || !_shard.TryView(source, from.Hash, out ItemView item, isLookup: false))
        {
            return WriteOutcome.NotFound;
        }

        if (item.Length > scratch.Length)
        {
            return WriteOutcome.ValueTooLarge;
        }

        int length = (int)item.Length;
        item.CopyTo(scratch);
        Life life = Life.Of(_shard.At(source));
        uint target = _shard.FindResident(to, out bool isTaken);
        return isTaken && isForAbsent
            ? WriteOutcome.Exists
            : _shard.Writer.Write(to, scratch[..length], target, life, _shard.NextVersion(), out _);
    }

    /// <summary>Moves a key's value and life to another key; a collection of any size, without a look at its elements.</summary>
    /// <inheritdoc cref="Copy"/>
    public WriteOutcome Move(scoped in LookupKey from, scoped in LookupKey to, bool isForAbsent, Span<byte> scratch)
    {
        uint source = _shard.FindResident(from, out bool isLive);
        if (isLive && (_shard.At(source)->Kind & Item.Collection) != 0)
        {
            _shard.FindResident(to, out bool isThere);
            return isThere && isForAbsent ? WriteOutcome.Exists : _shard.Collections.Copies.Move(source, from, to);
        }

        WriteOutcome outcome = Copy(from, to, isForAbsent, scratch);
        if (outcome == WriteOutcome.Done)
        {
            _shard.Delete(from);
        }

        return outcome;
    }
}
