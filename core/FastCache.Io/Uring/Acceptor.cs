using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using FastCache.Io.Connections;
using FastCache.Io.Linux;

namespace FastCache.Io.Uring;

/// <summary>The listening socket of a ring and the multishot accept on it.</summary>
/// <remarks>
/// <code>
///             Listen                  completion without F_MORE, or an abandoned connection
///   Silent ───────────► Armed ────────────────────────────────────────────► Armed (again)
///     ▲                   │  ▲
///     │ StopListening     │  │ RetryMillis over, or a descriptor was closed
///     │                   ▼  │
///     └───────────────  Resting: accept failed (descriptors or memory ran out)
/// </code>
/// Its number travels in the place of a slot through the kernel.
/// The operating system lets an accepted socket inherit TCP_NODELAY, so it is set once, on the listener.
/// </remarks>
internal sealed unsafe class Acceptor(Ring ring, int number) : IAcceptor
{
    private Socket? _listener;
    private int _generation;
    private bool _isArmed;
    private AcceptRest _rest;

    public bool IsListening => _listener is not null;

    /// <summary>Accepts that failed and rested.</summary>
    public long Failures => _rest.Count;

    public IPEndPoint Listen(IPEndPoint endPoint)
    {
        Debug.Assert(_listener is null);
        _listener = ListenSocket.Open(endPoint);
        Arm();
        return (IPEndPoint)_listener.LocalEndPoint!;
    }

    public void StopListening()
    {
        if (_listener is null)
        {
            return;
        }

        if (_isArmed)
        {
            // The operation holds the socket open until it ends. The shutdown frees the port at once.
            SubmissionEntry* entry = ring.NextEntry();
            entry->Opcode = Opcode.AsyncCancel;
            entry->Address = AcceptUserData;
            entry->Descriptor = -1;
            _isArmed = false;
        }

        _ = LibC.Shutdown((int)_listener.Handle, LibC.ShutdownBoth);
        _listener.Dispose();
        _listener = null;
        _rest.End();
        _generation = (_generation + 1) & ConnectionId.GenerationMask;
    }

    /// <summary>Takes the completion of an accept.</summary>
    /// <returns>The new connection's descriptor, or -1 when there is none.</returns>
    public int Complete(in CompletionEntry completion)
    {
        bool isCurrent = IsListening && UserData.Generation(completion.UserData) == _generation;
        if (!isCurrent)
        {
            // Accepted after StopListening was called.
            if (completion.Result >= 0)
            {
                _ = LibC.Close(completion.Result);
            }

            return -1;
        }

        if (!completion.HasMore)
        {
            Debug.Assert(_isArmed);
            _isArmed = false;
            if (completion.Result >= 0 || completion.Result is -Errno.ConnectionAborted or -Errno.Interrupted)
            {
                Arm();
            }
            else
            {
                _rest.Begin();
            }
        }

        return Math.Max(completion.Result, -1);
    }

    /// <summary>A descriptor was closed, so an accept that found none may try again.</summary>
    public void DescriptorClosed()
    {
        if (_rest.IsResting)
        {
            Arm();
        }
    }

    /// <summary>Arms a rested accept, or shortens the wait so that it is armed in time.</summary>
    public int LimitWait(int timeoutMillis)
    {
        if (_rest.IsOver)
        {
            Arm();
        }

        return _rest.LimitWait(timeoutMillis);
    }

    public void Dispose()
    {
        if (_listener is not null)
        {
            _ = LibC.Shutdown((int)_listener.Handle, LibC.ShutdownBoth);
            _listener.Dispose();
            _listener = null;
        }
    }

    private ulong AcceptUserData => UserData.Pack(OperationKind.Accept, _generation, number);

    private void Arm()
    {
        Debug.Assert(_listener is not null && !_isArmed);
        _rest.End();
        SubmissionEntry* entry = ring.NextEntry();
        entry->Opcode = Opcode.Accept;
        entry->IoPriority = OperationFlags.AcceptMultishot;
        entry->Descriptor = (int)_listener!.Handle;
        entry->OperationFlags = OperationFlags.CloseOnExec;
        entry->UserData = AcceptUserData;
        _isArmed = true;
    }
}
