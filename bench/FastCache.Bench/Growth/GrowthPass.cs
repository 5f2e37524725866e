using System.Diagnostics;
using System.Runtime.InteropServices;
using FastCache.Bench.Micro.Operations;
using FastCache.Core;
using HdrHistogram;

namespace FastCache.Bench.Growth;

/// <summary>A set that took long.</summary>
/// <param name="Number">Which one, counting from 0.</param>
/// <param name="Nanos">How long, in nanoseconds.</param>
internal readonly record struct SlowSet(int Number, long Nanos);

/// <summary>What a set added to the table.</summary>
internal sealed record GrowthStep(long SlabBytes, long IndexBytes, long Buckets, long OverflowBuckets)
{
    public static GrowthStep Between(ShardStatistics before, ShardStatistics after) => new(
        after.SlabBytes - before.SlabBytes,
        after.IndexBytes - before.IndexBytes,
        after.Buckets - before.Buckets,
        after.OverflowBuckets - before.OverflowBuckets);

    public override string ToString()
    {
        string[] parts =
        [
            .. IndexBytes > 0 ? [$"{IndexBytes >> 20} MiB of index"] : Array.Empty<string>(),
            .. SlabBytes > 0 ? [$"{SlabBytes >> 20} MiB of slab"] : Array.Empty<string>(),
            .. Buckets > 0 ? [$"{Buckets} split"] : Array.Empty<string>(),
            .. OverflowBuckets > 0 ? [$"{OverflowBuckets} overflow bucket"] : Array.Empty<string>(),
        ];
        return parts.Length == 0 ? "no growth" : string.Join(", ", parts);
    }
}

/// <summary>Stores the same keys in the same order, and times every single set.</summary>
internal sealed class GrowthPass(string name)
{
    /// <summary>Sets from this long on are remembered one by one: far above a cache miss, far below the bar.</summary>
    public const long SlowNanos = 10_000;

    /// <summary>Bound on what is remembered; a machine that stalls more often than this tells nothing.</summary>
    private const int MostSlowSets = 1 << 20;

    private const int ValueBytes = 16;
    private const long MostNanos = 60_000_000_000;

    private static readonly double NanosPerTick = 1e9 / Stopwatch.Frequency;
    private readonly List<SlowSet> _slow = new(MostSlowSets);

    /// <summary>Which pass.</summary>
    public string Name => name;

    /// <summary>Nanoseconds of every set.</summary>
    public LongHistogram Latencies { get; } = new(1, MostNanos, 2);

    /// <summary>In the order of their numbers.</summary>
    public IReadOnlyList<SlowSet> Slow => _slow;

    /// <summary>What the watched sets did.</summary>
    public Dictionary<int, GrowthStep> Steps { get; } = [];

    /// <summary>Runs the pass.</summary>
    /// <param name="shard">Empty for growth, or with these very keys for the control.</param>
    /// <param name="items">How many sets.</param>
    /// <param name="watched">Ascending numbers of sets whose growth is looked at, off the clock.</param>
    /// <exception cref="InvalidOperationException">The shard refused a set.</exception>
    public void Run(Shard shard, int items, ReadOnlySpan<int> watched)
    {
        Span<byte> value = stackalloc byte[ValueBytes];
        for (int i = 0; i < items; i++)
        {
            bool isWatched = watched.Length > 0 && watched[0] == i;
            ShardStatistics before = isWatched ? shard.Statistics() : default;
            UInt128 key = Key.Of((ulong)i);
            ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<UInt128>(in key));
            long start = Stopwatch.GetTimestamp();
            WriteOutcome outcome = shard.Set(bytes, value, default, out _);
            long nanos = (long)((Stopwatch.GetTimestamp() - start) * NanosPerTick);
            if (outcome != WriteOutcome.Done)
            {
                throw new InvalidOperationException($"The shard refused item {i}.");
            }

            Latencies.RecordValue(Math.Clamp(nanos, 1, MostNanos));
            if (nanos >= SlowNanos && _slow.Count < MostSlowSets)
            {
                _slow.Add(new SlowSet(i, nanos));
            }

            if (isWatched)
            {
                Steps[i] = GrowthStep.Between(before, shard.Statistics());
                watched = watched[1..];
            }
        }
    }

    /// <summary>How many sets took longer.</summary>
    public int CountOver(long nanos) => _slow.Count(set => set.Nanos > nanos);
}
