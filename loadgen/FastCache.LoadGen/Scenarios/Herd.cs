using System.Net;
using FastCache.LoadGen.Engine;

namespace FastCache.LoadGen.Scenarios;

/// <summary>Connections that have said their hello and nothing since.</summary>
internal sealed class Herd : IDisposable
{
    private readonly List<NodeSocket> _connections = [];

    /// <summary>Connects so many, one after another.</summary>
    /// <exception cref="LoadFailedException">The node refuses one.</exception>
    public static Herd Gather(IPEndPoint address, int count, StopSignal stop)
    {
        Herd herd = new();
        try
        {
            while (herd._connections.Count < count && !stop.IsRequested)
            {
                NodeSocket connection = NodeSocket.Connect(address);
                herd._connections.Add(connection);
                connection.Greet();
            }

            return herd;
        }
        catch
        {
            herd.Dispose();
            throw;
        }
    }

    public int Count => _connections.Count;

    public void Dispose() => _connections.ForEach(connection => connection.Dispose());
}
