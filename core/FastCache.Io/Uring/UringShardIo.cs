using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using FastCache.Io.Connections;
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
internal sealed unsafe class UringShardIo : ShardIoBase
{
    private const int SubmissionEntries = 512;
    private const int MinCompletionEntries = 4_096;

    private readonly Ring _ring;
    private readonly BufferRing _buffers;
    private readonly CompletionStash _stash = new();
    private readonly Listeners<Acceptor> _listeners;
    private readonly WakeSignal _wake;
    private readonly Waker _waker;
    private readonly ReceivePath _receives;
    private readonly SendPath _sends;
    private long _completionOverflows;

    private UringShardIo(Ring ring, BufferMemory memory, BufferRing buffers, WakeSignal wake, ShardIoOptions options)
        : base(new DescriptorSockets(), memory, new ConnectionTable(options.MaxConnections), options)
    {
        _ring = ring;
        _buffers = buffers;
        _listeners = new(number => new(ring, number));
        _wake = wake;
        _waker = new(ring, wake);
        _receives = new(ring, buffers, Table, Ends);
        _sends = new(ring, Table, Ends, Blocked);
        string array = ring.HasSubmissionArray ? "" : ", NO_SQARRAY";
        string registered = ring.IsRegistered ? ", registered ring" : "";
        Description = $"io_uring: SINGLE_ISSUER, DEFER_TASKRUN{array}{registered}, {Sizes(options)}";
    }

    public override string Description { get; }

    public override IoCounters Counters => new(
        Ends.Pass, _ring.Enters, RejectedConnections, _receives.Starvations, _completionOverflows, _listeners.Failures);

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

        BufferMemory memory = new(options.ReceiveBuffers, options.ReceiveBufferBytes);
        BufferRing? buffers = BufferRing.TryCreate(ring, memory, out errno);
        WakeSignal? wake = null;
        if (buffers is null)
        {
            reason = UringRefusal.OfCall("registering the buffer ring", errno);
        }
        else
        {
            wake = WakeSignal.TryCreate(out errno);
            reason = wake is null ? UringRefusal.OfCall("eventfd", errno) : "";
        }

        if (buffers is null || wake is null)
        {
            ring.Dispose();
            buffers?.Dispose();
            memory.Dispose();
            return null;
        }

        return new(ring, memory, buffers, wake, options);
    }

    public override IPEndPoint Listen(IPEndPoint endPoint)
    {
        AssertUsable();
        return _listeners.Listen(endPoint);
    }

    public override void StopListening()
    {
        AssertUsable();
        _listeners.StopListening();
    }

    public override int Poll(Span<IoEvent> events, int timeoutMillis)
    {
        AssertUsable();
        ArgumentOutOfRangeException.ThrowIfZero(events.Length, nameof(events));
        Ends.BeginPass();
        _buffers.Publish();
        _receives.ArmStarved();
        timeoutMillis = _listeners.LimitWait(timeoutMillis);

        bool hasLeftOver = !_stash.IsEmpty;
        bool mayWait = !hasLeftOver && !Ends.HasEnds;
        _ring.Submit(reap: !hasLeftOver, mayWait ? timeoutMillis : 0);

        int count = HandleCompletions(events);
        count += ReportEnds(events[count..], out int closed);
        if (closed > 0)
        {
            _listeners.DescriptorClosed();
        }

        return count;
    }

    public override void Flush()
    {
        AssertUsable();
        if (_ring.Unsubmitted != 0)
        {
            Ends.BeginPass();
            _ring.Submit(reap: false, timeoutMillis: 0);
            Settle();
        }
    }

    public override void Release(ushort buffer)
    {
        AssertUsable();
        _buffers.GiveBack(buffer);
    }

    public override void Wake() => _wake.Wake();

    protected override void Start(Connection* connection) => _receives.Arm(connection);

    protected override void Adopted(Connection* connection)
    {
        _ = LibC.SetBlocking(connection->Descriptor);
        _ = LibC.SetNoDelay(connection->Descriptor);
    }

    protected override void PauseReceiving(Connection* connection) => _receives.Pause(connection);

    protected override void ResumeReceiving(Connection* connection) => _receives.Resume(connection);

    protected override void QueueSend(Connection* connection) => _sends.Send(connection);

    protected override void DisposeBackend()
    {
        // Peers have seen the end through the shutdowns; the kernel ends the operations after the ring is closed, and
        // touches no buffer of them any more, since that happens only in an enter (DEFER_TASKRUN).
        _listeners.Dispose();
        _ring.Dispose();
        _wake.Dispose();
        _buffers.Dispose();
        _stash.Dispose();
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
        int listener = UserData.Slot(completion.UserData);
        int descriptor = _listeners[listener].Complete(in completion);
        report = default;
        return descriptor >= 0 && TryAccept(descriptor, listener, out report);
    }
}
