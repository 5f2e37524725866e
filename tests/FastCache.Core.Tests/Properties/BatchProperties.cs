namespace FastCache.Core.Tests.Properties;

/// <summary>Operations with keys that were probed ahead, against the same ones one after another.</summary>
public sealed class BatchProperties
{
    private const int BatchKeys = 32;
    private const int SeedsPerShard = 20;
    private const long Start = 1_800_000_000_000;

    [Fact]
    public void A_batch_behaves_like_its_operations_one_after_another()
    {
        for (int first = 0; first < 1_200; first += SeedsPerShard)
        {
            ShardOptions options = new()
            {
                MemoryBudgetBytes = ShardOptions.MinMemoryBudgetBytes,
                HashSeed = (ulong)first,
                InitialBuckets = 2,
                StaleTime = TimeSpan.FromMilliseconds(first % 3 * 500),
            };
            using Shard batched = new(options);
            using Shard single = new(options);
            long millis = Start;
            for (int seed = first; seed < first + SeedsPerShard; seed++)
            {
                Random random = new(seed);
                for (int round = 0; round < 4; round++)
                {
                    millis += random.Next(100);
                    batched.Advance(millis, millis);
                    single.Advance(millis, millis);
                    RunBatch(seed, random, batched, single);
                    Assert.True(batched.Maintain() == single.Maintain(), $"maintain, seed {seed}");
                }

                batched.Check();
            }
        }
    }

    private static void RunBatch(int seed, Random random, Shard batched, Shard single)
    {
        using NativeKeys keys = new(BatchKeys);
        LookupKey[] prepared = new LookupKey[BatchKeys];
        for (int i = 0; i < prepared.Length; i++)
        {
            keys.Fill(i, CacheModel.Bytes($"k{random.Next(24)}"));
            prepared[i] = batched.Prepare(keys[i]);
        }

        for (int i = 0; i < prepared.Length; i++)
        {
            batched.Probe(ref prepared[i]);
        }

        for (int i = 0; i < prepared.Length; i++)
        {
            batched.ProbeOverflow(ref prepared[i]);
        }

        for (int i = 0; i < prepared.Length; i++)
        {
            CompareOne(seed, random, batched, single, prepared[i], keys[i]);
        }

        batched.EndBatch();
    }

    private static void CompareOne(
        int seed, Random random, Shard batched, Shard single, LookupKey prepared, ReadOnlySpan<byte> key)
    {
        ulong version = 0;
        ulong singleVersion = 0;
        switch (random.Next(12))
        {
            case < 4:
                byte[] value = random.Next(6) == 0 ? RandomValues.Number(random)
                    : RandomValues.Noise(random, RandomValues.Length(random, 300_000));
                SetOptions options = new((SetCondition)random.Next(3), 0, (ulong)random.Next(200))
                {
                    KeepStale = random.Next(2) == 0,
                };
                WriteOutcome set = single.Set(key, value, options, out singleVersion);
                Assert.True(set == batched.Set(prepared, value, options, out version), $"set, seed {seed}");
                break;
            case 4:
                Assert.True(single.Delete(key) == batched.Delete(prepared), $"delete, seed {seed}");
                break;
            case 5:
                ulong timeToLive = (ulong)random.Next(200);
                Assert.True(single.Touch(key, timeToLive) == batched.Touch(prepared, timeToLive), $"touch, seed {seed}");
                break;
            case 6:
                CounterChange change = new(CounterKind.Checked, 3, Initial: 7);
                WriteOutcome singleCounted = single.Edits.Count(key, change, out ulong singleResult, out singleVersion);
                WriteOutcome counted = batched.Edits.Count(prepared, change, out ulong result, out version);
                Assert.True((counted, result) == (singleCounted, singleResult), $"count, seed {seed}");
                break;
            case 7:
                byte[] piece = RandomValues.Noise(random, random.Next(40_000));
                WriteOutcome appended = single.Edits.Append(key, piece, false, out singleVersion);
                Assert.True(appended == batched.Edits.Append(prepared, piece, false, out version), $"append, seed {seed}");
                break;
            case 8:
                LeaseAnswer answer = single.Leases.Get(key, 50, out ItemView singleItem, out singleVersion);
                LeaseAnswer batchedAnswer = batched.Leases.Get(prepared, 50, out ItemView item, out version);
                Assert.True(answer == batchedAnswer, $"leased get, seed {seed}");
                Assert.True(answer >= LeaseAnswer.Fill || Same(singleItem, item), $"leased value, seed {seed}");
                break;
            case 9:
                Assert.True(single.Leases.Invalidate(key) == batched.Leases.Invalidate(prepared), $"invalidate, seed {seed}");
                break;
            default:
                bool found = single.TryGet(key, out ItemView singleFound);
                Assert.True(found == batched.TryGet(prepared, out ItemView batchedFound), $"get, seed {seed}");
                Assert.True(!found || Same(singleFound, batchedFound), $"value, seed {seed}");
                break;
        }

        Assert.True(version == singleVersion, $"version, seed {seed}");
    }

    private static bool Same(in ItemView a, in ItemView b) =>
        a.Version == b.Version && CacheModel.BytesOf(a).AsSpan().SequenceEqual(CacheModel.BytesOf(b));
}
