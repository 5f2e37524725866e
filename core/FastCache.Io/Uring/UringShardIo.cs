using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastCache.Io.Linux;

namespace FastCache.Io.Uring;

/// <summary>The io_uring backend: one ring, one enter a pass.</summary>
/// <remarks>
/// <code>
///   Poll:  give buffers back, re-arm ──► enter: sends run, then wait ──► completions ──► settle ──► ends ──► events
/// </code>
/// <para>
/// A send runs inside the enter that submits it (<c>MSG_DONTWAIT</c>) and has a completion only when the socket took
/// less than everything. Those completions are in the queue when the enter returns, and Poll and Flush settle all of
/// them before they return: the rest is copied aside and sent by a second operation that waits for the peer.
/// Completions that the caller has no room for wait in <see cref="CompletionStash"/>; until it is empty nothing new is
/// reaped.
/// </para>
/// <para>
/// A peer that closes its sending side still gets its replies: the caller is told (EndOfInput) and closes when it has
/// answered; whether that takes one pass or many is the caller's affair.
/// </para>
/// </remarks>
internal sealed unsafe class UringShardIo : IShardIo
{
    private const int SubmissionEntries = 512;
    private const int MinCompletionEntries = 4_096;

    private readonly Ring _ring;
    private readonly BufferRing _buffers;
    private readonly CompletionStash _stash = new();
    private readonly Acceptor _acceptor;
    private readonly Waker _waker;
    private readonly ConnectionTable _table;
    private readonly ConnectionEnds _ends;
    private readonly ReceivePath _receives;
    private readonly SendPath _sends;
    private readonly BacklogBudget _backlogs;
    private readonly int _ownerThread = Environment.CurrentManagedThreadId;
    private long _rejectedConnections;
    private long _completionOverflows;
    private bool _disposed;

    private UringShardIo(Ring ring, BufferRing buffers, int eventFd, ShardIoOptions options)
    {
        _ring = ring;
        _buffers = buffers;
        _acceptor = new(ring);
        _waker = new(ring, eventFd);
        _table = new(options.MaxConnections);
        _ends = new(_table);
        _receives = new(ring, buffers, _table, _ends);
        _backlogs = new(options.MaxBacklogBytes);
        _sends = new(ring, _table, _ends, _backlogs);
        string array = ring.HasSubmissionArray ? "" : ", NO_SQARRAY";
        string registered = ring.IsRegistered ? ", registered ring" : "";
        Description = $"io_uring: SINGLE_ISSUER, DEFER_TASKRUN{array}{registered}, {options.ReceiveBuffers} " +
            $"receive buffers of {options.ReceiveBufferBytes / 1024.0:0.#} KiB";
    }

    public string Description { get; }

    public IoCounters Counters => new(
        _ends.Pass, _ring.Enters, _rejectedConnections, _receives.Starvations, _completionOverflows, _acceptor.Failures);

    public long BacklogBytes => _backlogs.UsedBytes;

    /// <summary>The descriptor of a living connection, for tests to look at; -1 for no such.</summary>
    internal int DescriptorOf(ConnectionId connection)
    {
        Connection* found = _table.Find(connection);
        return found is null ? -1 : found->Descriptor;
    }

    /// <summary>Null when the machine refuses; <paramref name="reason"/> says why.</summary>
    internal static UringShardIo? TryCreate(
        ShardIoOptions options, out string reason, int submissionEntries = SubmissionEntries, int completionEntries = 0)
    {
        reason = UringRefusal.OfPlatform();
        if (reason.Length > 0)
        {
            return null;
        }

        if (completionEntries == 0)
        {
            completionEntries = Math.Max(MinCompletionEntries, 2 * options.ReceiveBuffers);
        }

        Ring? ring = Ring.TryCreate(submissionEntries, completionEntries, out int errno);
        if (ring is null)
        {
            reason = UringRefusal.OfCall("io_uring_setup", errno);
            return null;
        }

        BufferRing? buffers = BufferRing.TryCreate(ring, options.ReceiveBuffers, options.ReceiveBufferBytes, out errno);
        int eventFd = buffers is null ? -1 : LibC.EventFd();
        if (buffers is null || eventFd < 0)
        {
            reason = buffers is null
                ? UringRefusal.OfCall("registering the buffer ring", errno)
                : UringRefusal.OfCall("eventfd", -eventFd);
            ring.Dispose();
            buffers?.Dispose();
            return null;
        }

        return new(ring, buffers, eventFd, options);
    }

