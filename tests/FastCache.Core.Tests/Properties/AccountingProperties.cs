namespace FastCache.Core.Tests.Properties;

/// <summary>Every byte of the budget is accounted for, whatever was done.</summary>
public sealed class AccountingProperties
{
    [Fact]
    public void The_accounts_add_up_to_the_budget_after_a_million_operations_of_all_kinds()
    {
        using Shard shard = new(Options(seed: 1, (24L << 20) + 12_345));
        RandomLoad load = new(shard, seed: 1, keys: 50_000, maxValueBytes: 300_000);
        while (load.Operations < 1_000_000)
        {
            load.Step();
            if (load.Operations % 20_000 == 0)
            {
                RequireExact(shard, $"operation {load.Operations}");
            }
        }

        Assert.True(shard.Statistics().Evictions > 10_000, "hardly anything was evicted");
        Assert.True(shard.Statistics().PageMoves > 10, "hardly a page has moved");
        Assert.True(shard.Statistics().CompressedSets > 10_000, "hardly anything was compressed");
        load.Finish();
        RequireExact(shard, "the end");
        Assert.Equal(0, shard.Statistics().Memory.Loose);
    }

    [Fact]
    public void The_accounts_add_up_after_every_single_operation()
    {
        for (int seed = 0; seed < 40; seed++)
        {
            using Shard shard = new(Options(seed, (8L << 20) + (seed * 77_777)));
            RandomLoad load = new(shard, seed, keys: seed % 2 == 0 ? 20 : 400, maxValueBytes: 300_000);
            while (load.Operations < 300)
            {
                load.Step();
                RequireExact(shard, $"operation {load.Operations}, seed {seed}");
            }

            load.Finish();
            RequireExact(shard, $"the end, seed {seed}");
        }
    }

    private static ShardOptions Options(int seed, long budgetBytes) => new()
    {
        MemoryBudgetBytes = budgetBytes,
        HashSeed = (ulong)seed,
        InitialBuckets = seed % 2 == 0 ? 2 : 0,
        CompressFromBytes = seed % 3 == 0 ? 0 : 64,
        StaleTime = TimeSpan.FromSeconds(seed % 4),
    };

    private static void RequireExact(Shard shard, string when)
    {
        MemoryAccount account = shard.Statistics().Memory;
        Assert.True(account.Total == shard.Statistics().BudgetBytes, $"{account} at {when}");
        bool anyNegative = account.Items < 0 || account.Rounding < 0 || account.Loose < 0 || account.FreeChunks < 0
            || account.PageTails < 0 || account.Index < 0 || account.IndexFree < 0 || account.Expiry < 0
            || account.ExpiryFree < 0 || account.FreePages < 0 || account.Unused < 0;
        Assert.False(anyNegative, $"{account} at {when}");
        try
        {
            shard.Check();
        }
        catch (InvalidOperationException broken)
        {
            Assert.Fail($"{broken.Message} At {when}");
        }
    }
}
