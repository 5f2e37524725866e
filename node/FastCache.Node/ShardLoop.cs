using FastCache.Core;
using FastCache.Io;
using FastCache.Node.Sessions;
using FastCache.Protocol;

namespace FastCache.Node;

/// <summary>One shard's thread: waits for its connections, executes what they ask in groups, answers, and waits again.</summary>
/// <remarks>
/// One pass: submit replies and reap what is ready (one system call); decode and execute; stage replies. See DESIGN.md,
/// "The shape of a node".
/// </remarks>
internal sealed class ShardLoop : IDisposable
{
    private const int EventsPerPass = 1024;
    private const int HousekeepingMillis = 100;
    private const long DrainTimeoutMillis = 1_000;
    private const int PartialFrameCheckMillis = 1_000;

    private readonly IShardIo _io;
    private readonly Shard _shard;
    private readonly CarryPool _carries;
    private readonly Outbox _outbox;
    private readonly RequestGroup _group;
    private readonly BoundRequests _bound;
    private readonly ReplyPath _replies;
    private readonly ReceivePath _path;
    private readonly NodeCounters _counters = new();
    private readonly ProtocolLimits _limits;
    private readonly Session?[] _sessions;
    private int _sessionHighWater;
    private readonly List<Session> _ready = new(EventsPerPass);
    private readonly Action<Session> _markReady;
    private readonly IoEvent[] _events = new IoEvent[EventsPerPass];
    private readonly long _writeTimeoutMillis;
    private readonly long _startTickCount = Environment.TickCount64;
    private volatile bool _stopping;
    private bool _hasMaintenance;
    private long _startUnixMillis = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
    private readonly long _frameTimeoutMillis;
    private long _nextHousekeeping;
    private long _nextPartialFrameCheck;

    /// <param name="io">The backend; created on the thread that will call <see cref="Run"/>.</param>
    /// <param name="ioOptions">Its sizes.</param>
    /// <param name="shard">The cache.</param>
    /// <param name="options">The node's options.</param>
    /// <param name="limits">What clients may ask for; null: all that the shard can hold.</param>
    /// <param name="outboxSizes">When replies are sent; null: <see cref="OutboxSizes.Default"/>.</param>
    public ShardLoop(
        IShardIo io,
        ShardIoOptions ioOptions,
        Shard shard,
        NodeOptions options,
        ProtocolLimits? limits = null,
        OutboxSizes? outboxSizes = null)
    {
        _io = io;
        _shard = shard;
        _limits = limits ?? new ProtocolLimits(Shard.MaxKeyBytes, RequestExecutor.MaxValueBytes, FcpLimits.MaxBatchKeys);
        _carries = new CarryPool(options.ConnectionMemoryBytes - ioOptions.MaxBacklogBytes);
        _path = new ReceivePath(io, ioOptions.ReceiveBuffers, _carries);
        _outbox = new Outbox(io, RequestExecutor.MaxReplyBytes, outboxSizes ?? OutboxSizes.Default);
        // A peer that is paused can have one frame under way, and all of the backend's receive buffers twice: filled
        // before the pause, and again before the backend hears of it.
        int parkLimitBytes = (2 * ioOptions.ReceiveBuffers * ioOptions.ReceiveBufferBytes) + _limits.MaxFrameBytes;
        _replies = new ReplyPath(io, _outbox, _counters, parkLimitBytes);
        StatsReport stats = new(shard, _counters, ElapsedMillis);
        SingleShard topology = new();
        ChangeLog changes = new();
        _bound = new BoundRequests(
            new StreamService(shard, _carries, topology, changes, _counters),
            new Tracking(changes, _counters),
            _counters,
            _outbox.SessionWatermark / 2);
        RequestExecutor executor = new(shard, _limits, stats, _counters, topology, changes);
        _group = new RequestGroup(shard, executor, _bound, _replies, _counters, changes);
        _sessions = new Session?[ioOptions.MaxConnections];
        _writeTimeoutMillis = (long)options.WriteTimeout.TotalMilliseconds;
        _frameTimeoutMillis = (long)options.FrameTimeout.TotalMilliseconds;
        _markReady = MarkReady;
    }

    /// <summary>Where the sessions' bytes are carried.</summary>
    public CarryPool Carries => _carries;

    /// <summary>What the loop has counted; to be read by its thread, or once it has ended.</summary>
    public NodeCounters Counters => _counters;

