using System.Net;
using FastCache.Client.Connections;
using FastCache.Client.Operations;
using FastCache.Protocol;

namespace FastCache.Client.Routing;

/// <summary>A request that no node has executed and no connection has.</summary>
/// <param name="Operation">It.</param>
/// <param name="Ticket">What claims it.</param>
/// <param name="Frame">Its frame.</param>
internal sealed record StrayRequest(Operation Operation, int Ticket, byte[] Frame)
{
    /// <summary>The slot of its key, or -1.</summary>
    public int Slot { get; } = Operation.Slot;

    /// <summary>When it times out.</summary>
    public long Deadline { get; } = Operation.Deadline;

    /// <summary>The node that said that the slot is not its own; null: nobody was asked.</summary>
    public NodeShards? From { get; init; }

    /// <summary>The epoch by which it said so.</summary>
    public uint Epoch { get; init; }

    /// <summary>When to go on with it, in <see cref="Environment.TickCount64"/>.</summary>
    public long Due { get; set; }
}

/// <summary>Sends requests again that were not executed, each to the node that has its slot by then.</summary>
/// <remarks>
/// What a node said of a request, and what follows:
/// <code>
///   a higher epoch than ours             the topology is learnt from that node; the request waits for it
///   ours or a lower one, and by ours
///     the slot is another node's         that node is asked, at once
///     the slot is this node's            a lower epoch: the node is late; the same: its topology has other content.
///                                        It is asked again after a pause
///   nothing: the request was not sent    the node that has the slot is asked, at once
/// </code>
/// Pauses grow from 1 to 256 ms. A request that was moved for the 16th time, about two seconds of pauses later, fails. Its
/// caller's cancellation and its time-out count all the while.
/// </remarks>
internal sealed class StrayRequests(Router router) : IDisposable
{
    private const int MostAttempts = 16;
    private const int LongestPauseMillis = 256;

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly HashSet<EndPoint> _begun = []; // Nodes of which a topology is asked since this pass.
    private List<StrayRequest> _arrived = [];
    private bool _isWorking;
    private bool _isClosed;

    /// <summary>Takes one over.</summary>
    public void Add(StrayRequest stray)
    {
        lock (_lock)
        {
            _arrived.Add(stray);
            if (!_isWorking)
            {
                _isWorking = true;
                _ = Task.Run(WorkAsync);
            }
        }

        Wake();
    }

    /// <summary>Goes on with those that waited for a topology.</summary>
    public void Wake()
    {
        if (_wake.CurrentCount == 0)
        {
            _wake.Release();
        }
    }

    /// <summary>Fails all, also those that come later.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _isClosed = true;
        }

        // The semaphore has no handle that would have to be freed, and what comes later still wakes somebody by it.

        Wake();
    }

    private static long Pause(int attempts) => Math.Min(1L << (attempts - 1), LongestPauseMillis);

    /// <summary>Ends a request, unless it has an end.</summary>
    /// <returns>True: nothing is to be done for it any more.</returns>
    private static bool End(StrayRequest stray, Exception failure)
    {
        if (stray.Operation.TryClaim(stray.Ticket))
        {
            stray.Operation.Fail(failure);
            ThreadPool.UnsafeQueueUserWorkItem(stray.Operation, preferLocal: false);
        }

        return true;
    }

    private async Task WorkAsync()
    {
        List<StrayRequest> waiting = [];
        while (true)
        {
            List<StrayRequest> arrived;
            bool isClosed;
            lock (_lock)
            {
                if (_arrived.Count == 0 && waiting.Count == 0)
                {
                    _isWorking = false;
                    return;
                }

                (arrived, _arrived, isClosed) = (_arrived, [], _isClosed);
            }

            if (isClosed)
            {
                waiting.AddRange(arrived);
                waiting.ForEach(stray => End(stray, new CacheConnectionException("The client was closed.", false)));
                waiting.Clear();
                continue;
            }

            long now = Environment.TickCount64;
            waiting.AddRange(arrived.Where(stray => !IsEndedOnArrival(stray, now)));
            _begun.Clear();
            waiting.RemoveAll(stray => IsDone(stray, now));
            if (waiting.Count > 0)
            {
                long next = waiting.Min(stray => Math.Min(stray.Due, stray.Deadline));
                await _wake.WaitAsync((int)Math.Clamp(next - now, 1, LongestPauseMillis)).ConfigureAwait(false);
            }
        }
    }

    private bool IsEndedOnArrival(StrayRequest stray, long now)
    {
        if (stray.From is not NodeShards from)
        {
            return false;
        }

        if (stray.Epoch > router.Routes.Epoch)
        {
            router.Learn(from.EndPoint);
        }

        return IsLastAttempt(stray, now);
    }

    /// <summary>Counts an attempt, and sets how long to wait until the next.</summary>
    /// <returns>Whether there were too many, which ends it.</returns>
    private bool IsLastAttempt(StrayRequest stray, long now)
    {
        // If its caller has given up this may count for the next request of the operation: one attempt less of many.
        int attempts = ++stray.Operation.Attempts;
        stray.Due = now + Pause(attempts);
        return attempts >= MostAttempts && End(stray, MovedTooOften(stray));
    }

    /// <summary>Goes on with a request, if it is time.</summary>
    /// <returns>Whether nothing is to be done for it any more.</returns>
    private bool IsDone(StrayRequest stray, long now)
    {
        if (!stray.Operation.IsPending(stray.Ticket))
        {
            return true;
        }

        if (stray.Deadline <= now)
        {
            return End(stray, new CacheTimeoutException($"No node has executed it in time: {Explain(stray)}", false));
        }

        Routes routes = router.Routes;
        if (stray.From is null)
        {
            return TrySend(stray, routes);
        }

        if (stray.Epoch <= routes.Epoch)
        {
            return (stray.Due <= now || routes.Primary(stray.Slot).Owner != stray.From) && TrySend(stray, routes);
        }

        // A pause that ends while the topology is still being read is no attempt; one that follows a failure is.
        EndPoint from = stray.From.EndPoint;
        return stray.Due <= now && (_begun.Contains(from) || (router.Learn(from) && _begun.Add(from))) && IsLastAttempt(stray, now);
    }

    private static bool TrySend(StrayRequest stray, Routes routes)
    {
        // The cursor of a scan is worth something to its own shard only.
        if (stray.Slot < 0 && (routes.Topology is not null || FrameHeader.OpcodeOf(stray.Frame) == Opcode.Scan))
        {
            return End(stray, new CacheConnectionException("The node has left the cluster, or has other shards now; it was not sent.", false));
        }

        ShardConnection connection = stray.Slot < 0 ? routes.Any : routes.Primary(stray.Slot);
        return connection.TryBeginAgain(stray.Operation, stray.Ticket, stray.Frame);
    }

    private CacheRequestException MovedTooOften(StrayRequest stray) =>
        new(Status.Moved, $"{Explain(stray)}, after {MostAttempts} attempts.");

    private string Explain(StrayRequest stray)
    {
        Routes routes = router.Routes;
        if (stray.From is not NodeShards from)
        {
            return "it waited for a connection";
        }

        string difference = stray.Epoch > routes.Epoch
            ? $"could not learn it: {router.LearningFailure?.Message ?? "it was not there in time"}"
            : stray.Epoch == routes.Epoch
                ? "has another topology of the same epoch: load one with a higher epoch everywhere"
                : "has a newer one";
        return $"node {from.Name} at {from.EndPoint} says by epoch {stray.Epoch} that slot {stray.Slot} is not its own; this client, "
            + $"at epoch {routes.Epoch}, {difference}";
    }
}
