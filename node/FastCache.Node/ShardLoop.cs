using System.Diagnostics;
using FastCache.Core;
using FastCache.Io;
using FastCache.Node.Cluster;
using FastCache.Node.Doors;
using FastCache.Node.Doors.Memcached;
using FastCache.Node.Doors.Resp;
using FastCache.Node.Doors.Resp.Waiting;
using FastCache.Node.Limits;
using FastCache.Node.Sessions;
using FastCache.Node.Shards;
using FastCache.Protocol;

namespace FastCache.Node;

/// <summary>One shard's thread: waits for its connections, executes what they ask in groups, answers, and waits again.</summary>
/// <remarks>
/// <para>
/// One pass: submit replies and reap what is ready (one system call); decode and execute; stage replies. See DESIGN.md,
/// "The shape of a node". What concerns keys of other shards goes out and comes in by the parcel, once a pass.
/// </para>
/// <code>
///            Stop               every session answered and told, or the deadline      all shards are so far
///   serving ------> stopping ------------------------------------------------> done ------------------------> Run returns
///                   no accepts                              still serves the other shards' requests
/// </code>
/// </remarks>
internal sealed class ShardLoop : IDisposable
{
    private const int EventsPerPass = 1024;
    private const int HousekeepingMillis = 100;
    private const int DeadlineCheckMillis = 500;
    private const long DrainTimeoutMillis = 1_000;

    // Longest kernel tick, rounded up.
    private const int CoarseMillis = 16;

    private readonly IShardIo _io;
    private readonly Shard _shard;
    private readonly SharedState _shared;
    private readonly ShardExchange _exchange;
    private readonly int _home;
    private readonly CarryPool _carries;
    private readonly Outbox _outbox;
    private readonly RequestExecutor _executor;
    private readonly RequestGroup _group;
    private readonly BoundRequests _bound;
    private readonly ReplyPath _replies;
    private readonly ReceivePath _path;
    private readonly StatsReport _stats;
    private readonly ForeignRequests? _foreign;
    private readonly ForeignService? _service;
    private readonly SlotTakeover? _takeover;
    private readonly Waits _waits;
    private readonly HeldCalls _held;
    private readonly LateAnswers _lateAnswers;
    private readonly NodeCounters _counters = new();
    private readonly SessionTable _sessions;
    private readonly Door[] _doors;
    private readonly DoorKind[] _listeners;
    private readonly Tracking _tracking;
    private readonly Deadlines _deadlines;
    private readonly HeaviestPeers _heaviest;
    private readonly AdaptiveSpin? _spin;
    private readonly List<Session> _ready = new(EventsPerPass);
    private readonly Action<Session> _markReady;
    private readonly Action<Session> _closeOverloaded;
    private readonly Func<Session, bool> _mayAwaitMemory;
    private readonly IoEvent[] _events = new IoEvent[EventsPerPass];
    private readonly long _writeTimeoutMillis;
    private readonly long _shutdownTimeoutMillis;
    private readonly long _startTickCount = Environment.TickCount64;
    private long _startUnixMillis = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
    private volatile bool _stopRequested;
    private bool _isStopping;
    private bool _hasLeft;
    private bool _hasMaintenance;
    private long _stopDeadlineMillis;
    private long _nextHousekeeping;
    private long _nextDeadlineCheck;

