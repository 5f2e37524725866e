using System.Runtime.InteropServices;
using FastCache.Core.Items;

namespace FastCache.Core.Tests.Examples;

public sealed unsafe class BatchTests
{
    [Fact]
    public void A_value_that_looks_like_an_item_is_not_taken_for_one_when_its_page_changed_hands_within_the_batch()
    {
        using Shard shard = new(new ShardOptions { MemoryBudgetBytes = ShardOptions.MinMemoryBudgetBytes, HashSeed = 1 });
        shard.Set("a"u8, "1"u8, default, out _);
        shard.Set("b"u8, "2"u8, default, out _);
        using NativeKeys keys = new(3);
        keys.Fill(0, "a"u8);
        keys.Fill(1, "b"u8);
        keys.Fill(2, "c"u8);
        LookupKey a = Ready(shard, keys[0]);
        LookupKey b = Ready(shard, keys[1]);
        LookupKey c = Ready(shard, keys[2]);
        shard.Delete(a);
        shard.Delete(b);

        // The page of the two is the pool's now, and the next one that is given out; b was its second chunk of 48 bytes.
        shard.Set(c, Forged("b"u8, at: 48 - Item.HeaderBytes - 1, length: 50_000), default, out _);
        Assert.False(shard.TryGet(b, out _));
        Assert.Equal(WriteOutcome.NotFound, shard.Delete(b));
        shard.EndBatch();
        shard.Check();
    }

    private static LookupKey Ready(Shard shard, ReadOnlySpan<byte> key)
    {
        LookupKey prepared = shard.Prepare(key);
        shard.Probe(ref prepared);
        shard.ProbeOverflow(ref prepared);
        return prepared;
    }

    /// <summary>A value with the image of a live item in it.</summary>
    private static byte[] Forged(ReadOnlySpan<byte> key, int at, int length)
    {
        byte[] value = new byte[length];
        Item item = new() { Packed = Item.Live, Lengths = Item.PackLengths(key.Length, 1, 0) };
        MemoryMarshal.Write(value.AsSpan(at), in item);
        key.CopyTo(value.AsSpan(at + Item.HeaderBytes));
        return value;
    }
}