    /// <summary>Serves until <see cref="Stop"/> is called.</summary>
    public void Run()
    {
        while (!_stopping)
        {
            _outbox.Send();
            int count = _io.Poll(_events, _replies.HasWork || _bound.HasWork || _hasMaintenance ? 0 : HousekeepingMillis);
            Advance();
            _replies.Settle();
            _replies.CloseFinished();
            for (int i = 0; i < count; i++)
            {
                Handle(_events[i]);
            }

            _replies.TakePostponed(_markReady);
            _bound.TakeReady(_markReady);
            Serve();
            _bound.EndPass();
            _hasMaintenance = _shard.Maintain();
        }

        _outbox.Send();
        _io.StopListening();
        _io.Flush();
        _replies.Settle();
    }

    /// <summary>Makes <see cref="Run"/> return soon. May be called by any thread.</summary>
    public void Stop()
    {
        _stopping = true;
        _io.Wake();
    }

    public void Dispose()
    {
        _outbox.Dispose();
        _carries.Dispose();
    }

    private long ElapsedMillis() => Environment.TickCount64 - _startTickCount;

    /// <summary>Reads the monotonic clock once a pass, which lives are measured with, and the wall clock now and then, for versions.</summary>
    /// <remarks>The coarse one, exact to a kernel tick of a few milliseconds: the exact one costs several times as much.</remarks>
    private void Advance()
    {
        long elapsed = ElapsedMillis();
        _shard.Advance(elapsed, _startUnixMillis + elapsed);
        _replies.NowMillis = elapsed;
        if (elapsed >= _nextHousekeeping)
        {
            _startUnixMillis = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - elapsed;
            _nextHousekeeping = elapsed + HousekeepingMillis;
            _replies.CloseOverdue(_writeTimeoutMillis, DrainTimeoutMillis);
        }

        if (elapsed >= _nextPartialFrameCheck)
        {
            _nextPartialFrameCheck = elapsed + PartialFrameCheckMillis;
            ClosePartialFrames(elapsed);
        }
    }

    private void Handle(in IoEvent happened)
    {
        switch (happened.Kind)
        {
            case IoEventKind.Received:
                Session receiver = _sessions[happened.Connection.Slot]!;
                receiver.Input.Append(happened.Buffer, happened.Length);
                _counters.BytesReceived += happened.Length;
                MarkReady(receiver);
                break;
            case IoEventKind.Accepted:
                ref Session? accepted = ref _sessions[happened.Connection.Slot];
                accepted ??= new Session(_path, _limits);
                _sessionHighWater = Math.Max(_sessionHighWater, happened.Connection.Slot + 1);
                accepted.Open(happened.Connection);
                _counters.Accepted++;
                _counters.Connections++;
                break;
            case IoEventKind.EndOfInput:
                Session last = _sessions[happened.Connection.Slot]!;
                last.IsInputOver = true;
                MarkReady(last);
                break;
            case IoEventKind.Drained:
                Session drained = _sessions[happened.Connection.Slot]!;
                _replies.Drained(drained);
                MarkReady(drained);
                break;
            case IoEventKind.Closed:
                Session closed = _sessions[happened.Connection.Slot]!;
                _replies.Closed(closed);
                _bound.Closed(closed);
                closed.Close();
                _counters.Connections--;
                break;
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
            else if (session.State != SessionState.Closed)
            {
                _replies.Receive(session);
            }
        }

        _group.Execute();
        foreach (Session session in _ready)
        {
            if (session.IsPostponed)
            {
                continue;
            }

            _replies.Resume(session);
            if (session.IsInputOver && !session.IsSending)
            {
                _replies.Finish(session);
            }
        }

        _ready.Clear();
    }

    /// <summary>Closes peers that have begun a frame and do not end it: what they have sent of it holds memory.</summary>
    private void ClosePartialFrames(long nowMillis)
    {
        foreach (Session? session in _sessions.AsSpan(0, _sessionHighWater))
        {
            // While replies wait for the peer, what it has sent waits here for the node's reasons, whole frames too.
            if (session is { MayExecute: true } && nowMillis - session.PartialFrameSinceMillis >= _frameTimeoutMillis)
            {
                _counters.FrameTimeouts++;
                session.PartialFrameSinceMillis = null;
                _io.Close(session.Connection);
            }
        }
    }

    private void Execute(Session session)
    {
        session.HasDecoded = false;
        _bound.AddTo(_group, session);
        while (!session.IsPostponed && session.Decode(_group))
        {
            _group.Execute();
        }

        if (!session.IsPostponed && !_group.EndsWith(session))
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
}