    /// <param name="io">The backend; created on the thread that will call <see cref="Run"/>.</param>
    /// <param name="ioOptions">Its sizes.</param>
    /// <param name="shard">The cache.</param>
    /// <param name="options">The node's options.</param>
    /// <param name="shared">What all shards share.</param>
    /// <param name="home">Which shard this is.</param>
    /// <param name="limits">What clients may ask for; null: what the options say.</param>
    /// <param name="outboxSizes">When replies are sent; null: <see cref="OutboxSizes.Default"/>.</param>
    /// <param name="mostOwedBytes">Of long replies, how much a connection of another shard may have waiting: <see cref="ReplyDebts"/>.</param>
    public ShardLoop(
        IShardIo io,
        ShardIoOptions ioOptions,
        Shard shard,
        NodeOptions options,
        SharedState shared,
        int home = 0,
        ProtocolLimits? limits = null,
        OutboxSizes? outboxSizes = null,
        int mostOwedBytes = ReplyDebts.MostBytes)
    {
        _io = io;
        _shard = shard;
        _shared = shared;
        _exchange = shared.Exchange;
        _home = home;
        ProtocolLimits allowed = limits ?? options.ToProtocolLimits();
        _carries = new CarryPool((options.ConnectionMemoryBytes / options.Shards) - ioOptions.MaxBacklogBytes);
        _path = new ReceivePath(io, ioOptions.ReceiveBuffers, _carries);
        _outbox = new Outbox(io, RequestExecutor.MaxReplyBytes, outboxSizes ?? OutboxSizes.Default);
        // A peer that is paused can have one frame under way, and all of the backend's receive buffers twice: filled
        // before the pause, and again before the backend hears of it.
        int parkLimitBytes = (2 * ioOptions.ReceiveBuffers * ioOptions.ReceiveBufferBytes) + allowed.MaxFrameBytes + Door.MaxOptionBytes;
        long patienceMillis = (long)options.PressurePatience.TotalMilliseconds;
        _exchange.Waits.Join(home, ioOptions.MaxConnections);
        _waits = new Waits(shard, _exchange.Waits, home, _counters, () => _replies!.NowMillis);
        _replies = new ReplyPath(
            io, _outbox, _counters, parkLimitBytes, options.MaxPipelined, ioOptions.MaxBacklogBytes, patienceMillis, _waits, shared.Log);
        NodeTopology topology = new(shared.Directory, home, shared.TopologyFile?.Current);
        _stats = new StatsReport(shard, _counters, topology, shared.Board, ElapsedMillis);
        ChangeLog changes = new(home, shared.Interest);
        Tracking tracking = _tracking = new Tracking(changes, _counters);
        Pushes pushes = new(_carries, _replies.CloseTooSlow);
        _bound = new BoundRequests(
            new StreamService(shard, _carries, topology, changes, _counters, (long)options.StreamTimeout.TotalMilliseconds),
            tracking,
            pushes,
            _counters,
            _outbox.SessionWatermark / 2);
        _executor = new RequestExecutor(shard, allowed, _stats, _counters, topology, changes);
        _listeners = [.. options.Listens.Select(listen => listen.Kind)];
        _foreign = options.Shards > 1 ? new ForeignRequests(_exchange, home, _carries, _counters) : null;
        DoorShard place = new()
        {
            Shard = shard,
            Limits = allowed,
            Topology = topology,
            Counters = _counters,
            Stats = _stats,
            Changes = changes,
            Tracking = tracking,
            Pushes = pushes,
            Channels = shared.Channels,
            Clients = shared.Clients,
            Interest = shared.Interest,
            Events = shared.Events,
            Foreign = _foreign,
            Carries = _carries,
            Options = options,
            Doors = shared.Doors,
            Waits = _waits,
            Sessions = () => _sessions!,
            CloseConnection = _replies.Close,
            UnreadBytes = io.BacklogOf,
            UnixMillis = () => _startUnixMillis + _replies.NowMillis,
            NowMillis = () => _replies.NowMillis,
        };
        RespDoor resp = new(place);
        _held = resp.Held;
        shard.RemovalListener = new KeyRemovals(place);
        _doors =
        [
            new FcpDoor(allowed, topology, _counters),
            resp,
            new MemcachedDoor(place),
        ];
        if (options.Shards > 1)
        {
            _service = new ForeignService(_exchange, home, shard, _executor, _doors, topology, allowed, changes, _carries, mostOwedBytes);
        }

        if (topology.Slots is not null)
        {
            _takeover = new SlotTakeover(topology, shard, tracking, _counters, shared.Log);
        }

        _group = new RequestGroup(shard, _executor, _bound, _replies, _counters, changes, topology, _foreign);
        _sessions = new SessionTable(ioOptions.MaxConnections, () => new Session(_path));
        _lateAnswers = new LateAnswers(home, _sessions, _replies, _counters, _service);
        _deadlines = new Deadlines(
            (long)options.HandshakeTimeout.TotalMilliseconds,
            (long)options.FrameTimeout.TotalMilliseconds,
            (long)options.IdleTimeout.TotalMilliseconds);
        _heaviest = new HeaviestPeers(
            io, _sessions, _replies, _carries, _counters, shared.Log, ioOptions.MaxBacklogBytes, patienceMillis);
        _writeTimeoutMillis = (long)options.WriteTimeout.TotalMilliseconds;
        _shutdownTimeoutMillis = (long)options.ShutdownTimeout.TotalMilliseconds;
        _spin = options.Spin ? new AdaptiveSpin() : null;
        _markReady = MarkReady;
        _closeOverloaded = _replies.CloseOverloaded;
        _mayAwaitMemory = _replies.MayAwaitMemory;
        _exchange.Join(home, io);
    }

