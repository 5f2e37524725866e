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

    /// <summary>What that node said.</summary>
    public MovedAnswer AnswerOf(NodeShards from) => new(from.Name, from.EndPoint, Epoch, Slot);

    /// <summary>When to go on with it, in <see cref="Environment.TickCount64"/>.</summary>
    public long Due { get; set; }
}

/// <summary>Sends requests again that were not executed, each to the node that has its slot by then.</summary>
/// <remarks>
/// A request that was moved goes on as <see cref="MovedAnswer"/> says; one that nobody was asked for goes to the node that has
/// the slot, at once. While its node's topology is being learnt a request waits for it. Its caller's cancellation and its
/// time-out count all the while.
/// </remarks>
internal sealed class StrayRequests(Router router) : IDisposable
{
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
                await _wake.WaitAsync((int)Math.Clamp(next - now, 1, MovedAnswer.LongestPauseMillis)).ConfigureAwait(false);
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
        stray.Due = now + MovedAnswer.PauseMillis(attempts);
        if (attempts < MovedAnswer.MostAttempts)
        {
            return false;
        }

        CacheRequestException failure = stray.AnswerOf(stray.From!).TooOften(router.Routes.Epoch, router.LearningFailure);
        router.Telemetry.Log.MovedTooOften(failure);
        return End(stray, failure);
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
            return End(stray, stray.From is NodeShards last
                ? stray.AnswerOf(last).TooLate(router.Routes.Epoch, router.LearningFailure)
                : MovedAnswer.TooLate("it waited for a connection"));
        }

        Routes routes = router.Routes;
        if (stray.From is not NodeShards from)
        {
            return TrySend(stray, routes);
        }

        switch (stray.AnswerOf(from).Next(routes.Epoch, routes.Primary(stray.Slot).Owner == from))
        {
            case MovedStep.AskOther:
                return TrySend(stray, routes);
            case MovedStep.AskAgain:
                return stray.Due <= now && TrySend(stray, routes);
            default:
                // A pause that ends while the topology is still being read is no attempt; one that follows a failure is.
                return stray.Due <= now
                    && (_begun.Contains(from.EndPoint) || (router.Learn(from.EndPoint) && _begun.Add(from.EndPoint)))
                    && IsLastAttempt(stray, now);
        }
    }

    private static bool TrySend(StrayRequest stray, Routes routes)
    {
        if (stray.Slot < 0 && routes.Topology is not null)
        {
            return End(stray, new CacheConnectionException("The node has left the cluster; it was not sent.", false));
        }

        ShardConnection connection = stray.Slot < 0 ? routes.Any : routes.Primary(stray.Slot);
        return connection.TryBeginAgain(stray.Operation, stray.Ticket, stray.Frame);
    }
}
