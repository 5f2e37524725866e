using FastCache.Core;
using FastCache.Io;
using FastCache.Node.Doors.Resp.ClientCaching;
using FastCache.Node.Doors.Resp.Collections;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Node.Doors.Resp.Subscriptions;
using FastCache.Node.Doors.Resp.Transactions;
using FastCache.Node.Doors.Resp.Waiting;
using FastCache.Node.Sessions;
using FastCache.Protocol;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>Redis's protocol: brings its commands together, and calls of them to their shards and back.</summary>
/// <remarks>
/// A command that does to each of its keys what it would do to that one alone (MGET, MSET, DEL, EXISTS) is as many calls as it has
/// keys, so that their misses overlap, no reply is longer than one value, and the keys may lie on any shards; what the parts
/// answer is joined on the shard of the connection, where replies come in order.
/// </remarks>
internal sealed class RespDoor : Door
{
    private readonly DoorShard _shard;
    private readonly NodeCounters _counters;
    private readonly CommandTable _commands;
    private readonly ClientTracking _tracking;
    private readonly KeyEventChannels _events;
    private readonly SubscriptionTable _subscriptions;
    private readonly RespInput _input;
    private readonly RespCalls _calls;
    private readonly RespParcels _parcels;
    private readonly TransactionCommands _transactions;
    private readonly CarryPool _carries;
    private readonly Waits _waits;

    public RespDoor(DoorShard shard)
    {
        _shard = shard;
        _counters = shard.Counters;
        _carries = shard.Carries;
        _transactions = new TransactionCommands(shard);
        ScanCommands scans = new(shard);
        _subscriptions = new SubscriptionTable(shard);
        ShardNotices notices = new(shard);
        shard.Tracking.Listener = _tracking = new ClientTracking(shard, notices);
        shard.EventChannels = _events = new KeyEventChannels(shard, _subscriptions, notices);
        ConnectionCommands connections = new(shard, _subscriptions, _tracking);
        ServerCommands server = new(shard);
        ListPops pops = new(shard);
        SortedSetPopCommands memberPops = new(shard);
        StringCommands strings = new(shard);
        CommandTable commands = _commands = new(
        [
            .. connections.Commands,
            .. strings.Commands,
            .. new RangeCommands(shard).Commands,
            .. new CounterCommands(shard).Commands,
            .. new KeyCommands(shard).Commands,
            .. new ExpiryCommands(shard).Commands,
            .. new HashCommands(shard).Commands,
            .. new SortedSetCommands(shard).Commands,
            .. new SortedSetRangeCommands(shard).Commands,
            .. memberPops.Commands,
            .. new SortedSetCombineCommands(shard).Commands,
            .. new SetCommands(shard).Commands,
            .. new SetAlgebraCommands(shard).Commands,
            .. new ListCommands(shard, pops).Commands,
            .. new ListPositionCommands(shard).Commands,
            .. new ListSearchCommands(shard).Commands,
            .. new BlockingListCommands(shard, pops).Commands,
            .. new BlockingSortedSetCommands(shard, memberPops).Commands,
            .. scans.Commands,
            .. server.Commands,
            .. new ClusterCommands(shard).Commands,
            .. new SubscriptionCommands(shard, _subscriptions).Commands,
            .. _transactions.Commands,
        ]);
        server.Table = connections.Table = _tracking.Table = commands;
        _transactions.Run = new TransactionRun(shard, new RespCalls(shard, commands, strings, capacity: 1), commands);
        _calls = new RespCalls(shard, commands, strings, RequestGroup.Capacity);
        _input = new RespInput(shard, commands, _calls, scans);
        _parcels = new RespParcels(shard, commands, strings, TakeNotice);
        _waits = shard.Waits;
        Held = new HeldCalls(shard, _parcels);
    }

    /// <summary>Calls that wait for something.</summary>
    public HeldCalls Held { get; }

    public override DoorKind Kind => DoorKind.Resp;

    public override void Open(Session session)
    {
        RespTalk talk = session.Talk as RespTalk ?? new RespTalk(_carries);
        session.Talk = talk;
        session.IsIntroduced = true;
        talk.Open(_shard.Clients.Open(new ClientPlace(_shard.Topology.Shard, session.Connection)));
    }

    public override void Closed(Session session)
    {
        RespTalk talk = (RespTalk)session.Talk!;
        _subscriptions.Leave(session);
        talk.Subscriptions = null;
        _tracking.Stop(session);
        _shard.Clients.Close(talk.Id);
    }

    public override void Rewound(Session session) => ((RespTalk)session.Talk!).Progress = default;

    public override bool Decode(Session session, RequestGroup group) => _input.Decode(session, group);

    public override void Close(Session session) => ((RespTalk)session.Talk!).Close();

    public override long HeldBytes(Session session) => ((RespTalk)session.Talk!).HeldBytes;

    public override int Execute(Session session, int call, in LookupKey key, Span<byte> room)
    {
        RespTalk talk = (RespTalk)session.Talk!;
        if (talk.Tracking is not null)
        {
            NoteCall(talk, call);
        }

        int bytes = _calls.Execute(call, session, talk, key, room);
        return _waits.HasWish ? AnswerOrHold(session, call, bytes, room) : bytes;
    }

