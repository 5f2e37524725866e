using System.Runtime.InteropServices;
using FastCache.Core;
using FastCache.Core.Items;

namespace FastCache.Bench.Micro.Operations;

/// <summary>Shards in the states that the operations start from.</summary>
internal static class Shards
{
    /// <summary>Header, key and value together: two cache lines.</summary>
    public const int ItemBytes = 128;

    /// <summary>A value that makes an item of <see cref="ItemBytes"/>.</summary>
    public const int ValueBytes = ItemBytes - Item.HeaderBytes - Key.Bytes;

    /// <summary>Any time that shards accept; expiry moves on from here.</summary>
    public const long StartUnixMillis = 1_800_000_000_000;

    /// <summary>Index and page headers above <see cref="ItemBytes"/>, with room to spare.</summary>
    private const int OverheadBytes = 16;

    private const long SpareBytes = 64L << 20;

    /// <summary>An empty shard with room for <paramref name="items"/> items, its memory present.</summary>
    public static Shard Empty(int items)
    {
        Shard shard = new(new ShardOptions
        {
            MemoryBudgetBytes = ((long)items * (ItemBytes + OverheadBytes)) + SpareBytes,
            HashSeed = 1,
            Prefault = true,
        });
        shard.Advance(StartUnixMillis, StartUnixMillis);
        return shard;
    }

    /// <summary>A shard that holds the keys numbered 0 to <paramref name="items"/> - 1, and has room for some more.</summary>
    public static Shard Filled(int items)
    {
        Shard shard = Empty(items);
        Span<byte> value = stackalloc byte[ValueBytes];
        for (int i = 0; i < items; i++)
        {
            Store(shard, (ulong)i, value);
        }

        if (shard.Statistics().Items != items)
        {
            throw new InvalidOperationException($"The shard holds {shard.Statistics().Items} of {items} items.");
        }

        return shard;
    }

    /// <summary>A shard that is full with about <paramref name="items"/> items, so that every further key evicts one.</summary>
    /// <param name="items">How many.</param>
    /// <param name="nextKey">Keys from this number on were never stored.</param>
    public static Shard Full(int items, out ulong nextKey)
    {
        Shard shard = new(new ShardOptions
        {
            MemoryBudgetBytes = Math.Max(ShardOptions.MinMemoryBudgetBytes, (long)items * (ItemBytes + 8)),
            HashSeed = 1,
            Prefault = true,
        });
        shard.Advance(StartUnixMillis, StartUnixMillis);
        uint keys = 2 * (uint)items;
        nextKey = keys;
        RandomKeys random = new(0, keys);
        Span<byte> value = stackalloc byte[ValueBytes];

        // Used as a cache is, read and filled on a miss, the order of eviction comes to differ from the order of
        // addresses. Keys stored in one sweep would be evicted in one sweep, which the processor prefetches.
        for (long i = 0; i < 4L * items; i++)
        {
            uint number = random.NextNumber();
            UInt128 key = Key.Of(number);
            if (!shard.TryGet(MemoryMarshal.AsBytes(new ReadOnlySpan<UInt128>(in key)), out _))
            {
                Store(shard, number, value);
            }
        }

        if (shard.Statistics().Evictions < items)
        {
            throw new InvalidOperationException("The shard is not full.");
        }

        return shard;
    }

    private static void Store(Shard shard, ulong number, ReadOnlySpan<byte> value)
    {
        UInt128 key = Key.Of(number);
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<UInt128>(in key));
        if (shard.Set(bytes, value, default, out _) != WriteOutcome.Done)
        {
            throw new InvalidOperationException($"The shard refused item {number}.");
        }
    }
}
