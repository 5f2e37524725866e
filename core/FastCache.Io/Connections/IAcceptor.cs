using System.Net;

namespace FastCache.Io.Connections;

/// <summary>One listening socket of a backend; it can be opened again after it was closed.</summary>
internal interface IAcceptor : IDisposable
{
    /// <summary>Accepts that failed and rested.</summary>
    long Failures { get; }

    /// <exception cref="System.Net.Sockets.SocketException">The address cannot be bound; nothing is left behind.</exception>
    IPEndPoint Listen(IPEndPoint endPoint);

    /// <summary>Harmless on one that does not listen.</summary>
    void StopListening();

    /// <summary>A descriptor was closed, so an accept that found none may try again.</summary>
    void DescriptorClosed();

    /// <summary>Ends a rest, or shortens the wait so that it ends in time.</summary>
    int LimitWait(int timeoutMillis);
}