    public override int RefuseForwarding(Session session, int call, Span<byte> room)
    {
        RespTalk talk = (RespTalk)session.Talk!;
        _calls.RefuseMemory(call);
        return _calls.Execute(call, session, talk, default, room);
    }

    public override int PackedBytes(int call) => _parcels.BytesOf(_calls[call]);

    public override byte TagOf(int call) => _calls.TagOf(call);

    public override void Pack(Session session, int call, Span<byte> frame)
    {
        RespTalk talk = (RespTalk)session.Talk!;
        Waiter waiter = IsBlocking(_calls[call]) ? _waits.Begin(session) : default;
        _parcels.Write(_calls[call], talk.IsVersion3, waiter, frame);
        talk.LastCommand = _calls[call].IsSimple ? _calls.IndexOf(_calls[call].Simple) : _calls[call].CommandIndex;
        if (talk.Tracking is not null)
        {
            // Not before: what it may tell other shards can send the parcel with the frame in it.
            NoteCall(talk, call);
        }

        if (talk.Transaction.IsOpen)
        {
            talk.Transaction.End(); // Of all that comes between MULTI and EXEC only EXEC goes anywhere.
        }
    }

    public override ReadOnlySpan<byte> Receive(int place, ReadOnlySpan<byte> frame) => _parcels.Receive(place, frame);

    public override int ExecuteForeign(int place, in LookupKey key, Span<byte> room)
    {
        int bytes = _parcels.Execute(place, key, room);
        if (!_waits.HasWish)
        {
            return bytes;
        }

        Wish wish = _waits.TakeWish();
        Waiter waiter = _parcels.WaiterOf(place, out bool isVersion3);
        return waiter.Number == 0 || _waits.IsOver ? bytes
            : Held.TryHold(_parcels[place], isVersion3, waiter, wish, out _) ? HeldBack
            : RefuseForeign(place, room);
    }

    public override int RefuseForeign(int place, Span<byte> room) => _parcels.Refuse(place, room);

    public override int TakeReply(Session session, byte tag, ReadOnlySpan<byte> reply, Span<byte> room) =>
        tag == RespJoin.OfWatch
            ? _transactions.TakeWatched((RespTalk)session.Talk!, reply, room)
            : RespJoin.Take((RespTalk)session.Talk!, tag, reply, room);

    public override int End(Session session, Span<byte> room)
    {
        Fault fault = session.Fault;
        bool isQuit = fault.Status == Status.Ok;
        _counters.FatalErrors += isQuit || fault.Status == Status.ShuttingDown ? 0 : 1;
        if (fault.Text.Length == 0 || fault.Status == Status.ShuttingDown)
        {
            // Whatever is said here, a client would take for the reply to its next request.
            session.EndSilently();
            return 0;
        }

        session.State = SessionState.Draining;
        _tracking.Stop(session); // The connection may stay for a while, until its peer has read this.
        RespReplyWriter reply = new(room, isVersion3: false);
        Line line = new(stackalloc byte[200]);
        line.Add(isQuit ? "" : "ERR ");
        line.Add(fault.Text);
        if (isQuit)
        {
            reply.WriteSimple(line.Text);
        }
        else
        {
            reply.WriteError(line.Text);
        }

        return reply.Length;
    }

    private bool IsBlocking(in PendingCall call) =>
        !call.IsSimple && call.CommandIndex >= 0 && (_commands[call.CommandIndex].Flags & CommandFlags.Blocking) != 0;

    /// <summary>Lets a call of a session of this shard wait that asks for it, unless it was executed by a command that does not.</summary>
    private int AnswerOrHold(Session session, int call, int bytes, Span<byte> room)
    {
        Wish wish = _waits.TakeWish();
        if (!IsBlocking(_calls[call]) || _waits.IsOver)
        {
            return bytes;
        }

        Waiter waiter = _waits.Begin(session);
        if (Held.TryHold(_calls[call], ((RespTalk)session.Talk!).IsVersion3, waiter, wish, out int bytesHeld))
        {
            session.WaitBytes = bytesHeld;
            return 0;
        }

        _waits.Abandon(session);
        return RefuseForwarding(session, call, room);
    }

    private void NoteCall(RespTalk talk, int call) =>
        _tracking.NoteCall(talk, _calls[call], _calls[call].IsSimple || _calls[call].CommandIndex < 0 ? null : _commands[_calls[call].CommandIndex]);

    private void TakeNotice(ReadOnlySpan<byte> frame)
    {
        ReadOnlySpan<byte> contents = ShardNotices.Read(frame, out NoticeKind kind, out ConnectionId connection);
        switch (kind)
        {
            case NoticeKind.Changed:
                _tracking.Tell(contents);
                break;
            case NoticeKind.AllChanged:
                _tracking.TellAll();
                break;
            case NoticeKind.KeyEvent:
                _events.Take(contents);
                break;
            default:
                if (_shard.Sessions().Find(connection) is Session session)
                {
                    _tracking.Push(session, contents);
                }

                break;
        }
    }
}
