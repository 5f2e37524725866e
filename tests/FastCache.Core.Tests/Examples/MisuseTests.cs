namespace FastCache.Core.Tests.Examples;

/// <summary>Calls that break the rules: refused, never carried out by half.</summary>
public sealed class MisuseTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(251)]
    [InlineData(1_000)]
    public void A_batch_refuses_a_key_of_a_length_that_cannot_be_stored(int length)
    {
        using Shard shard = new(new ShardOptions { MemoryBudgetBytes = 8 << 20 });
        byte[] key = GC.AllocateArray<byte>(length, pinned: true);
        Assert.Throws<ArgumentOutOfRangeException>(() => shard.Prepare(key));
    }
}
