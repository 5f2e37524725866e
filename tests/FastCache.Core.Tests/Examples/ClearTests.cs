namespace FastCache.Core.Tests.Examples;

public sealed class ClearTests
{
    private const int Items = 5_000;

    [Fact]
    public void Clear_makes_every_key_absent_at_once_and_its_memory_free_in_steps()
    {
        using Shard shard = Filled();
        shard.Clear();
        Assert.Equal(0, shard.Count);
        Assert.Equal(0, shard.Statistics().Items);
        Assert.False(shard.TryGet(Key(1), out _));
        Assert.Equal(WriteOutcome.NotFound, shard.Delete(Key(2)));
        Assert.Equal(WriteOutcome.NotFound, shard.Set(Key(3), "x"u8, new SetOptions(SetCondition.IfPresent), out _));
        Assert.False(shard.Touch(Key(4), 0));
        MaintainUntilDone(shard);
        Assert.Equal(0, shard.Statistics().PayloadBytes);
        shard.Check();
    }

    [Fact]
    public void What_is_written_after_a_clear_stays_also_while_the_sweep_goes_on()
    {
        using Shard shard = Filled();
        shard.Clear();
        for (int i = 0; i < Items; i += 7)
        {
            Assert.Equal(WriteOutcome.Done, shard.Set(Key(i), "new"u8, default, out _));
            shard.Maintain();
        }

        MaintainUntilDone(shard);
        for (int i = 0; i < Items; i++)
        {
            Assert.Equal(i % 7 == 0, shard.TryGet(Key(i), out _));
        }

        Assert.Equal((Items + 6) / 7, shard.Count);
        shard.Check();
    }

    [Fact]
    public void Clear_in_the_middle_of_a_sweep_takes_what_came_between()
    {
        using Shard shard = Filled();
        shard.Clear();
        shard.Maintain();
        shard.Set(Key(1), "between"u8, default, out _);
        shard.Clear();
        Assert.False(shard.TryGet(Key(1), out _));
        shard.Set(Key(2), "after"u8, default, out _);
        MaintainUntilDone(shard);
        Assert.Equal(1, shard.Count);
        Assert.True(shard.TryGet(Key(2), out _));
        shard.Check();
    }

    [Fact]
    public void Clear_voids_grants_and_refuses_older_writes_from_elsewhere()
    {
        using Shard shard = Filled();
        shard.Set(Key(1), "x"u8, default, out ulong before);
        Assert.Equal(LeaseAnswer.Fill, shard.Leases.Get("absent"u8, 1_000, out _, out ulong token));
        shard.Clear();
        Assert.Equal(WriteOutcome.LeaseLost, shard.Set("absent"u8, "x"u8, new SetOptions { LeaseToken = token }, out _));
        Assert.Equal(WriteOutcome.NotNewer, shard.Set(Key(1), "x"u8, new SetOptions(SetCondition.IfNewer, before), out _));
        shard.Set(Key(2), "x"u8, default, out ulong after);
        Assert.Equal(WriteOutcome.Done, shard.Set(Key(1), "x"u8, new SetOptions(SetCondition.IfNewer, after + 1), out _));
    }

    [Fact]
    public void Scan_tells_hidden_items_as_not_live()
    {
        using Shard shard = Filled();
        shard.Clear();
        LiveCounter counter = default;
        for (ulong cursor = shard.Scan.Step(0, 100, ref counter); cursor != 0; cursor = shard.Scan.Step(cursor, 100, ref counter))
        {
        }

        Assert.Equal(0, counter.Live);
    }

    private static byte[] Key(int number) => System.Text.Encoding.ASCII.GetBytes($"key {number}");

    private static Shard Filled()
    {
        Shard shard = new(new ShardOptions { MemoryBudgetBytes = 32 << 20 });
        shard.Advance(0, 1_800_000_000_000);
        for (int i = 0; i < Items; i++)
        {
            Assert.Equal(WriteOutcome.Done, shard.Set(Key(i), "old"u8, default, out _));
        }

        return shard;
    }

    private static void MaintainUntilDone(Shard shard)
    {
        for (int i = 0; shard.Maintain(); i++)
        {
            Assert.InRange(i, 0, 100_000);
        }
    }

    private struct LiveCounter : IScanVisitor
    {
        public int Live { get; private set; }

        public bool Removes(ReadOnlySpan<byte> key, CollectionKind kind, bool isLive)
        {
            Live += isLive ? 1 : 0;
            return false;
        }
    }
}
