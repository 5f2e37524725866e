namespace FastCache.Core.Tests.Examples;

/// <summary>Nothing that a shard does allocates managed memory.</summary>
public sealed class AllocationTests
{
    private const long Now = 1_800_000_000_000;
    private const int Keys = 5_000;
    private const int Calls = 3_000;

    private static readonly Dictionary<string, Action<Bench>> Operations = new()
    {
        ["set"] = b => b.Shard.Set(b.Key(), b.Noise.AsSpan(0, 100), default, out _),
        ["set, sliding, stale"] = b => b.Shard.Set(
            b.Key(), b.Noise.AsSpan(0, 100), new SetOptions(TimeToLiveMillis: 500) { Sliding = true, KeepStale = true }, out _),
        ["set if newer"] = b => b.Shard.Set(
            b.Key(), default, new SetOptions(SetCondition.IfNewer, ((ulong)Now << 16) + (ulong)b.Calls), out _),
        ["set of several chunks"] = b => b.Shard.Set(b.Key(), b.Noise.AsSpan(0, 200_000), default, out _),
        ["set, compressed"] = b => b.Shard.Set(b.Key(), b.Text.AsSpan(0, 2_000), default, out _),
        ["set, compressed, long"] = b => b.Shard.Set(b.Key(), b.Text.AsSpan(0, 200_000), default, out _),
        ["get"] = b => b.Shard.TryGet(b.Key(), out _),
        ["get and copy"] = b =>
        {
            if (b.Shard.TryGet(b.Key(), out ItemView item))
            {
                item.CopyTo(b.Copy);
                item.CopyTo(item.Length / 2, b.Copy.AsSpan(0, 10));
            }
        },
        ["touch"] = b => b.Shard.Touch(b.Key(), (ulong)(b.Calls % 1_000)),
        ["delete"] = b => b.Shard.Delete(b.Key()),
        ["count"] = b => b.Shard.Edits.Count(b.Key(), new CounterChange(CounterKind.Checked, 3, true, Initial: 1), out _, out _),
        ["append"] = b => b.Shard.Edits.Append(b.Key(), b.Noise.AsSpan(0, 50), b.Calls % 2 == 0, out _),
        ["leased get"] = b => b.Shard.Leases.Get(b.Key(), 100, out _, out _),
        ["fill or release"] = b =>
        {
            b.Shard.Leases.Get(b.Key(), 100, out _, out ulong token);
            if (token != 0 && b.Calls % 2 == 0)
            {
                b.Shard.Leases.Release(b.SameKey, token);
            }
            else
            {
                b.Shard.Set(b.SameKey, default, new SetOptions(TimeToLiveMillis: 300) { LeaseToken = token }, out _);
            }
        },
        ["invalidate"] = b => b.Shard.Leases.Invalidate(b.Key()),
        ["write in pieces"] = b =>
        {
            if (b.Shard.Streams.Begin(b.Key(), 150_000, default, out ValueWriter writer) == WriteOutcome.Done
                && b.Shard.Streams.Append(writer, b.Noise.AsSpan(0, 100_000)) == WriteOutcome.Done)
            {
                b.Shard.Streams.Append(writer, b.Noise.AsSpan(0, 50_000));
                b.Shard.Streams.Commit(writer, default, out _);
            }
        },
        ["write and abort"] = b =>
        {
            if (b.Shard.Streams.Begin(b.Key(), 150_000, default, out ValueWriter writer) == WriteOutcome.Done)
            {
                b.Shard.Streams.Append(writer, b.Noise.AsSpan(0, 100_000));
                b.Shard.Streams.Abort(writer);
            }
        },
        ["read in pieces"] = b =>
        {
            b.Shard.Set(b.Key(), b.Noise.AsSpan(0, 100_000), default, out _);
            if (b.Shard.Streams.Open(b.SameKey, out ValueReader reader, out _, out _) == WriteOutcome.Done)
            {
                b.Shard.Streams.Read(reader, 60_000, b.Copy);
                _ = b.Shard.Streams.Peek(reader, 10);
                b.Shard.Streams.Close(reader);
            }
        },
        ["advance and maintain"] = b =>
        {
            _ = b.Key();
            b.Shard.Advance(Now + (b.Calls * 10), Now + b.Calls);
            b.Shard.Maintain();
        },
    };

    public static TheoryData<string> Names => [.. Operations.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void An_operation_allocates_nothing(string name)
    {
        using Shard shard = Create();
        Bench bench = new(shard);
        for (int i = 0; i < 20_000; i++)
        {
            // Full of values of all kinds, so that every write evicts.
            Operations[i % 50 == 0 ? "set of several chunks" : i % 4 == 0 ? "set, compressed" : "set, sliding, stale"](bench);
        }

        Action<Bench> operation = Operations[name];
        Run(bench, operation);
        AllocationProbe probe = new();
        while (probe.Next())
        {
            Run(bench, operation);
        }

        Assert.Equal(0, probe.LeastBytes);
    }

    [Fact]
    public void A_mixed_load_that_evicts_moves_pages_and_expires_allocates_nothing()
    {
        using Shard shard = Create();
        RandomLoad load = new(shard, seed: 1, keys: 50_000, maxValueBytes: 300_000);
        Run(load);
        ShardStatistics before = shard.Statistics();
        AllocationProbe probe = new();
        while (probe.Next())
        {
            Run(load);
        }

        ShardStatistics after = shard.Statistics();
        Assert.Equal(0, probe.LeastBytes);
        Assert.True(after.Evictions > before.Evictions && after.PageMoves > before.PageMoves);
        Assert.True(after.Expirations > before.Expirations);
    }

    private static void Run(Bench bench, Action<Bench> operation)
    {
        for (int i = 0; i < Calls; i++)
        {
            operation(bench);
        }
    }

    private static void Run(RandomLoad load)
    {
        for (int i = 0; i < 100_000; i++)
        {
            load.Step();
        }
    }

    private static Shard Create()
    {
        Shard shard = new(new ShardOptions
        {
            MemoryBudgetBytes = 16L << 20,
            HashSeed = 1,
            CompressFromBytes = 256,
            StaleTime = TimeSpan.FromSeconds(1),
        });
        shard.Advance(Now, Now);
        return shard;
    }

    /// <summary>A shard and the bytes that operations on it need, made once.</summary>
    private sealed class Bench(Shard shard)
    {
        private readonly Random _random = new(1);
        private readonly byte[] _key = new byte[20];

        public Shard Shard => shard;

        public int Calls { get; private set; }

        public byte[] Noise { get; } = RandomBytes();

        public byte[] Text { get; } = [.. Enumerable.Range(0, 200_000).Select(i => (byte)(i / 100))];

        public byte[] Copy { get; } = new byte[300_000];

        public ReadOnlySpan<byte> SameKey => _key;

        public ReadOnlySpan<byte> Key()
        {
            Calls++;
            BitConverter.TryWriteBytes(_key, _random.Next(Keys));
            return _key;
        }

        private static byte[] RandomBytes()
        {
            byte[] bytes = new byte[200_000];
            new Random(1).NextBytes(bytes);
            return bytes;
        }
    }
}
