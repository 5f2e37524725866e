using FastCache.Bench.Load;
using FastCache.Bench.Machine;
using FastCache.Core;
using FastCache.Core.Items;

namespace FastCache.Bench.Shift;

/// <summary>How things stood at one moment of a phase.</summary>
/// <param name="Capacities">What the phase has written until then, in times the budget.</param>
/// <param name="HeldBytes">Chunks of its items, by size.</param>
/// <param name="HitRatio">Of the reads since the last moment.</param>
/// <param name="PageMoves">Since the phase began.</param>
/// <param name="ItemsMoved">Since the phase began.</param>
/// <param name="WorstSetNanos">Longest set since the last moment, by processor time.</param>
internal sealed record ShiftSample(
    double Capacities, long[] HeldBytes, double HitRatio, long PageMoves, long ItemsMoved, long WorstSetNanos);

/// <summary>Puts one load on a shard, and looks now and then at what it has got.</summary>
internal sealed class ShiftPhase(Shard shard, SizedLoad load, int capacities)
{
    /// <summary>Operations between two calls of <see cref="Shard.Maintain"/>, like a batch of the node.</summary>
    private const int BatchOperations = 32;

    private const int BatchesPerMilli = 10;

    /// <summary>Looks of one capacity: fine enough to say when a share was reached.</summary>
    private const int LooksPerCapacity = 10;

    private readonly byte[] _key = new byte[NumberedKey.Bytes];
    private readonly byte[] _value = new byte[load.ValueBytes.Max()];
    private readonly int[] _chunkBytes = [.. load.ValueBytes.Select(SizedLoad.ChunkBytesOf)];
    private long _writtenBytes;
    private long _reads;
    private long _hits;
    private long _millis;
    private long _worstNanos;

    /// <summary>The load.</summary>
    public SizedLoad Load => load;

    /// <summary>All moments, the last one at the end of the phase.</summary>
    public List<ShiftSample> Samples { get; } = [];

    /// <summary>All sets.</summary>
    public LatencyLog Sets { get; } = new();

    /// <summary>All calls of <see cref="Shard.Maintain"/>.</summary>
    public LatencyLog Maintenance { get; } = new();

    /// <summary>What the phase held at its end, by size.</summary>
    public long[] Final => Samples[^1].HeldBytes;

    /// <summary>Runs the phase.</summary>
    /// <param name="look">Told of every moment.</param>
    public void Run(Action<ShiftSample> look)
    {
        long budget = shard.Statistics().BudgetBytes;
        ShardStatistics before = shard.Statistics();
        long looks = 0;
        while (_writtenBytes < capacities * budget)
        {
            for (int i = 0; i < BatchesPerMilli; i++)
            {
                RunBatch();
            }

            _millis++;
            shard.Advance(_millis, _millis);
            if (_writtenBytes * LooksPerCapacity < (looks + 1) * budget)
            {
                continue;
            }

            looks = _writtenBytes * LooksPerCapacity / budget;
            Look((double)_writtenBytes / budget, before);
            look(Samples[^1]);
        }
    }

    /// <summary>Times the budget that were written when the load first had a share of what it is to get; null: never.</summary>
    /// <param name="share">Such as 0.9.</param>
    /// <param name="goal">Bytes, by size.</param>
    /// <param name="size">Of which size; null: of all together.</param>
    public double? ReachedAt(double share, long[] goal, int? size = null) =>
        Samples.Find(sample => ShareOf(sample, goal, size) >= share)?.Capacities;

    /// <summary>What a load had at a moment as a share of a goal.</summary>
    public static double ShareOf(ShiftSample sample, long[] goal, int? size = null) => size is int one
        ? (double)sample.HeldBytes[one] / goal[one]
        : (double)sample.HeldBytes.Sum() / goal.Sum();

    private void RunBatch()
    {
        for (int i = 0; i < BatchOperations; i++)
        {
            if (load.Next(_key, out int size))
            {
                _reads++;
                if (shard.TryGet(_key, out _))
                {
                    _hits++;
                    continue;
                }
            }

            Set(size);
        }

        LatencyLog.Start start = LatencyLog.Begin();
        shard.Maintain();
        Maintenance.End(start);
    }

    private void Set(int size)
    {
        ReadOnlySpan<byte> value = _value.AsSpan(0, load.ValueBytes[size]);
        LatencyLog.Start start = LatencyLog.Begin();
        WriteOutcome outcome = shard.Set(_key, value, default, out _);
        _worstNanos = Math.Max(_worstNanos, Sets.End(start));
        _writtenBytes += _chunkBytes[size];
        if (outcome != WriteOutcome.Done)
        {
            throw new InvalidOperationException($"The shard answered a set of {value.Length} bytes with {outcome}.");
        }
    }

    private void Look(double written, in ShardStatistics before)
    {
        ShardStatistics now = shard.Statistics();
        HeldByLoad held = new(load.Mark, load.ValueBytes.Length);
        ItemWalk.Run(shard, ref held);
        Samples.Add(new ShiftSample(
            written,
            held.Bytes,
            _reads == 0 ? 0 : (double)_hits / _reads,
            now.PageMoves - before.PageMoves,
            now.ItemsMoved - before.ItemsMoved,
            _worstNanos));
        (_reads, _hits, _worstNanos) = (0, 0, 0);
    }

    private readonly unsafe struct HeldByLoad(byte mark, int sizes) : IItemVisitor
    {
        public readonly long[] Bytes = new long[sizes];

        public void Visit(Item* item, int chunkBytes)
        {
            byte* key = Item.Key(item);
            if (NumberedKey.LoadOf(key) == mark)
            {
                Bytes[NumberedKey.PartOf(key)] += chunkBytes;
            }
        }
    }
}