    /// <summary>Where the sessions' bytes are carried.</summary>
    public CarryPool Carries => _carries;

    /// <summary>What the loop has counted; to be read by its thread, or once it has ended.</summary>
    public NodeCounters Counters => _counters;

    /// <summary>Whether <see cref="Run"/> has nothing left to do.</summary>
    public bool IsOver => _hasLeft && _exchange.IsQuiet;

    /// <summary>Serves until <see cref="Stop"/> is called and the conversations have been brought to their ends.</summary>
    public void Run()
    {
        while (!IsOver)
        {
            Pass();
        }

        _outbox.Send();
        _io.Flush();
        _replies.Settle();
    }

    /// <summary>One pass, see the type.</summary>
    public void Pass()
    {
        _outbox.Send();
        _foreign?.Publish();
        int count = Wait();
        Advance();
        _replies.BeginPass();
        _replies.Settle();
        _replies.CloseFinished();
        for (int i = 0; i < count; i++)
        {
            Handle(_events[i]);
        }

        TakeHandovers();
        _foreign?.TakeArrivals(_sessions, _markReady);
        _replies.TakePostponed(_markReady);
        _bound.TakeReady(_markReady);
        _held.Serve(_lateAnswers);
        Serve();
        _service?.Serve();
        _bound.EndPass(_replies);
        _foreign?.EndPass(_mayAwaitMemory, _closeOverloaded);
        _heaviest.Relieve();
        _takeover?.Step();
        _hasMaintenance = _shard.Maintain();
        if (_stopRequested)
        {
            GoOnStopping();
        }
    }

    /// <summary>Makes <see cref="Run"/> bring everything to its end and return. May be called by any thread.</summary>
    public void Stop()
    {
        _stopRequested = true;
        _io.Wake();
    }

    public void Dispose()
    {
        _service?.Dispose();
        _outbox.Dispose();
        _carries.Dispose();
    }

    private long ElapsedMillis() => Environment.TickCount64 - _startTickCount;

    /// <summary>Submits what is staged, and finds what has happened: at once, after a spin, or after a sleep.</summary>
    private int Wait()
    {
        if (HasWork())
        {
            return _io.Poll(_events, 0);
        }

        long end = _spin?.Begin() ?? 0;
        while (end > 0 && Stopwatch.GetTimestamp() < end)
        {
            int found = _io.Poll(_events, 0);
            if (found > 0 || HasWork())
            {
                _spin!.End(hasEvents: true);
                return found;
            }
        }

        _exchange.FallAsleep(_home);
        long sleepMillis = Math.Clamp(_held.NextLookMillis - ElapsedMillis(), 1, HousekeepingMillis);
        int count = _io.Poll(_events, HasWork() ? 0 : (int)sleepMillis);
        _exchange.Awake(_home);
        _spin?.End(hasEvents: count > 0);
        return count;
    }

    private bool HasWork() =>
        _ready.Count > 0 || _replies.HasWork || _bound.HasWork || _hasMaintenance || _exchange.HasHandover(_home)
        || _held.HasWork || _takeover is { HasWork: true }
        || (_foreign is not null && (_foreign.HasArrivals() || _service!.HasWork()));

    /// <summary>Reads the monotonic clock once a pass, which lives are measured with, and the wall clock now and then, for versions.</summary>
    /// <remarks>The coarse one, exact to a kernel tick of a few milliseconds: the exact one costs several times as much.</remarks>
    private void Advance()
    {
        long elapsed = ElapsedMillis();
        _shard.Advance(elapsed, _startUnixMillis + elapsed);
        if (_shard.ClearIfDue())
        {
            _tracking.TellAll();
        }

        _replies.NowMillis = _bound.NowMillis = elapsed;
        if (elapsed >= _nextHousekeeping)
        {
            // Less is the coarse clock's own lag: followed, it would shift lives that are told by the wall clock.
            long start = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - elapsed;
            if (Math.Abs(start - _startUnixMillis) > CoarseMillis)
            {
                _startUnixMillis = start;
            }

            _nextHousekeeping = elapsed + HousekeepingMillis;
            _replies.CloseOverdue(_writeTimeoutMillis, DrainTimeoutMillis);
            _counters.ConnectionMemoryBytes = _carries.LentBytes + _io.BacklogBytes;
            if (_shared.Board.Count > 1)
            {
                _stats.Refresh();
            }
        }

        if (elapsed >= _nextDeadlineCheck)
        {
            _nextDeadlineCheck = elapsed + DeadlineCheckMillis;
            CloseOverdue(elapsed);
        }
    }

