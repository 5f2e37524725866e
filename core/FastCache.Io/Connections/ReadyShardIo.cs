using System.Net;

namespace FastCache.Io.Connections;

/// <summary>A backend whose operating system tells which sockets are ready, so that we receive and send ourselves.</summary>
/// <remarks>
/// <code>
///   Poll:  sends ──► wait ──► blocked sends go on ──► accepts ──► receives ──► ends ──► events
/// </code>
/// It has the structure of the io_uring backend, which the batches owe their gain to: nothing is sent before the whole
/// batch has been worked on. What the caller has no room for stays where it is: what we were told, in the source of it;
/// connections with bytes, in their queue. Until the former is taken nothing new is waited for.
/// </remarks>
internal abstract unsafe class ReadyShardIo : ShardIoBase
{
    private readonly IReadySockets _sockets;
    private readonly Listeners<ReadyAcceptor> _listeners;
    private readonly BufferPool _pool;
    private readonly SendQueue _sends;
    private readonly ReadyReceives _receives;
    private long _sendCalls;
    private long _waits;
    private int _firstListener;

    protected ReadyShardIo(IReadySockets sockets, Func<int, ReadyAcceptor> createAcceptor, ConnectionTable table, ShardIoOptions options)
        : base(sockets, new BufferMemory(options.ReceiveBuffers, options.ReceiveBufferBytes), table, options)
    {
        _sockets = sockets;
        _listeners = new(createAcceptor);
        _pool = new(Memory);
        _sends = new(Table);
        _receives = new(sockets, Memory, _pool, Table, Ends);
    }

    public override IoCounters Counters => new(
        Ends.Pass, _waits + _receives.Calls + _sendCalls, RejectedConnections, _receives.Starvations, 0, _listeners.Failures);

    /// <summary>Whether the last wait has told of things that were not taken.</summary>
    protected abstract bool HasLeftOver { get; }

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
        SendQueued();
        timeoutMillis = _listeners.LimitWait(timeoutMillis);
        if (!HasLeftOver)
        {
            bool mayWait = !Ends.HasEnds && !_receives.HasWork && !MayAccept();
            Wait(mayWait ? timeoutMillis : 0);
            _waits++;
        }

        int count = TakeReports(events);
        count += Accept(events[count..]);
        count += _receives.Receive(events[count..]);
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

    protected override void PauseReceiving(Connection* connection) => _receives.Pause(connection);

    protected override void ResumeReceiving(Connection* connection) => _receives.Resume(connection);

    protected override void QueueSend(Connection* connection) => _sends.Append(connection);

    protected override void DisposeBackend() => _listeners.Dispose();

    /// <summary>Waits until there is something to tell or the time is over.</summary>
    protected abstract void Wait(int timeoutMillis);

    /// <summary>Takes what the last wait has told, as far as there is room.</summary>
    protected abstract int TakeReports(Span<IoEvent> events);

    /// <summary>There may be something to receive on a living connection.</summary>
    protected void MarkReadable(Connection* connection, bool isHungUp) =>
        _receives.MarkReadable(connection, isHungUp);

    /// <summary>Connections wait at a listener.</summary>
    protected void MarkReady(int listener) => _listeners[listener].MarkReady();

    /// <summary>Takes the result of sending what is held for a living connection; whether that has drained.</summary>
    protected bool AdvanceBacklog(Connection* connection, int result, out IoEvent report)
    {
        _sendCalls++;
        report = new(IoEventKind.Drained, Table.IdOf(connection), 0, 0, 0);
        switch (Blocked.Advance(connection, result))
        {
            case BacklogStep.Drained:
                return true;
            case BacklogStep.Waits:
                _sockets.AwaitRoom(connection);
                return false;
            default:
                return false;
        }
    }

    /// <summary>Hands everything that was queued to the sockets, and sets aside what they do not take.</summary>
    private void SendQueued()
    {
        for (Connection* connection = _sends.Take(); connection is not null; connection = _sends.Take())
        {
            _sendCalls++;
            int result = _sockets.Send(connection, connection->SendStart, connection->SendLength);
            if (Blocked.Settle(connection, result))
            {
                _sockets.AwaitRoom(connection);
            }
        }
    }

    /// <summary>Accepts as many as there is room to report, so that a flood of connections that are refused cannot hold a pass up.</summary>
    private int Accept(Span<IoEvent> events)
    {
        int count = 0;
        int listener = _firstListener < _listeners.Count ? _firstListener : 0;
        _firstListener = listener + 1; // The others have the first turn next, so that a flood at one leaves room for them.
        for (int tries = 0, silent = 0; tries < events.Length && silent < _listeners.Count;)
        {
            int descriptor = _listeners[listener].Accept();
            if (descriptor < 0)
            {
                silent++;
                listener = listener + 1 < _listeners.Count ? listener + 1 : 0;
                continue;
            }

            tries++;
            if (TryAccept(descriptor, listener, out events[count]))
            {
                count++;
            }
        }

        return count;
    }

    private bool MayAccept()
    {
        for (int i = 0; i < _listeners.Count; i++)
        {
            if (_listeners[i].HasWork)
            {
                return true;
            }
        }

        return false;
    }
}
