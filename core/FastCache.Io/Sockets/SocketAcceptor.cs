using System.Diagnostics;
using System.Net.Sockets;
using FastCache.Io.Connections;
using FastCache.Io.Linux;

namespace FastCache.Io.Sockets;

/// <summary>Accepts one connection after another; the one that waits for a peer tells the mailbox.</summary>
internal sealed class SocketAcceptor(Mailbox mailbox) : ReadyAcceptor
{
    private const bool NoExecutionContext = true; // It would be captured, and is of no use here.

    private Socket? _listener;
    private SocketAsyncEventArgs? _accept;
    private bool _isPending;
    private bool _hasResult;

    /// <summary>Takes the mail of an accept.</summary>
    public static void Complete(SocketAsyncEventArgs accept)
    {
        SocketAcceptor acceptor = (SocketAcceptor)accept.UserToken!;
        if (accept == acceptor._accept)
        {
            acceptor._isPending = false;
            acceptor._hasResult = true;
            acceptor.MarkReady();
        }
        else
        {
            accept.AcceptSocket?.Dispose(); // Accepted after StopListening was called.
        }
    }

    protected override void Start(Socket listener)
    {
        _listener = listener;
        _accept = new(NoExecutionContext) { UserToken = this };
        _accept.Completed += (_, accept) => mailbox.Post(MailKind.Accepted, accept);
        _isPending = _hasResult = false;
    }

    protected override void Stop()
    {
        if (_hasResult)
        {
            _accept!.AcceptSocket?.Dispose();
        }

        _accept = null;
        _listener = null;
    }

    protected override int AcceptNow()
    {
        Debug.Assert(_accept is not null && _listener is not null);
        if (!_hasResult)
        {
            _accept.AcceptSocket = null;
            _isPending = _isPending || _listener.AcceptAsync(_accept);
            if (_isPending)
            {
                return -Errno.TryAgain;
            }
        }

        _hasResult = false;
        if (_accept.SocketError != SocketError.Success)
        {
            return -SocketErrors.ToErrno(_accept.SocketError);
        }

        Socket accepted = _accept.AcceptSocket!;
        accepted.NoDelay = true; // Not every system lets it be inherited.
        return DetachedSockets.Put(new SocketLink(accepted));
    }
}