    private void Handle(in IoEvent happened)
    {
        if (happened.Kind == IoEventKind.Woken)
        {
            return;
        }

        if (happened.Kind == IoEventKind.Accepted)
        {
            Accept(happened);
            return;
        }

        Session session = _sessions[happened.Connection.Slot];
        switch (happened.Kind)
        {
            case IoEventKind.Received:
                session.Input.Append(happened.Buffer, happened.Length);
                session.LastReceivedMillis = _replies.NowMillis;
                _counters.BytesReceived += happened.Length;
                MarkReady(session);
                break;
            case IoEventKind.EndOfInput:
                session.IsInputOver = true;
                session.IsToDrain = false; // Nothing comes any more that would have to be thrown away.
                _waits.TakeNothingFor(session);
                MarkReady(session);
                break;
            case IoEventKind.Drained:
                _replies.Drained(session);
                MarkReady(session);
                break;
            case IoEventKind.Closed:
                if (happened.IsOverBacklog)
                {
                    _replies.TellOverloaded(session);
                }

                if (session.IsAdmitted)
                {
                    _shared.Admission.Leave(session.Peer);
                }

                Forget(session);
                break;
            case IoEventKind.Detached:
                Handover handover = new(happened.Descriptor, session.Input.CopyUnread(), session.Peer, session.Door.Kind);
                _counters.HandedOver++;
                int destination = session.Destination;
                Forget(session);
                _exchange.HandOver(destination, handover);
                break;
        }
    }

    private void Accept(in IoEvent accepted)
    {
        Session session = Open(accepted.Connection, _io.PeerOf(accepted.Connection), _doors[(int)_listeners[accepted.Listener]]);
        _counters.Accepted++;
        string? refusal = _shared.Admission.TryEnter(session.Peer);
        session.IsAdmitted = refusal is null;
        if (refusal is not null)
        {
            _counters.ConnectionsRefused++;
            session.EndWith(new Fault(Status.Overloaded, 0, refusal));
        }

        // Not every protocol begins with a word of the client's, and its connection may belong elsewhere.
        MarkReady(session);
    }

    private Session Open(ConnectionId connection, PeerAddress peer, Door door)
    {
        Session session = _sessions.Open(connection, door);
        session.Peer = peer;
        session.OpenedMillis = session.LastReceivedMillis = _replies.NowMillis;
        _counters.Connections++;
        return session;
    }

    private void Forget(Session session)
    {
        _waits.Abandon(session);
        _replies.Closed(session);
        _bound.Closed(session);
        _foreign?.Forget(session);
        session.Door.Closed(session);
        session.Close();
        _counters.Connections--;
    }

    /// <summary>Goes on with connections that began on other shards.</summary>
    private void TakeHandovers()
    {
        while (_exchange.TryTake(_home, out Handover? handover))
        {
            ConnectionId connection;
            try
            {
                connection = _io.Adopt(handover.Descriptor);
            }
            catch (InvalidOperationException)
            {
                ShardIo.CloseDetached(handover.Descriptor);
                _shared.Admission.Leave(handover.Peer);
                continue;
            }

            Session session = Open(connection, handover.Peer, _doors[(int)handover.Door]);
            session.IsAdmitted = session.IsPlaced = true;
            if (session.Input.TryBegin(handover.Input))
            {
                MarkReady(session);
            }
            else
            {
                _replies.CloseOverloaded(session);
            }
        }
    }

    private void MarkReady(Session session)
    {
        if (!session.IsReady)
        {
            session.IsReady = true;
            _ready.Add(session);
        }
    }