    public IPEndPoint Listen(IPEndPoint endPoint)
    {
        AssertUsable();
        return _acceptor.Listen(endPoint);
    }

    public void StopListening()
    {
        AssertUsable();
        _acceptor.StopListening();
    }

    public ConnectionId Adopt(nint socketDescriptor)
    {
        AssertUsable();
        ArgumentOutOfRangeException.ThrowIfNegative(socketDescriptor);
        int descriptor = (int)socketDescriptor;
        Connection* connection = TryOpen(descriptor);
        if (connection is null)
        {
            throw new InvalidOperationException($"All {_table.InUse:N0} connections are in use.");
        }

        _ = LibC.SetBlocking(descriptor);
        _ = LibC.SetNoDelay(descriptor);
        return _table.IdOf(connection);
    }

    public void Detach(ConnectionId connection)
    {
        AssertUsable();
        Connection* found = _table.Find(connection);
        if (found is not null && found->Phase != ConnectionPhase.Detaching)
        {
            Debug.Assert(!found->IsBlocked, "what is blocked would be lost");
            _receives.Pause(found);
            _ends.Detach(found);
        }
    }

    public PeerAddress PeerOf(ConnectionId connection)
    {
        AssertUsable();
        Connection* found = _table.Find(connection);
        return found is null ? default : LibC.PeerOf(found->Descriptor);
    }

    public int Poll(Span<IoEvent> events, int timeoutMillis)
    {
        AssertUsable();
        ArgumentOutOfRangeException.ThrowIfZero(events.Length, nameof(events));
        _ends.BeginPass();
        _buffers.Publish();
        _receives.ArmStarved();
        timeoutMillis = _acceptor.LimitWait(timeoutMillis);

        bool hasLeftOver = !_stash.IsEmpty;
        bool mayWait = !hasLeftOver && !_ends.HasEnds;
        _ring.Submit(reap: !hasLeftOver, mayWait ? timeoutMillis : 0);

        int count = HandleCompletions(events);
        return count + ReportEnds(events[count..]);
    }

    public void Flush()
    {
        AssertUsable();
        if (_ring.Unsubmitted != 0)
        {
            _ends.BeginPass();
            _ring.Submit(reap: false, timeoutMillis: 0);
            Settle();
        }
    }

    public ReadOnlySpan<byte> Received(ushort buffer, int length) => _buffers.Bytes(buffer, length);

    public void Release(ushort buffer)
    {
        AssertUsable();
        _buffers.GiveBack(buffer);
    }

    public void Send(ConnectionId connection, ReadOnlySpan<byte> bytes)
    {
        AssertUsable();
        Debug.Assert(!bytes.IsEmpty);
        Connection* found = _table.Find(connection);
        if (found is not null)
        {
            _sends.Send(found, (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(bytes)), bytes.Length);
        }
    }

    public bool IsBlocked(ConnectionId connection)
    {
        AssertUsable();
        Connection* found = _table.Find(connection);
        return found is not null && found->IsBlocked;
    }

    public long BacklogOf(ConnectionId connection)
    {
        AssertUsable();
        Connection* found = _table.Find(connection);
        return found is not null && found->IsBlocked ? found->BacklogLength : 0;
    }

    public void PauseReceiving(ConnectionId connection)
    {
        AssertUsable();
        Connection* found = _table.Find(connection);
        if (found is not null)
        {
            _receives.Pause(found);
        }
    }

    public void ResumeReceiving(ConnectionId connection)
    {
        AssertUsable();
        Connection* found = _table.Find(connection);
        if (found is not null)
        {
            _receives.Resume(found);
        }
    }

    public void ShutdownSend(ConnectionId connection)
    {
        AssertUsable();
        Connection* found = _table.Find(connection);
        if (found is not null)
        {
            Debug.Assert(!found->IsBlocked, "what is blocked would be lost");
            _ = LibC.Shutdown(found->Descriptor, LibC.ShutdownWrite);
        }
    }

    public void Close(ConnectionId connection)
    {
        AssertUsable();
        Connection* found = _table.Find(connection);
        if (found is not null)
        {
            _ends.End(found, error: 0);
        }
    }

