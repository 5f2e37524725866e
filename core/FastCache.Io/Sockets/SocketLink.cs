using System.Diagnostics;
using System.Net.Sockets;
using FastCache.Io.Linux;

namespace FastCache.Io.Sockets;

/// <summary>A socket, the operations that wait on it, and whom it belongs to.</summary>
/// <remarks>
/// <para>
/// That bytes are there is learned from a receive of no bytes, so that no buffer waits with an idle connection. Such a
/// receive cannot be cancelled, so it goes along when the socket is given to another backend:
/// <code>
///              AwaitBytes                completes, on a pool thread
///   Unarmed ──────────────► Armed ───────────────────────────────────► Signalled: mail to the owner, if there is one
///      ▲                                                                   │  (else when there is: Attach)
///      └───────────────────────────────────────────────────────────────────┘ TakeSignal
/// </code>
/// </para>
/// <para>A link serves one socket only: what completes late, after the socket was closed, finds nobody.</para>
/// </remarks>
internal sealed unsafe class SocketLink : IDisposable
{
    private const bool NoExecutionContext = true; // It would be captured, and is of no use here.

    private readonly Lock _lock = new();
    private readonly SocketAsyncEventArgs _readiness = new(NoExecutionContext);
    private SocketAsyncEventArgs? _sending;
    private NativeView? _sendingBytes;
    private Mailbox? _owner;
    private bool _isArmed; // The owner's.
    private bool _isSignalled;

    public SocketLink(Socket socket)
    {
        socket.Blocking = false;
        Socket = socket;
        _readiness.SetBuffer([], 0, 0);
        _readiness.Completed += (_, _) => Signal();
    }

    public Socket Socket { get; }

    /// <summary>The connection of the owner that the socket serves.</summary>
    public ConnectionId Id { get; private set; }

    /// <summary>What the wait for bytes has found: an error is told once by the operating system, so a receive would not see it again.</summary>
    public SocketError Failure { get; private set; }

    /// <summary>Result of the last <see cref="Send"/>: bytes, or a negated errno.</summary>
    public int SendResult =>
        _sending!.SocketError == SocketError.Success ? _sending.BytesTransferred : -SocketErrors.ToErrno(_sending.SocketError);

    /// <summary>Gives the socket to a backend's thread, which is told of what has been signalled already.</summary>
    public void Attach(Mailbox owner, ConnectionId id)
    {
        lock (_lock)
        {
            Debug.Assert(_owner is null);
            _owner = owner;
            Id = id;
            if (_isSignalled)
            {
                owner.Post(MailKind.Readable, this);
            }
        }
    }

    /// <summary>Takes the socket from its backend; nothing of it is told there any more.</summary>
    public void Detach()
    {
        lock (_lock)
        {
            _owner = null;
        }
    }

    /// <summary>Asks to be told of bytes, the end of input or an error; whether it is there already.</summary>
    public bool AwaitBytes()
    {
        if (_isArmed || Failure != SocketError.Success)
        {
            return !_isArmed;
        }

        _isArmed = Socket.ReceiveAsync(_readiness);
        if (_isArmed)
        {
            return false;
        }

        Failure = _readiness.SocketError;
        return true;
    }

    /// <summary>Whether a signal was waiting for this owner.</summary>
    public bool TakeSignal(Mailbox owner)
    {
        lock (_lock)
        {
            if (_owner != owner || !_isSignalled)
            {
                return false;
            }

            _isSignalled = false;
            _isArmed = false;
            Failure = _readiness.SocketError;
            return true;
        }
    }

    /// <summary>Sends bytes that stay where they are until the owner gets the mail that all were taken, or that it failed.</summary>
    public void Send(byte* bytes, int length)
    {
        if (_sending is null)
        {
            _sending = new(NoExecutionContext);
            _sendingBytes = new();
            _sending.Completed += (_, _) => PostSent();
        }

        _sendingBytes!.Show(bytes, length);
        _sending.SetBuffer(_sendingBytes.Memory);
        if (!Socket.SendAsync(_sending))
        {
            PostSent();
        }
    }

    /// <summary>Closes the socket, so that what is in flight completes: a mere shutdown does not do that everywhere.</summary>
    public void Abort()
    {
        if (Socket.SafeHandle.IsClosed)
        {
            return;
        }

        try
        {
            Socket.Shutdown(SocketShutdown.Both); // Otherwise the runtime resets a connection with a receive in flight.
        }
        catch (SocketException)
        {
            // The peer is gone already.
        }

        Socket.Dispose();
    }

    public void Dispose()
    {
        Abort();
        _readiness.Dispose();
        _sending?.Dispose();
        ((IDisposable?)_sendingBytes)?.Dispose();
    }

    private void PostSent()
    {
        lock (_lock)
        {
            _owner?.Post(MailKind.Sent, this);
        }
    }

    private void Signal()
    {
        lock (_lock)
        {
            _isSignalled = true;
            _owner?.Post(MailKind.Readable, this);
        }
    }
}
