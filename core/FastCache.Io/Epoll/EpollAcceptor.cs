using System.Net;
using System.Net.Sockets;
using FastCache.Io.Connections;
using FastCache.Io.Linux;

namespace FastCache.Io.Epoll;

/// <summary>The listening socket of an epoll backend: accepts as long as the kernel has connections.</summary>
/// <remarks>
/// <code>
///             Listen           an edge               no more: EAGAIN
///   Silent ───────────► Idle ──────────► HasWork ────────────────────────► Idle
///     ▲                   │                │  ▲
///     │ StopListening     │                ▼  │ RetryMillis over, or a descriptor was closed
///     └───────────────────┴─────────────  Resting: accept failed (descriptors or memory ran out)
/// </code>
/// </remarks>
internal sealed class EpollAcceptor(EpollSet set) : IDisposable
{
    private Socket? _listener;
    private int _descriptor;
    private bool _isReady;
    private AcceptRest _rest;

    /// <summary>Accepts that failed and rested.</summary>
    public long Failures => _rest.Count;

    /// <summary>Whether connections may wait that nothing will tell of any more.</summary>
    public bool HasWork => _isReady && !_rest.IsResting;

    public IPEndPoint Listen(IPEndPoint endPoint)
    {
        if (_listener is not null)
        {
            throw new InvalidOperationException("This backend listens already; call StopListening first.");
        }

        Socket listener = ListenSocket.Open(endPoint);
        listener.Blocking = false;
        int result = set.Add((int)listener.Handle, EpollTag.Of(EpollKind.Listener));
        if (result < 0)
        {
            listener.Dispose();
            throw new IOException($"epoll_ctl failed with errno {-result}.");
        }

        _listener = listener;
        _descriptor = (int)listener.Handle;
        return (IPEndPoint)listener.LocalEndPoint!;
    }

    public void StopListening()
    {
        _listener?.Dispose();
        _listener = null;
        _isReady = false;
        _rest.End();
    }

    /// <summary>The kernel has reported the listener.</summary>
    public void MarkReady() => _isReady = _listener is not null;

    /// <summary>The next connection's descriptor, or -1 when there is none.</summary>
    public int Accept()
    {
        while (HasWork)
        {
            int result = LibC.Accept(_descriptor);
            switch (result)
            {
                case >= 0:
                    return result;
                case -Errno.TryAgain:
                    _isReady = false;
                    break;
                case -Errno.ConnectionAborted or -Errno.Interrupted:
                    break;
                default:
                    _rest.Begin();
                    break;
            }
        }

        return -1;
    }

    /// <summary>A descriptor was closed, so an accept that found none may try again.</summary>
    public void DescriptorClosed() => _rest.End();

    /// <summary>Ends a rest, or shortens the wait so that it ends in time.</summary>
    public int LimitWait(int timeoutMillis)
    {
        if (_rest.IsOver)
        {
            _rest.End();
        }

        return _rest.LimitWait(timeoutMillis);
    }

    public void Dispose() => StopListening();
}