    public void Wake() => _waker.Wake();

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        // Peers see the end at once through the shutdowns; the kernel ends the operations after the ring is closed,
        // and touches no buffer of them any more, since that happens only in an enter (DEFER_TASKRUN).
        _disposed = true;
        _acceptor.Dispose();
        _ends.ShutdownAll();
        _ring.Dispose();
        _ends.CloseAll();
        _sends.FreeAll();
        _waker.Dispose();
        _buffers.Dispose();
        _stash.Dispose();
        _table.Dispose();
    }

    /// <summary>Turns completions into events until there are no more of the one or no room for the other.</summary>
    private int HandleCompletions(Span<IoEvent> events)
    {
        int count = 0;
        while (true)
        {
            while (count < events.Length &&
                (_stash.TryTake(out CompletionEntry completion) || _ring.TryTake(out completion)))
            {
                if (Handle(in completion, out events[count]))
                {
                    count++;
                }
            }

            if (count == events.Length)
            {
                Settle();
                return count;
            }

            if (!_ring.HasOverflowed)
            {
                return count;
            }

            _completionOverflows++;
            _ring.Submit(reap: true, timeoutMillis: 0);
        }
    }

    /// <summary>Settles every send of the last submission; other completions wait in the stash.</summary>
    private void Settle()
    {
        while (true)
        {
            while (_ring.TryTake(out CompletionEntry completion))
            {
                if (UserData.Kind(completion.UserData) == OperationKind.SendNow)
                {
                    _sends.CompleteSend(in completion);
                }
                else
                {
                    _stash.Add(in completion);
                }
            }

            if (!_ring.HasOverflowed)
            {
                return;
            }

            // What the queue had no room for is bounded by the buffers and operations in flight, and so is this loop.
            _completionOverflows++;
            _ring.Submit(reap: true, timeoutMillis: 0);
        }
    }

    /// <summary>Does what a completion asks for; whether the caller is to hear of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Handle(in CompletionEntry completion, out IoEvent report)
    {
        switch (UserData.Kind(completion.UserData))
        {
            case OperationKind.Receive:
                return _receives.CompleteReceive(in completion, out report);
            case OperationKind.SendNow:
                _sends.CompleteSend(in completion);
                break;
            case OperationKind.SendBacklog:
                return _sends.CompleteBacklog(in completion, out report);
            case OperationKind.CancelReceive:
                _receives.CompleteCancel(in completion);
                break;
            case OperationKind.Accept:
                return CompleteAccept(in completion, out report);
            case OperationKind.Wake:
                report = new(IoEventKind.Woken, default, 0, 0, 0);
                return _waker.Complete(in completion);
            default:
                Debug.Assert(UserData.Kind(completion.UserData) == OperationKind.None);
                break;
        }

        report = default;
        return false;
    }

    private bool CompleteAccept(in CompletionEntry completion, out IoEvent report)
    {
        report = default;
        int descriptor = _acceptor.Complete(in completion);
        if (descriptor < 0)
        {
            return false;
        }

        Connection* connection = TryOpen(descriptor);
        if (connection is null)
        {
            _ = LibC.Close(descriptor);
            _rejectedConnections++;
            return false;
        }

        report = new(IoEventKind.Accepted, _table.IdOf(connection), 0, 0, 0);
        return true;
    }

    /// <summary>Takes a slot for a connected socket and starts to receive; null when all slots are in use.</summary>
    private Connection* TryOpen(int descriptor)
    {
        Connection* connection = _table.Allocate(descriptor);
        if (connection is not null)
        {
            connection->SendPass = _ends.Pass - 1;
            _receives.Arm(connection);
        }

        return connection;
    }

    private int ReportEnds(Span<IoEvent> events)
    {
        int count = 0;
        for (; count < events.Length && _ends.TryTakeEnd(out events[count]); count++)
        {
            if (events[count].Kind == IoEventKind.Closed)
            {
                _acceptor.DescriptorClosed();
            }
        }

        return count;
    }

    [Conditional("DEBUG")]
    private void AssertUsable()
    {
        Debug.Assert(!_disposed, "used after disposal");
        Debug.Assert(Environment.CurrentManagedThreadId == _ownerThread, "used by a foreign thread");
    }
}
