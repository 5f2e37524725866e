using System.Net;
using FastCache.Io.Connections;
using FastCache.Io.Linux;

namespace FastCache.Io.Epoll;

/// <summary>The epoll backend: one wait a pass, and one receive and one send for each connection that has work.</summary>
/// <remarks>
/// <code>
///   Poll:  sends ──► epoll_wait ──► blocked sends go on ──► accepts ──► receives ──► ends ──► events
/// </code>
/// It has the structure of the io_uring backend, which the batches owe their gain to: nothing is sent before the whole
/// batch has been worked on. What the caller has no room for stays where it is: reports of the kernel in
/// <see cref="EpollSet"/>, connections with bytes in their queue; until the former are taken nothing new is waited for.
/// </remarks>
internal sealed unsafe class EpollShardIo : ShardIoBase
{
    private const EpollEvents ReceiveEvents =
        EpollEvents.Readable | EpollEvents.PeerHungUp | EpollEvents.HungUp | EpollEvents.Failed;

    private const EpollEvents EndEvents = EpollEvents.PeerHungUp | EpollEvents.HungUp | EpollEvents.Failed;
    private const EpollEvents SendEvents = EpollEvents.Writable | EpollEvents.HungUp | EpollEvents.Failed;

    private readonly EpollSet _set;
    private readonly WakeSignal _wake;
    private readonly EpollAcceptor _acceptor;
    private readonly EpollReceives _receives;
    private readonly BufferPool _pool;
    private readonly SendQueue _sends;
    private long _sendCalls;

    private EpollShardIo(EpollSet set, WakeSignal wake, BufferMemory memory, ShardIoOptions options)
        : base(new RegisteredSockets(set), memory, options)
    {
        _set = set;
        _wake = wake;
        _acceptor = new(set);
        _pool = new(memory);
        _receives = new(memory, _pool, Table, Ends);
        _sends = new(Table);
        Description = $"epoll: edge-triggered, {Sizes(options)}";
    }

    public override string Description { get; }

    public override IoCounters Counters => new(
        Ends.Pass, _set.Waits + _receives.Calls + _sendCalls, RejectedConnections, _receives.Starvations, 0, _acceptor.Failures);

    /// <summary>Null when the machine refuses; <paramref name="reason"/> says why.</summary>
    internal static EpollShardIo? TryCreate(ShardIoOptions options, out string reason)
    {
        if (!OperatingSystem.IsLinux())
        {
            reason = $"epoll needs Linux; this is {System.Runtime.InteropServices.RuntimeInformation.OSDescription}.";
            return null;
        }

        EpollSet? set = EpollSet.TryCreate(out int errno);
        if (set is null)
        {
            reason = $"epoll was refused: epoll_create1 failed with errno {errno}.";
            return null;
        }

        WakeSignal? wake = WakeSignal.TryCreate(out errno);
        errno = wake is null ? errno : -set.Add(wake.Descriptor, EpollTag.Of(EpollKind.Wake));
        if (wake is null || errno != 0)
        {
            reason = $"epoll was refused: an eventfd for it failed with errno {errno}.";
            wake?.Dispose();
            set.Dispose();
            return null;
        }

        reason = "";
        return new(set, wake, new BufferMemory(options.ReceiveBuffers, options.ReceiveBufferBytes), options);
    }

    public override IPEndPoint Listen(IPEndPoint endPoint)
    {
        AssertUsable();
        return _acceptor.Listen(endPoint);
    }

    public override void StopListening()
    {
        AssertUsable();
        _acceptor.StopListening();
    }

    public override int Poll(Span<IoEvent> events, int timeoutMillis)
    {
        AssertUsable();
        ArgumentOutOfRangeException.ThrowIfZero(events.Length, nameof(events));
        Ends.BeginPass();
        SendQueued();
        timeoutMillis = _acceptor.LimitWait(timeoutMillis);
        if (!_set.HasLeftOver)
        {
            bool mayWait = !Ends.HasEnds && !_receives.HasWork && !_acceptor.HasWork;
            _set.Wait(mayWait ? timeoutMillis : 0);
        }

        int count = TakeReports(events);
        count += Accept(events[count..]);
        count += _receives.Receive(events[count..]);
        count += ReportEnds(events[count..], out int closed);
        if (closed > 0)
        {
            _acceptor.DescriptorClosed();
        }

        return count;
    }

