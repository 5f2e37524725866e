using FastCache.Client.Connections;

namespace FastCache.Client.Routing;

/// <summary>Ends, regularly, what has waited too long on any connection, and closes retired ones that nobody waits for.</summary>
internal sealed class ConnectionSweep(Router router)
{
    private static readonly TimeSpan ShortestPeriod = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestPeriod = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly List<(ShardConnection Connection, long Since)> _retired = [];

    /// <summary>The retired connections that are not closed yet.</summary>
    public ShardConnection[] Retired
    {
        get
        {
            lock (_lock)
            {
                return [.. _retired.Select(one => one.Connection)];
            }
        }
    }

    /// <summary>Lets a connection end that is on no route any more.</summary>
    public void Retire(ShardConnection connection)
    {
        connection.Retire();
        lock (_lock)
        {
            _retired.Add((connection, Environment.TickCount64));
        }
    }

    /// <summary>Goes on until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken closing)
    {
        TimeSpan period = router.Options.RequestTimeout / 10;
        period = period < ShortestPeriod ? ShortestPeriod : period > LongestPeriod ? LongestPeriod : period;
        using PeriodicTimer timer = new(period);
        try
        {
            while (await timer.WaitForNextTickAsync(closing).ConfigureAwait(false))
            {
                foreach (ShardConnection connection in router.Routes.Nodes.SelectMany(node => node.Connections))
                {
                    connection.Sweep();
                }

                await SweepRetiredAsync().ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The client is closed.
        }
    }

    /// <summary>Closes retired connections on which nobody waits for a reply any more.</summary>
    private async Task SweepRetiredAsync()
    {
        List<ShardConnection> ended = [];
        lock (_lock)
        {
            long longest = Environment.TickCount64 - (2 * (long)router.Options.RequestTimeout.TotalMilliseconds);
            foreach ((ShardConnection connection, long since) in _retired)
            {
                connection.Sweep();
                if (connection.Outstanding == 0 || since < longest)
                {
                    ended.Add(connection);
                }
            }

            _retired.RemoveAll(one => ended.Contains(one.Connection));
        }

        await Task.WhenAll(ended.Select(connection => connection.DisposeAsync().AsTask())).ConfigureAwait(false);
    }
}
