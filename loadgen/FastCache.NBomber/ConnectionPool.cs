using System.Threading.Channels;

namespace FastCache.NBomber;

/// <summary>The connections that no iteration uses at the moment; the one that rested longest comes first.</summary>
/// <remarks>Who waits for one waits in line. A connection that failed is not given back.</remarks>
internal sealed class ConnectionPool
{
    private readonly Channel<ScenarioConnection> _resting = Channel.CreateUnbounded<ScenarioConnection>();

    public ConnectionPool(IEnumerable<ScenarioConnection> connections)
    {
        foreach (ScenarioConnection connection in connections)
        {
            GiveBack(connection);
        }
    }

    /// <exception cref="ChannelClosedException"><see cref="Close"/> was called.</exception>
    public ValueTask<ScenarioConnection> TakeAsync() => _resting.Reader.ReadAsync();

    public void GiveBack(ScenarioConnection connection) => _resting.Writer.TryWrite(connection);

    /// <summary>Nobody gets a connection any more; who waits is told so.</summary>
    public void Close() => _resting.Writer.TryComplete();
}
