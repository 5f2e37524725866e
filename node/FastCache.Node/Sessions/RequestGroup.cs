using System.Diagnostics;
using System.Runtime.CompilerServices;
using FastCache.Core;
using FastCache.Node.Doors;
using FastCache.Node.Shards;
using FastCache.Protocol;

namespace FastCache.Node.Sessions;

/// <summary>Up to 64 requests, of any connections, whose cache misses overlap.</summary>
/// <remarks>
/// <code>
/// Add request i     hash key i, start to load its bucket
///                   probe the tags of key i - 16, start to load its item or its overflow bucket
///                   probe the overflow bucket of key i - 32, if it needs that, start to load its item
/// Execute           do the same for the last ones; then look up and answer 0, 1, 2, ... in order
/// </code>
/// Nearly every load is under way for 16 requests before its bytes are needed. Requests of one connection that lie in
/// one piece of its input form a run; what is the same for all of them is kept once.
/// <para>Invariants:
/// 1. The runs' entries are contiguous and in the order of decoding; only the newest run may be empty.
/// 2. Input of a session in the group neither moves nor is released until <see cref="Execute"/> has returned.
/// </para>
/// </remarks>
/// <param name="shard">Where the keys of this shard are.</param>
/// <param name="executor">What runs the requests.</param>
/// <param name="bound">What runs those that need what a connection holds.</param>
/// <param name="replies">Where the answers go.</param>
/// <param name="counters">What is counted.</param>
/// <param name="changes">What others are told of.</param>
/// <param name="topology">Where keys are.</param>
/// <param name="foreign">Where the keys of other shards are; null when there are none.</param>
internal sealed class RequestGroup(
    Shard shard,
    RequestExecutor executor,
    BoundRequests bound,
    ReplyPath replies,
    NodeCounters counters,
    ChangeLog changes,
    NodeTopology topology,
    ForeignRequests? foreign)
{
    /// <summary>Most requests of a group.</summary>
    public const int Capacity = 64;

    private const int ProbeLag = 16;

    private readonly Entry[] _entries = new Entry[Capacity];
    private readonly LookupKey[] _keys = new LookupKey[Capacity];
    private readonly Run[] _runs = new Run[Capacity + 1];
    private readonly bool _hasAllKeys = topology.HasAllKeys;
    private int _runCount;

    private enum Kind : byte
    {
        Request,
        Moved,
        BatchKey,
        BatchEntry,
        Bound,
        Scan,
        Unasked,
        Call,
        TooLarge,
        Fatal,
    }

    public int Count { get; private set; }

    /// <summary>How many groups have been executed before this one.</summary>
    public long Number { get; private set; }

    public bool IsFull => Count == Capacity;

    /// <summary>Whether requests of this session wait; they are always the newest while it decodes.</summary>
    public bool EndsWith(Session session)
    {
        for (int run = _runCount - 1; run >= 0; run--)
        {
            if (_runs[run].First < Count)
            {
                return _runs[run].Session == session;
            }
        }

        return false;
    }

    /// <summary>The requests that are added from here on are this session's and lie in this piece of its input.</summary>
    public void StartRun(Session session, int piece)
    {
        if (_runCount != 0 && _runs[_runCount - 1].First == Count)
        {
            _runCount--;
        }

        _runs[_runCount++] = new Run { Session = session, Piece = piece, First = Count };
    }

    /// <summary>Adds a request that was found at an offset of the run's piece. The group has room.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(in Request request, int offset)
    {
        bool hasKey = request.KeyLength != 0;
        int owner = hasKey ? OwnerOf(request.Key, request.IsForCopy) : ForeignRequests.EveryShard;
        _keys[Count] = hasKey && IsAtHome(owner) ? shard.Prepare(request.Key) : default;
        Put(request, offset, owner == NodeTopology.Elsewhere ? Kind.Moved : Kind.Request, owner);
    }

    /// <summary>Adds the key of a batched get at a position, and moves the position's offset in the batch past it. The
    /// group has room.</summary>
    public void AddBatchKey(in Request request, ref InputPosition position)
    {
        int offset = position.BatchOffset;
        ReadOnlySpan<byte> key = request.ReadBatchKey(ref position.BatchOffset);
        PutBatch(request, key, position, offset, Kind.BatchKey, OwnerOf(key));
    }

    /// <summary>Adds the entry of a batched set at a position, and moves the position's offset in the batch past it. The
    /// group has room.</summary>
    public void AddBatchEntry(in Request request, ref InputPosition position)
    {
        int offset = position.BatchOffset;
        ReadOnlySpan<byte> key = request.ReadBatchEntry(ref position.BatchOffset, out ReadOnlySpan<byte> value);
        // Refused wherever it is executed, so it need not travel.
        int owner = value.Length > executor.MaxValueBytesNow ? ForeignRequests.EveryShard : OwnerOf(key);
        PutBatch(request, key, position, offset, Kind.BatchEntry, owner);
    }

    /// <summary>Adds what <see cref="Door.Execute"/> is to be called for. The group has room.</summary>
    /// <param name="key">Its key; empty when it has none.</param>
    /// <param name="owner">The shard that executes it, <see cref="ForeignRequests.EveryShard"/> where any can, or <see cref="NodeTopology.Elsewhere"/>.</param>
    /// <param name="position">Where decoding has to go on if it cannot be executed now.</param>
    /// <param name="looks">How many items it looks at beside its own: each counts as a request. With any the group is to be executed before
    /// another one of the session is added.</param>
    /// <param name="company">What of the session may be under way at other shards at the same time.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddCall(
        ReadOnlySpan<byte> key, int owner, in InputPosition position, int looks = 0, CallCompany company = CallCompany.Any)
    {
        _keys[Count] = !key.IsEmpty && (owner >= 0 && IsAtHome(owner)) ? shard.Prepare(key) : default;
        ref Entry entry = ref _entries[Count];
        entry.BatchKey = position.BatchKeys;
        entry.Looks = looks;
        entry.Company = company;
        Put(position.Offset, Kind.Call, owner);
    }

    /// <summary>The shard that has a key, or <see cref="NodeTopology.Elsewhere"/>.</summary>
    /// <param name="key">The key.</param>
    /// <param name="isForCopy">Whether it is asked of a replica.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int OwnerOf(ReadOnlySpan<byte> key, bool isForCopy = false) => _hasAllKeys ? 0 : topology.OwnerOf(key, isForCopy);

    /// <summary>Whether a shard is this one; <see cref="NodeTopology.Elsewhere"/> is none of the node's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsAtHome(int owner) => foreign is null ? owner != NodeTopology.Elsewhere : owner == foreign.Home;

    /// <summary>Adds a request that needs what its connection holds. The group has room.</summary>
    public void AddBound(in Request request, int offset) => PutKeyless(request, offset, Kind.Bound);

    /// <summary>Adds a request for keys. The group has room, and is to be executed before another request of the session is added.</summary>
    public void AddScan(in Request request, int offset) => PutKeyless(request, offset, Kind.Scan);

    /// <summary>Adds the frames that a session is sent unasked in this pass. The group has room, and nothing of the session
    /// that was decoded in this pass.</summary>
    public void AddUnasked(Session session)
    {
        InputPosition position = session.Input.Position;
        session.UnaskedPosition = position;
        StartRun(session, position.Piece);
        PutKeyless(default, position.Offset, Kind.Unasked);
    }

    /// <summary>Adds the refusal of a write whose value is too large. The group has room.</summary>
    public void AddTooLarge(in Request request, int offset) => PutKeyless(request, offset, Kind.TooLarge);

    /// <summary>Adds the end of a conversation. The group has room.</summary>
    public void AddFatal(int offset) => PutKeyless(default, offset, Kind.Fatal);

    /// <summary>Executes all requests in order and stages their replies.</summary>
    /// <remarks>Those of a session that must not be answered now are given back to its input.</remarks>
    public void Execute()
    {
        if (Count == 0)
        {
            return;
        }

        for (int i = Math.Max(0, Count - ProbeLag); i < Count; i++)
        {
            shard.Probe(ref _keys[i]);
        }

        for (int i = Math.Max(0, Count - (2 * ProbeLag)); i < Count; i++)
        {
            shard.ProbeOverflow(ref _keys[i]);
        }

        for (int run = 0; run < _runCount; run++)
        {
            int end = run + 1 < _runCount ? _runs[run + 1].First : Count;
            // The newest run may be empty: there is no entry that its session could go back to.
            if (!_runs[run].Session.IsCut && _runs[run].First < end)
            {
                replies.Count(_runs[run].Session, end - _runs[run].First);
                if (foreign is null)
                {
                    Execute(_runs[run], end);
                }
                else
                {
                    ExecuteAmongShards(_runs[run], end);
                }
            }
        }

        for (int run = 0; run < _runCount; run++)
        {
            Session session = _runs[run].Session;
            session.IsCut = false;
            session.Input.Commit();
        }

        changes.EndRequests();
        Count = _runCount = 0;
        Number++;
        counters.Batches++;
        shard.EndBatch();
    }

    private void Execute(in Run run, int end)
    {
        Session session = run.Session;
        changes.BeginRequestsOf(session);
        for (int i = run.First; i < end;)
        {
            int allowance = replies.Allowance(session);
            if (allowance <= 0)
            {
                Postpone(run, i);
                return;
            }

            Span<byte> room = replies.Room;
            int bytes = 0;
            do
            {
                bytes += Execute(session, i, room[bytes..]);
                i++;
            }
            while (i < end && bytes < allowance);
            if (bytes > 0)
            {
                replies.Stage(session, bytes);
            }
        }
    }

    /// <summary>The same where some keys belong to other shards.</summary>
    private void ExecuteAmongShards(in Run run, int end)
    {
        Session session = run.Session;
        changes.BeginRequestsOf(session);
        if (!foreign!.TryStage(session, replies))
        {
            Postpone(run, run.First);
            return;
        }

        for (int i = run.First; i < end;)
        {
            int owner = _entries[i].Owner;
            bool isOfBatch = _entries[i].Kind is Kind.BatchKey or Kind.BatchEntry;
            CallCompany company = _entries[i].Kind == Kind.Call ? _entries[i].Company : CallCompany.Any;
            bool travels = foreign.Travels(session, owner);
            int length = !travels ? 0
                : _entries[i].Kind == Kind.Call ? session.Door.PackedBytes(i)
                : BytesOf(_entries[i]);
            ForwardResult forwarded = foreign.MayGoOn(session, owner, isOfBatch, company, length);
            if (travels && forwarded == ForwardResult.Sent)
            {
                forwarded = _entries[i].Kind == Kind.Call ? ForwardCall(session, i, length) : Forward(session, _entries[i], length);
                if (forwarded == ForwardResult.Sent)
                {
                    session.IsAloneUnderWay |= company != CallCompany.Any;
                    i++;
                    continue;
                }
            }

            if (forwarded is ForwardResult.AwaitsReplies or ForwardResult.AwaitsSome
                || (forwarded is ForwardResult.NoParcel or ForwardResult.NoMemory && session.Outstanding > 0))
            {
                Rewind(run, i);
                // A client that takes replies in any order may go on with any. Otherwise half of them: a few requests at a time pay for a pass.
                session.AwaitReplies(outstanding: session.IsUnordered ? session.Outstanding - 1
                    : forwarded is ForwardResult.AwaitsReplies or ForwardResult.NoMemory ? 0
                    : session.Outstanding / 2);
                return;
            }

            int allowance = replies.Allowance(session);
            if (allowance <= 0 || forwarded == ForwardResult.NoParcel
                || (forwarded == ForwardResult.NoMemory && replies.MayAwaitMemory(session)))
            {
                Postpone(run, i);
                return;
            }

            Span<byte> room = replies.Room;
            int bytes = travels
                ? RefuseForwarding(session, i, room)
                : Execute(session, i, room);
            session.StarvedSinceMillis = travels ? null : session.StarvedSinceMillis; // The next one has its whole patience again.
            if (bytes > 0)
            {
                replies.Stage(session, bytes);
            }

            i++;
        }
    }

    private void Postpone(in Run run, int entry)
    {
        Rewind(run, entry);
        replies.Postpone(run.Session);
    }

    private void Rewind(in Run run, int entry)
    {
        ref readonly Entry first = ref _entries[entry];
        run.Session.Rewind(
            first.Kind == Kind.Unasked ? run.Session.UnaskedPosition : PositionOf(run, first),
            isToHello: first.Kind == Kind.Request && first.Request.Opcode == Opcode.Hello);
    }

    /// <summary>Bytes of the frame that <see cref="Forward"/> sends.</summary>
    private static int BytesOf(in Entry entry)
    {
        Request request = entry.Request;
        if (entry.Kind == Kind.Request)
        {
            return request.Frame.Length;
        }

        ReadOnlySpan<byte> key = KeyOf(entry, out ReadOnlySpan<byte> value);
        return FcpLimits.HeaderBytes + (request.HasTimeToLive ? FcpLimits.TimeToLiveBytes : 0) + key.Length + value.Length;
    }

    /// <summary>The key of an entry of a batch, and the value of one that is set.</summary>
    private static ReadOnlySpan<byte> KeyOf(in Entry entry, out ReadOnlySpan<byte> value)
    {
        Request request = entry.Request;
        int offset = entry.BatchOffset;
        value = default;
        return entry.Kind == Kind.BatchKey ? request.ReadBatchKey(ref offset) : request.ReadBatchEntry(ref offset, out value);
    }

    private ForwardResult Forward(Session session, in Entry entry, int length)
    {
        Request request = entry.Request;
        if (entry.Kind == Kind.Request)
        {
            ForwardResult sent = foreign!.TryAdd(session, entry.Owner, length, BatchPlace.None, out Span<byte> whole);
            if (sent == ForwardResult.Sent)
            {
                request.Frame.CopyTo(whole);
            }

            return sent;
        }

        // An entry of a batch travels as the request that it would be by itself; its reply is made one of the batch's.
        BatchPlace place = new(request.Opcode, entry.BatchKey, entry.BatchKey + 1 == (int)request.Argument);
        ReadOnlySpan<byte> key = KeyOf(entry, out ReadOnlySpan<byte> value);
        ForwardResult result = foreign!.TryAdd(session, entry.Owner, length, place, out Span<byte> frame);
        if (result == ForwardResult.Sent)
        {
            int written = entry.Kind == Kind.BatchKey
                ? RequestWriter.Get(frame, request.Id, key, request.ReturnVersion)
                : RequestWriter.Set(
                    frame, request.Id, key, value, request.TimeToLiveMillis, returnVersion: request.ReturnVersion);
            Debug.Assert(written == length);
            RequestWriter.MakeQuiet(frame, request.IsQuiet && !place.IsLast);
        }

        return result;
    }

    private ForwardResult ForwardCall(Session session, int call, int length)
    {
        Door door = session.Door;
        ForwardResult sent = foreign!.TryAdd(
            session, _entries[call].Owner, length, BatchPlace.None, out Span<byte> frame, door.TagOf(call));
        if (sent == ForwardResult.Sent)
        {
            replies.Count(session, _entries[call].Looks);
            door.Pack(session, call, frame);
        }

        return sent;
    }

    private int RefuseForwarding(Session session, int entry, Span<byte> room) => _entries[entry].Kind == Kind.Call
        ? session.Door.RefuseForwarding(session, entry, room)
        : executor.RefuseForwarding(_entries[entry].Request, room);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Execute(Session session, int place, Span<byte> room)
    {
        ref readonly Entry entry = ref _entries[place];
        return entry.Kind == Kind.Request
            ? executor.Execute(entry.Request, _keys[place], room)
            : entry.Kind == Kind.Call
                ? ExecuteCall(session, place, entry.Looks, room)
                : ExecuteOther(session, entry, _keys[place], room);
    }

    private int ExecuteCall(Session session, int place, int looks, Span<byte> room)
    {
        if (looks > 0)
        {
            replies.Count(session, looks);
        }

        return session.Door.Execute(session, place, _keys[place], room);
    }

    private int ExecuteOther(Session session, in Entry entry, in LookupKey key, Span<byte> room) => entry.Kind switch
    {
        Kind.Moved => executor.RefuseMoved(entry.Request, room),
        Kind.BatchKey or Kind.BatchEntry when entry.Owner == NodeTopology.Elsewhere =>
            executor.RefuseMovedEntry(entry.Request, entry.BatchKey, entry.BatchOffset, room),
        Kind.BatchKey => executor.ExecuteBatchKey(entry.Request, entry.BatchKey, key, room),
        Kind.BatchEntry => executor.ExecuteBatchEntry(entry.Request, entry.BatchKey, entry.BatchOffset, key, room),
        Kind.Bound => bound.Execute(session, entry.Request, room),
        Kind.Scan => Scan(session, entry.Request, room),
        Kind.Unasked => bound.Write(session, room),
        Kind.TooLarge => executor.RefuseValue(entry.Request, room),
        _ => session.Door.End(session, room),
    };

    /// <summary>Each look counts as a request: a pass has no more of them of one session than of cheap requests.</summary>
    private int Scan(Session session, in Request request, Span<byte> room)
    {
        replies.Count(session, (int)request.Argument);
        return executor.Execute(request, default, room);
    }

    private static InputPosition PositionOf(in Run run, in Entry entry)
    {
        InputPosition position = new() { Piece = run.Piece, Offset = entry.Offset };
        if (entry.Kind is Kind.BatchKey or Kind.BatchEntry)
        {
            position.BatchKeys = entry.BatchKey;
            position.BatchOffset = entry.BatchOffset;
        }
        else if (entry.Kind == Kind.Call)
        {
            position.BatchKeys = entry.BatchKey;
        }

        return position;
    }

    private void PutBatch(
        in Request request, ReadOnlySpan<byte> key, in InputPosition position, int batchOffset, Kind kind, int owner)
    {
        _keys[Count] = IsAtHome(owner) ? shard.Prepare(key) : default;
        Put(request, position.Offset, kind, owner);
        _entries[Count - 1].BatchKey = position.BatchKeys;
        _entries[Count - 1].BatchOffset = batchOffset;
    }

    private void PutKeyless(in Request request, int offset, Kind kind)
    {
        _keys[Count] = default;
        Put(request, offset, kind, ForeignRequests.EveryShard);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Put(in Request request, int offset, Kind kind, int owner)
    {
        _entries[Count].Request = request;
        Put(offset, kind, owner);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Put(int offset, Kind kind, int owner)
    {
        Debug.Assert(_runCount > 0 && !IsFull);
        ref Entry entry = ref _entries[Count];
        entry.Offset = offset;
        entry.Kind = kind;
        entry.Owner = owner;
        if (Count >= ProbeLag)
        {
            shard.Probe(ref _keys[Count - ProbeLag]);
            if (Count >= 2 * ProbeLag)
            {
                shard.ProbeOverflow(ref _keys[Count - (2 * ProbeLag)]);
            }
        }

        Count++;
    }

    private struct Entry
    {
        public Request Request;
        public int Offset;
        public int BatchKey;
        public int BatchOffset;
        public int Owner;
        public int Looks;
        public Kind Kind;
        public CallCompany Company;
    }

    private struct Run
    {
        public Session Session;
        public int Piece;
        public int First;
    }
}
