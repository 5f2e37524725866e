using System.Diagnostics;
using FastCache.Bench.Load;
using FastCache.Bench.Machine;
using FastCache.Core;
using FastCache.Core.Items;

namespace FastCache.Bench.Ttl;

/// <summary>One second of the shard's clock.</summary>
/// <param name="Number">Which, from 1.</param>
/// <param name="Items">Items at its end.</param>
/// <param name="Bytes">Bytes of those items.</param>
/// <param name="OverdueItems">Items among them that expired over two seconds ago.</param>
/// <param name="OverdueBytes">Bytes of those.</param>
/// <param name="Expired">Items that were removed because their time was over.</param>
/// <param name="Operations">Operations of the background load.</param>
/// <param name="Passes">Times that the loop went round.</param>
/// <param name="CpuShare">Processor time of Maintain, as a share of the second.</param>
/// <param name="WallShare">Time of Maintain by the wall clock, as a share of the second.</param>
/// <param name="LongestCpuMicros">The longest call of Maintain by processor time.</param>
internal sealed record TtlSecond(
    int Number,
    long Items,
    long Bytes,
    long OverdueItems,
    long OverdueBytes,
    long Expired,
    long Operations,
    long Passes,
    double CpuShare,
    double WallShare,
    double LongestCpuMicros)
{
    public double OverdueShare => Bytes == 0 ? 0 : (double)OverdueBytes / Bytes;
}

/// <summary>Runs a shard with a background load as the node's loop does: serve what has come, maintain, wait if there is nothing to do.</summary>
internal sealed class TtlRun(Shard shard, TtlLoad load, TtlOptions options)
{
    private const int OverdueMillis = 2_000;
    private const int MillisPerSecond = 1_000;

    /// <summary>Operations that one pass serves at most, like the events of a pass of the node.</summary>
    private const long MostPerPass = 1_024;

    /// <summary>Seconds after the last item has expired.</summary>
    private const int Afterwards = 5;

    private readonly LatencyLog _maintenance = new();

    /// <summary>Stands still while the shard is looked at, so that a look takes no time of the shard's.</summary>
    private readonly Stopwatch _clock = new();

    private long _operations;
    private long _passes;
    private long _operationsBefore;
    private long _expiredBefore;

    /// <summary>Runs until all items of the start have expired.</summary>
    /// <param name="look">Told of every second.</param>
    public void Run(Action<TtlSecond> look)
    {
        int seconds = (int)Math.Ceiling(options.Horizon.TotalSeconds) + Afterwards;
        _clock.Start();
        for (int second = 1; second <= seconds;)
        {
            long now = (long)(_clock.Elapsed.TotalMilliseconds * options.Speed);
            shard.Advance(now, now);
            if (now >= (long)second * MillisPerSecond)
            {
                _clock.Stop();
                look(Look(second));
                second++;
                _clock.Start();
                continue;
            }

            long due = Math.Min(MostPerPass, (now * options.Rate / MillisPerSecond) - _operations);
            for (long i = 0; i < due; i++)
            {
                load.RunOne();
            }

            _operations += Math.Max(0, due);
            _passes++;
            LatencyLog.Start start = LatencyLog.Begin();
            bool hasMore = shard.Maintain();
            _maintenance.End(start);
            if (!hasMore && due <= 0)
            {
                Thread.Sleep(1);
            }
        }
    }

    private TtlSecond Look(int second)
    {
        ShardStatistics statistics = shard.Statistics();
        Overdue overdue = new(shard.Now);
        ItemWalk.Run(shard, ref overdue);
        const double NanosPerSecond = 1e9;
        TtlSecond looked = new(
            second,
            statistics.Items,
            statistics.Memory.Items,
            overdue.Items,
            overdue.Bytes,
            statistics.Expirations - _expiredBefore,
            _operations - _operationsBefore,
            _passes,
            _maintenance.SumCpuNanos / NanosPerSecond,
            _maintenance.SumWallNanos / NanosPerSecond,
            _maintenance.MaxCpuNanos / 1e3);
        _maintenance.Reset();
        (_operationsBefore, _expiredBefore, _passes) = (_operations, statistics.Expirations, 0);
        return looked;
    }

    private unsafe struct Overdue(ulong now) : IItemVisitor
    {
        public long Items;
        public long Bytes;

        public void Visit(Item* item, int chunkBytes)
        {
            if (Item.IsExpired(item->Packed, now - Math.Min(now, OverdueMillis)))
            {
                Items++;
                Bytes += item->StoredBytes;
            }
        }
    }
}