    /// <summary>Executes what the ready sessions have received, all of them through one group after another.</summary>
    private void Serve()
    {
        foreach (Session session in _ready)
        {
            session.IsReady = false;
            if (session.MayExecute)
            {
                Execute(session);
            }
            else if (session.State is not (SessionState.Closed or SessionState.Leaving))
            {
                _replies.Receive(session);
            }
        }

        _group.Execute();
        foreach (Session session in _ready)
        {
            if (session.HasForeignReplies && session.MayExecute && !_foreign!.TryStage(session, _replies) && !session.IsPostponed)
            {
                // Also one that waits for replies: they may not come before it has paid for these.
                _replies.Postpone(session);
            }

            if (session.IsParked && session.IsInputOver)
            {
                // Nobody is there any more to have what it waits for. It goes on waiting, for nothing, until what came before is sent:
                // behind a wait that ends without a reply the next one would be taken for that.
                _replies.Finish(session);
                continue;
            }

            if (session.IsHeld || !session.IsAnswered || session.State == SessionState.Leaving)
            {
                continue;
            }

            _replies.Resume(session);
            if (session.IsInputOver && !session.IsSending && !Pushes.IsDue(session))
            {
                _replies.Finish(session);
            }
        }

        _ready.Clear();
    }

    private void Execute(Session session)
    {
        session.HasDecoded = session.IsStarved = false;
        if (!session.IsHeld)
        {
            // What is sent unasked waits with the session: its place in the input is kept until then, and its staged replies stay in one piece.
            _bound.AddTo(_group, session);
        }

        while (!session.IsHeld && session.Door.Decode(session, _group))
        {
            _group.Execute();
        }

        if (session.IsStarved)
        {
            Starve(session);
            return;
        }

        if (session.IsParked)
        {
            session.PartialFrameSinceMillis = null; // A frame that the wait has cut has its whole time again.
            _replies.ReceiveWaiting(session);
            return;
        }

        if (session.State == SessionState.Leaving)
        {
            session.Input.Commit();
            _io.Detach(session.Connection);
            return;
        }

        if (!session.IsHeld && !_group.EndsWith(session))
        {
            session.Input.Commit();
        }

        if (session.Input.CarriedBytes == 0)
        {
            session.PartialFrameSinceMillis = null;
        }
        else if (session.HasDecoded || session.PartialFrameSinceMillis is null)
        {
            session.PartialFrameSinceMillis = _replies.NowMillis;
        }
    }

    /// <summary>Lets a session for whose next frame there is no memory try again, or ends it.</summary>
    private void Starve(Session session)
    {
        if (_replies.MayAwaitMemory(session))
        {
            _replies.Postpone(session);
            return;
        }

        _counters.OverloadedDisconnects++;
        _shared.Log.Write($"{session.Peer} disconnected: no connection memory is left for a frame of its size (--connection-memory)");
        session.EndWith(new Fault(Status.Overloaded, 0, "the node has no memory left for a frame of this size now"));
        while (session.Door.Decode(session, _group))
        {
            _group.Execute();
        }
    }

    private void CloseOverdue(long nowMillis)
    {
        foreach (Session? session in _sessions.All)
        {
            if (session is { State: SessionState.Open, Streams: not null })
            {
                _bound.EndOverdue(session);
            }

            if (session is { IsParked: true })
            {
                session.LastReceivedMillis = nowMillis; // Its silence is what it was asked for.
            }

            // While replies wait for the peer, what it has sent waits here for the node's reasons, whole frames too.
            if (session is { MayExecute: true, IsHeld: false, IsAnswered: true }
                && _deadlines.Overdue(session, nowMillis, _counters) is string reason)
            {
                session.PartialFrameSinceMillis = null;
                session.OpenedMillis = session.LastReceivedMillis = nowMillis;
                _shared.Log.Write($"{session.Peer} disconnected: {reason}");
                _replies.Close(session);
            }
        }
    }

    /// <summary>Tells every peer that is answered to go elsewhere, and finds out when that is done.</summary>
    private void GoOnStopping()
    {
        long now = ElapsedMillis();
        if (!_isStopping)
        {
            _isStopping = _waits.IsOver = true;
            _stopDeadlineMillis = now + _shutdownTimeoutMillis;
            _io.StopListening();
        }

        foreach (Session? session in _sessions.All)
        {
            if (session is { MayExecute: true, IsHeld: false, IsAnswered: true, HasEnded: false })
            {
                // Said in the next pass: in this one others may have been answered since the session was.
                session.EndWith(new Fault(Status.ShuttingDown, 0, SessionFault.ShuttingDown));
                MarkReady(session);
            }
        }

        if (!_hasLeft && ((_counters.Connections == 0 && !_exchange.HasHandover(_home)) || now >= _stopDeadlineMillis))
        {
            _hasLeft = true;
            _exchange.Leave();
        }
    }
}
