using FastCache.Client.Operations;
using FastCache.Client.Telemetry;

namespace FastCache.Client.Connections;

/// <summary>Ends the requests of a connection that have waited too long, and the line that they wait for if it is silent.</summary>
internal sealed class TimeOuts(
    ShardConnection connection,
    FastCacheClientOptions options,
    ClientLog log,
    RequestQueue requests,
    CompletionPump completions)
{
    private readonly LogThrottle _throttle = new();
    private readonly List<(Operation Operation, long End)> _late = [];

    /// <summary>Does so for the time now, in <see cref="Environment.TickCount64"/>. Not for two threads at once.</summary>
    public void Sweep(long now)
    {
        Line? silent = requests.ClaimLate(now, _late, out long handedOver);
        foreach ((Operation operation, long end) in _late)
        {
            if (operation.IsUnheard)
            {
                operation.EndUnheard();
                continue;
            }

            completions.Fail(operation, new CacheTimeoutException(
                $"No reply came from {connection.Address} within {options.RequestTimeout.TotalSeconds} s.", end <= handedOver));
        }

        connection.Counters.TimeOuts(_late.Count);
        _throttle.Add(_late.Count);
        if (_throttle.TryTake(out long timeOuts))
        {
            log.TimedOut(timeOuts, connection.Address, options.RequestTimeout);
        }

        _late.Clear();
        silent?.Abandon(new TimeoutException("The node does not answer."));
    }
}
