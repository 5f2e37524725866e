using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using FastCache.Io.Linux;

namespace FastCache.Io.Connections;

/// <summary>The listening socket of a backend that is told of its readiness: accepts as long as there are connections.</summary>
/// <remarks>
/// <code>
///             Listen           told                  no more: EAGAIN
///   Silent ───────────► Idle ──────────► HasWork ────────────────────────► Idle
///     ▲                   │                │  ▲
///     │ StopListening     │                ▼  │ RetryMillis over, or a descriptor was closed
///     └───────────────────┴─────────────  Resting: accept failed (descriptors or memory ran out)
/// </code>
/// </remarks>
internal abstract class ReadyAcceptor : IAcceptor
{
    private Socket? _listener;
    private bool _isReady;
    private AcceptRest _rest;

    /// <summary>Accepts that failed and rested.</summary>
    public long Failures => _rest.Count;

    /// <summary>Whether connections may wait that nothing will tell of any more.</summary>
    public bool HasWork => _isReady && !_rest.IsResting;

    public IPEndPoint Listen(IPEndPoint endPoint)
    {
        Debug.Assert(_listener is null);
        Socket listener = ListenSocket.Open(endPoint);
        try
        {
            Start(listener);
        }
        catch
        {
            listener.Dispose();
            throw;
        }

        _listener = listener;
        _isReady = true;
        return (IPEndPoint)listener.LocalEndPoint!;
    }

    public void StopListening()
    {
        if (_listener is null)
        {
            return;
        }

        Stop();
        _listener.Dispose();
        _listener = null;
        _isReady = false;
        _rest.End();
    }

    /// <summary>The operating system tells that connections wait.</summary>
    public void MarkReady() => _isReady = _listener is not null;

    /// <summary>The next connection's descriptor, or -1 when there is none.</summary>
    public int Accept()
    {
        while (HasWork)
        {
            int result = AcceptNow();
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

    /// <summary>Asks to be told when connections wait on a socket that listens.</summary>
    protected abstract void Start(Socket listener);

    /// <summary>The socket that listens is about to be closed.</summary>
    protected virtual void Stop()
    {
    }

    /// <summary>Accepts without waiting.</summary>
    /// <returns>The descriptor, or a negated errno; after <see cref="Errno.TryAgain"/> we are told of the next connection.</returns>
    protected abstract int AcceptNow();
}
