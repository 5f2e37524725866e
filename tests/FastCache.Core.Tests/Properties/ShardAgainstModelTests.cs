using System.Runtime.InteropServices;

namespace FastCache.Core.Tests.Properties;

/// <summary>Random operations of every kind on a shard and on a plain dictionary, side by side.</summary>
public sealed unsafe class ShardAgainstModelTests
{
    private const long Start = 1_800_000_000_000;

    [Theory]
    [InlineData(0, 1500)]
    [InlineData(1500, 3000)]
    public void Behaves_like_a_dictionary_while_everything_fits(int firstSeed, int endSeed)
    {
        // Room for a page of every size class that the values below use.
        using Shard shard = new(new ShardOptions { MemoryBudgetBytes = 128L << 20, InitialBuckets = 2 });
        for (int seed = firstSeed; seed < endSeed; seed++)
        {
            // One shard serves all seeds, each with keys of its own: the index goes on growing from seed to seed.
            RunSeed(seed, shard, operations: 150, mayEvict: false);
        }

        shard.Check();
        Assert.Equal(0, shard.Statistics().Evictions);
    }

    [Fact]
    public void Never_returns_a_wrong_value_while_evicting()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            using Shard shard = new(new ShardOptions
            {
                MemoryBudgetBytes = ShardOptions.MinMemoryBudgetBytes,
                InitialBuckets = 2,
                HashSeed = (ulong)seed,
            });
            RunSeed(seed, shard, operations: 3_000, mayEvict: true);
            shard.Check();
            Assert.True(shard.Statistics().Evictions > 0, $"seed {seed} evicted nothing");
        }
    }

    [Fact]
    public void A_batch_behaves_like_its_operations_one_after_another()
    {
        for (int seed = 0; seed < 2_000; seed++)
        {
            using NativeKeys keys = new(32);
            Random random = new(seed);
            ShardOptions options = new()
            {
                MemoryBudgetBytes = ShardOptions.MinMemoryBudgetBytes,
                HashSeed = (ulong)seed,
                InitialBuckets = 2,
            };
            using Shard batched = new(options);
            using Shard single = new(options);
            for (int round = 0; round < 4; round++)
            {
                LookupKey[] prepared = new LookupKey[32];
                for (int i = 0; i < prepared.Length; i++)
                {
                    keys.Fill(i, $"k{random.Next(24)}");
                    prepared[i] = batched.Prepare(keys[i]);
                }

                for (int i = 0; i < prepared.Length; i++)
                {
                    batched.Probe(ref prepared[i]);
                    batched.ProbeOverflow(ref prepared[i]);
                }

                for (int i = 0; i < prepared.Length; i++)
                {
                    CompareOne(seed, random, batched, single, prepared[i], keys[i]);
                }

                batched.EndBatch();
            }

            batched.Check();
        }
    }

    private static void CompareOne(int seed, Random random, Shard batched, Shard single, LookupKey prepared, ReadOnlySpan<byte> key)
    {
        switch (random.Next(4))
        {
            case 0:
                byte[] value = RandomValue(random, random.Next(10) == 0 ? random.Next(300_000) : random.Next(64));
                WriteOutcome expected = single.Set(key, value, default, out ulong expectedVersion);
                Assert.True(expected == batched.Set(prepared, value, default, out ulong version), $"set, seed {seed}");
                Assert.True(expectedVersion == version, $"version, seed {seed}");
                break;
            case 1:
                Assert.True(single.Delete(key) == batched.Delete(prepared), $"delete, seed {seed}");
                break;
            default:
                bool found = single.TryGet(key, out ItemView expectedItem);
                Assert.True(found == batched.TryGet(prepared, out ItemView item), $"get, seed {seed}");
                Assert.True(CacheModel.BytesOf(expectedItem).AsSpan().SequenceEqual(CacheModel.BytesOf(item)), $"value, seed {seed}");
                break;
        }
    }

    private static void RunSeed(int seed, Shard shard, int operations, bool mayEvict)
    {
        Random random = new(seed);
        CacheModel model = new() { Now = Start + ((long)seed << 20) };
        shard.Advance(model.Now, model.Now);
        string prefix = mayEvict ? "" : $"{seed}:";
        for (int operation = 0; operation < operations; operation++)
        {
            Step(seed, random, shard, model, prefix, mayEvict);
        }

        foreach (string key in model.Keys)
        {
            CompareGet(seed, shard, model, key, mayEvict);
            shard.Delete(CacheModel.Bytes(key));
        }
    }

    private static void Step(int seed, Random random, Shard shard, CacheModel model, string prefix, bool mayEvict)
    {
        string key = prefix + random.Next(mayEvict ? 400 : 40).ToString(System.Globalization.CultureInfo.InvariantCulture);
        key = random.Next(4) == 0 ? key.PadRight(random.Next(key.Length, 251), '#') : key;
        byte[] bytes = CacheModel.Bytes(key);
        CacheModel.Entry? known = model.Find(key);
        switch (random.Next(10))
        {
            case 0 or 1 or 2:
                Set(seed, random, shard, model, key, mayEvict);
                break;
            case 3:
                ulong? version = random.Next(2) == 0 ? null : (known?.Version ?? 1) + (ulong)random.Next(2);
                WriteOutcome deleted = shard.Delete(bytes, version);
                WriteOutcome expected = known is null ? WriteOutcome.NotFound
                    : version is not null && version != known.Version ? WriteOutcome.VersionMismatch : WriteOutcome.Done;
                Assert.True(deleted == expected || (mayEvict && deleted == WriteOutcome.NotFound), $"delete {deleted}, seed {seed}");
                if (deleted != WriteOutcome.VersionMismatch)
                {
                    model.Remove(key);
                }

                break;
            case 4:
                ulong timeToLive = (ulong)random.Next(50);
                bool touched = shard.Touch(bytes, timeToLive);
                Assert.True(touched == known is not null || (mayEvict && !touched), $"touch, seed {seed}");
                if (touched)
                {
                    model.Touch(key, timeToLive);
                }
                else
                {
                    model.Remove(key);
                }

                break;
            case 5:
                model.Now += random.Next(20);
                shard.Advance(model.Now, model.Now);
                break;
            default:
                CompareGet(seed, shard, model, key, mayEvict);
                break;
        }
    }

    private static void Set(int seed, Random random, Shard shard, CacheModel model, string key, bool mayEvict)
    {
        CacheModel.Entry? known = model.Find(key);
        byte[] value = RandomValue(random, mayEvict ? random.Next(200_000) : random.Next(random.Next(6) == 0 ? 3_000 : 80));
        SetOptions options = new(
            (SetCondition)random.Next(4),
            (known?.Version ?? 1) + (ulong)random.Next(2),
            random.Next(3) == 0 ? (ulong)random.Next(1, 60) : 0);
        WriteOutcome outcome = shard.Set(CacheModel.Bytes(key), value, options, out ulong version);
        WriteOutcome expected = model.Expected(key, options);
        if (mayEvict && outcome != expected)
        {
            // The item may have been evicted since; then the shard must answer as if the key were absent.
            model.Remove(key);
            expected = model.Expected(key, options);
        }

        Assert.True(outcome == expected, $"set {outcome} instead of {expected}, seed {seed}");
        Assert.True((version != 0) == (outcome == WriteOutcome.Done), $"version {version} with {outcome}, seed {seed}");
        if (outcome == WriteOutcome.Done)
        {
            Assert.True(known is null || version > known.Version, $"version went back, seed {seed}");
            model.Set(key, value, version, options.TimeToLiveMillis);
        }
    }

    /// <summary>Random where a mix-up would show (both ends), one random byte between: large values cost little.</summary>
    private static byte[] RandomValue(Random random, int length)
    {
        byte[] value = new byte[length];
        value.AsSpan().Fill((byte)random.Next(256));
        random.NextBytes(value.AsSpan(0, Math.Min(16, length)));
        random.NextBytes(value.AsSpan(Math.Max(0, length - 16)));
        return value;
    }

    private static void CompareGet(int seed, Shard shard, CacheModel model, string key, bool mayEvict)
    {
        CacheModel.Entry? known = model.Find(key);
        bool found = shard.TryGet(CacheModel.Bytes(key), out ItemView item);
        Assert.True(found == known is not null || (mayEvict && !found), $"get '{key}' found {found}, seed {seed}");
        if (found)
        {
            Assert.True(CacheModel.BytesOf(item).AsSpan().SequenceEqual(known!.Value), $"wrong value of '{key}', seed {seed}");
            Assert.True(item.Version == known.Version, $"wrong version of '{key}', seed {seed}");
        }
    }

    /// <summary>Key bytes in native memory, as a batch wants them.</summary>
    private sealed class NativeKeys(int count) : IDisposable
    {
        private readonly byte* _memory = (byte*)NativeMemory.AllocZeroed((nuint)count, 256);
        private readonly int[] _lengths = new int[count];

        public ReadOnlySpan<byte> this[int i] => new(_memory + (i * 256), _lengths[i]);

        public void Fill(int i, string key)
        {
            CacheModel.Bytes(key).CopyTo(new Span<byte>(_memory + (i * 256), 256));
            _lengths[i] = key.Length;
        }

        public void Dispose() => NativeMemory.Free(_memory);
    }
}
