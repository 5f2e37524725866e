using System.Diagnostics;
using FastCache.Client.Connections;
using FastCache.Client.Operations;
using FastCache.Client.Routing;

namespace FastCache.Client.Replicas;

/// <summary>Sees, a few times a second, to reads that wait too long at one node, and asks nodes that nobody reads from how long
/// they take by now.</summary>
/// <param name="router">Who has the connections.</param>
/// <param name="traffic">Asks the other nodes.</param>
/// <param name="lateness">After what latency a second node is asked; null: never for that.</param>
internal sealed class CopyWatch(Router router, CopyTraffic traffic, LatencyQuantile? lateness)
{
    /// <summary>A connection of which nothing was measured for so long is asked.</summary>
    public const int ProbeMillis = 50;

    /// <summary>One hedge for so many requests, and no more.</summary>
    public const int RequestsPerHedge = 10;

    private const int MostSavedHedges = 100;
    private static readonly TimeSpan HedgePeriod = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan ProbePeriod = TimeSpan.FromMilliseconds(ProbeMillis / 2);
    private static readonly long ProbeTicks = Stopwatch.Frequency / 1000 * ProbeMillis;

    private readonly int _silenceMillis = router.Options.SilenceMillis;
    private readonly List<LateRead> _late = [];
    private long _hedges;
    private long _requestsSeen;
    private double _allowed;

    /// <summary>Reads for which a second node was asked.</summary>
    public long Hedges => Volatile.Read(ref _hedges);

    /// <summary>Goes on until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken closing)
    {
        using PeriodicTimer timer = new(lateness is null ? ProbePeriod : HedgePeriod);
        try
        {
            while (await timer.WaitForNextTickAsync(closing).ConfigureAwait(false))
            {
                if (router.Routes.Copies is SlotCopies copies)
                {
                    Step(copies);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The client is closed.
        }
    }

    private void Step(SlotCopies copies)
    {
        long now = Stopwatch.GetTimestamp();
        long nowMillis = Environment.TickCount64;
        long requests = 0;
        long hedgeMillis = lateness is null
            ? _silenceMillis
            : Math.Clamp((lateness.Ticks * 1000 / Stopwatch.Frequency) + 1, 1, _silenceMillis);
        foreach (NodeShards node in copies.Nodes)
        {
            foreach (ShardConnection connection in node.Connections)
            {
                requests += connection.Requests;
                connection.AddLate(nowMillis - hedgeMillis, _late);
                if (!connection.Gauge.IsSampling && now - connection.Gauge.LastAnswer >= ProbeTicks)
                {
                    connection.TryPost(default(PingRequest));
                }
            }
        }

        // After a change of the topology the sum may be lower.
        _allowed = Math.Min(MostSavedHedges, _allowed + (Math.Max(0, requests - _requestsSeen) / (double)RequestsPerHedge));
        _requestsSeen = requests;
        foreach (LateRead read in _late)
        {
            AskAnother(read, nowMillis);
        }

        _late.Clear();
    }

    private void AskAnother(in LateRead read, long nowMillis)
    {
        bool isRescue = nowMillis - read.SentMillis >= _silenceMillis;
        if (!isRescue && (lateness is null || _allowed < 1))
        {
            return;
        }

        // A primary that is not there would end the read, which the replica may still answer.
        bool isAsked = read.Purpose == Purpose.Copy
            ? traffic.IsPrimaryUp(read.Operation.Slot) && traffic.TryAskPrimary(read.Operation, read.Ticket)
            : read.Connection.TryHedge(read) && traffic.TryAskReplica(read.Operation, read.Ticket);
        if (isAsked)
        {
            _allowed -= isRescue ? 0 : 1;
            Interlocked.Increment(ref _hedges);
        }
    }
}

/// <summary>A read that waits for long.</summary>
/// <param name="Connection">Where.</param>
/// <param name="Id">Its id there.</param>
/// <param name="Operation">It.</param>
/// <param name="Ticket">What claims it.</param>
/// <param name="Purpose">Copy at a replica, Read at the primary.</param>
/// <param name="SentMillis">When its call began, in <see cref="Environment.TickCount64"/>.</param>
internal readonly record struct LateRead(
    ShardConnection Connection, int Id, Operation Operation, int Ticket, Purpose Purpose, long SentMillis);