    public override void Flush()
    {
        AssertUsable();
        if (!_sends.IsEmpty)
        {
            Ends.BeginPass();
            SendQueued();
        }
    }

    public override void Release(ushort buffer)
    {
        AssertUsable();
        _pool.GiveBack(buffer);
    }

    public override void Wake() => _wake.Wake();

    protected override void Start(Connection* connection)
    {
        int result = _set.Add(connection->Descriptor, EpollTag.Of(Table.IdOf(connection)));
        if (result < 0)
        {
            Ends.End(connection, -result);
        }
    }

    protected override void Adopted(Connection* connection) => _ = LibC.SetNoDelay(connection->Descriptor);

    protected override void PauseReceiving(Connection* connection) => _receives.Pause(connection);

    protected override void ResumeReceiving(Connection* connection) => _receives.Resume(connection);

    protected override void QueueSend(Connection* connection) => _sends.Append(connection);

    protected override void DisposeBackend()
    {
        _acceptor.Dispose();
        _set.Dispose();
        _wake.Dispose();
    }

    /// <summary>Hands everything that was queued to the sockets; what they do not take is held until they report room.</summary>
    private void SendQueued()
    {
        for (Connection* connection = _sends.Take(); connection is not null; connection = _sends.Take())
        {
            _sendCalls++;
            Blocked.Settle(
                connection, LibC.Send(connection->Descriptor, connection->SendStart, connection->SendLength));
        }
    }

    /// <summary>Takes what the last wait has reported, as far as there is room.</summary>
    private int TakeReports(Span<IoEvent> events)
    {
        int count = 0;
        while (count < events.Length && _set.TryTake(out EpollEvents happened, out ulong tag))
        {
            switch (EpollTag.Kind(tag))
            {
                case EpollKind.Listener:
                    _acceptor.MarkReady();
                    break;
                case EpollKind.Wake when _wake.Take():
                    events[count++] = new(IoEventKind.Woken, default, 0, 0, 0);
                    break;
                case EpollKind.Connection:
                    Connection* connection = Table.Find(EpollTag.Id(tag));
                    if (connection is not null && Handle(connection, happened, out events[count]))
                    {
                        count++;
                    }

                    break;
            }
        }

        return count;
    }

    /// <summary>Notes that there is something to receive, and goes on with a blocked send; whether that has drained.</summary>
    private bool Handle(Connection* connection, EpollEvents happened, out IoEvent report)
    {
        if ((happened & ReceiveEvents) != 0)
        {
            _receives.MarkReadable(connection, isHungUp: (happened & EndEvents) != 0);
        }

        report = default;
        if (!connection->IsBlocked || (happened & SendEvents) == 0)
        {
            return false;
        }

        _sendCalls++;
        int result = LibC.Send(
            connection->Descriptor,
            connection->Backlog + connection->BacklogSent,
            connection->BacklogLength - connection->BacklogSent);
        if (Blocked.Advance(connection, result) != BacklogStep.Drained)
        {
            return false;
        }

        report = new(IoEventKind.Drained, Table.IdOf(connection), 0, 0, 0);
        return true;
    }

    private int Accept(Span<IoEvent> events)
    {
        int count = 0;
        while (count < events.Length)
        {
            int descriptor = _acceptor.Accept();
            if (descriptor < 0)
            {
                break;
            }

            if (TryAccept(descriptor, out events[count]))
            {
                count++;
            }
        }

        return count;
    }

    /// <summary>Descriptors that leave the set before they are given away.</summary>
    private sealed class RegisteredSockets(EpollSet set) : DescriptorSockets
    {
        public override int Release(Connection* connection)
        {
            set.Remove(connection->Descriptor);
            return connection->Descriptor;
        }
    }
}
