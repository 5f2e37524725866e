using System.Net;
using System.Net.Sockets;

namespace FastCache.Io.Connections;

/// <summary>Opens listening sockets.</summary>
internal static class ListenSocket
{
    private const int Backlog = 4_096; // The kernel cuts it to net.core.somaxconn.

    /// <summary>A socket that listens; accepted ones inherit that they do not delay small sends.</summary>
    /// <exception cref="SocketException">The address cannot be bound.</exception>
    public static Socket Open(IPEndPoint endPoint)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        Socket listener = new(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (endPoint.Address.Equals(IPAddress.IPv6Any))
            {
                listener.DualMode = true;
            }

            listener.Bind(endPoint);
            listener.Listen(Backlog);
            return listener;
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }
}
