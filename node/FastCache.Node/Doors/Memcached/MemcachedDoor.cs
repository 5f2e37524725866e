using System.Runtime.CompilerServices;
using FastCache.Core;
using FastCache.Node.Cluster;
using FastCache.Node.Sessions;
using FastCache.Node.Shards;
using FastCache.Protocol;
using FastCache.Protocol.Memcached;

namespace FastCache.Node.Doors.Memcached;

/// <summary>memcached's protocol: finds requests in a connection's input and brings them to the shards of their keys.</summary>
/// <remarks>
/// A get of many keys is as many calls, so that their misses overlap and the keys may lie on any shards; the last one answers END.
/// Where such a line is cut by the end of a group, <see cref="InputPosition.BatchKeys"/> is the place in it of the next key.
/// </remarks>
internal sealed class MemcachedDoor : Door
{
    private const byte IsPassed = 0;
    private const byte IsSwallowed = 1;

    // Of a get of many keys: one that is refused counts as a miss, for an error between two values would be taken for the next reply.
    private const byte IsPart = 2;
    private const byte IsLastPart = 3;

    private readonly NodeTopology _topology;
    private readonly NodeCounters _counters;
    private readonly MemcachedRequestDecoder _decoder;
    private readonly MemcachedCalls _calls;
    private readonly MemcachedParcels _parcels;
    private readonly byte[] _keys = GC.AllocateUninitializedArray<byte>(
        RequestGroup.Capacity * MemcachedRequestDecoder.MaxKeyBytes, pinned: true);

    public MemcachedDoor(DoorShard shard)
    {
        _topology = shard.Topology;
        _counters = shard.Counters;
        _decoder = new MemcachedRequestDecoder(shard.Limits.MaxValueBytes, shard.Limits.MaxKeyBytes);
        _calls = new MemcachedCalls(shard, RequestGroup.Capacity);
        _parcels = new MemcachedParcels(shard);
    }

    public override DoorKind Kind => DoorKind.Memcached;

    public override void Open(Session session)
    {
        MemcachedTalk talk = session.Talk as MemcachedTalk ?? new MemcachedTalk();
        session.Talk = talk;
        session.IsIntroduced = true;
        talk.Progress = default;
        talk.IsText = false;
        talk.BinaryOpcode = null;
    }

    public override void Rewound(Session session) => ((MemcachedTalk)session.Talk!).Progress = default;

    public override bool Decode(Session session, RequestGroup group)
    {
        MemcachedTalk talk = (MemcachedTalk)session.Talk!;
        if (session.LeavesInTurn(_topology))
        {
            return false;
        }

        while (true)
        {
            if (group.IsFull)
            {
                return true;
            }

            ReadOnlySpan<byte> unread = session.Input.Unread();
            ref InputPosition position = ref session.Input.Position;
            group.StartRun(session, position.Piece);
            if (session.IsToEnd)
            {
                session.End(group, session.Fault);
            }

            if (unread.IsEmpty || session.IsDecoded)
            {
                return false;
            }

            if (!talk.IsText)
            {
                if (MemcachedBinary.Begins(unread))
                {
                    if (TryRefuseBinary(session, talk, group, unread))
                    {
                        continue;
                    }

                    return false;
                }

                talk.IsText = true;
            }

            if (position.Skip > 0)
            {
                int skipped = Math.Min(position.Skip, unread.Length);
                position.Skip -= skipped;
                position.Offset += skipped;
                continue;
            }

            // The requests of one piece, without asking for the piece again.
            int offset = 0;
            DecodeResult result;
            while (true)
            {
                if (_decoder.TryReadSimple(unread[offset..], talk.Progress, out MemcachedSimpleRequest simple)
                    && TryAddSimple(group, simple, position))
                {
                    result = DecodeResult.Ok;
                    session.HasDecoded = true;
                    position.Offset += simple.Length;
                    offset += simple.Length;
                }
                else
                {
                    result = _decoder.Read(unread[offset..], ref talk.Progress, KeyRoom(group), out MemcachedRequest request);
                    if (result != DecodeResult.Ok)
                    {
                        break;
                    }

                    if (!TryAdd(session, group, unread[offset..], request, ref position))
                    {
                        return true;
                    }

                    offset += request.Length;
                }

                if (offset == unread.Length || position.Skip > 0 || session.IsDecoded || group.IsFull)
                {
                    break;
                }
            }

            if (result == DecodeResult.Ok)
            {
                continue;
            }

            if (result == DecodeResult.Fatal)
            {
                session.End(group, new Fault(Status.Malformed, 0, _decoder.Error));
                return false;
            }

            if (group.EndsWith(session))
            {
                return true;
            }

            // A line is looked for in twice as much as there was, so that many small pieces are not copied as often.
            int before = unread.Length;
            bool isInLine = talk.Progress.Length == before + 1;
            if (!session.Input.TryGather(isInLine ? 2 * before : talk.Progress.Length))
            {
                session.IsStarved = true;
                return false;
            }

            session.StarvedSinceMillis = null;
            // Whatever was there has been looked at: only more of it may hold the end.
            if (session.Input.CarriedBytes < talk.Progress.Length || session.Input.CarriedBytes == before)
            {
                return false;
            }
        }
    }

    public override int Execute(Session session, int call, in LookupKey key, Span<byte> room) => _calls.Execute(call, key, room);

    public override int RefuseForwarding(Session session, int call, Span<byte> room)
    {
        _calls[call].Refusal = CallRefusal.NoMemoryBetweenShards;
        return _calls.Execute(call, default, room);
    }

    public override int PackedBytes(int call)
    {
        ref PendingCall pending = ref _calls[call];
        if (pending.IsSimple)
        {
            // What travels, or cannot, is in the form of all requests.
            pending = new PendingCall { Request = pending.Simple.AsRequest(), IsLast = true };
        }

        return MemcachedParcels.BytesOf(pending);
    }

    public override byte TagOf(int call)
    {
        ref PendingCall pending = ref _calls[call];
        return pending.IsPart ? (pending.IsLast ? IsLastPart : IsPart)
            : pending.IsLast ? IsPassed : IsSwallowed;
    }

    public override void Pack(Session session, int call, Span<byte> frame) => MemcachedParcels.Write(_calls[call], frame);

    public override ReadOnlySpan<byte> Receive(int place, ReadOnlySpan<byte> frame) => _parcels.Receive(place, frame);

    public override int ExecuteForeign(int place, in LookupKey key, Span<byte> room) => _parcels.Execute(place, key, room);

    public override int RefuseForeign(int place, Span<byte> room)
    {
        Line reply = new(room);
        reply.Add("SERVER_ERROR out of memory writing get response\r\n"u8);
        return reply.Text.Length;
    }

    public override int TakeReply(Session session, byte tag, ReadOnlySpan<byte> reply, Span<byte> room)
    {
        if (tag == IsSwallowed)
        {
            return 0;
        }

        if (tag != IsPassed && reply.StartsWith("SERVER_ERROR"u8))
        {
            reply = tag == IsLastPart ? "END\r\n"u8 : default;
        }

        reply.CopyTo(room);
        return reply.Length;
    }

    public override int End(Session session, Span<byte> room)
    {
        Fault fault = session.Fault;
        _counters.FatalErrors += fault.Status is Status.Ok or Status.ShuttingDown ? 0 : 1;
        if (fault.Text.Length == 0 || fault.Status == Status.ShuttingDown)
        {
            // Whatever is said here, a client would take for the reply to its next request.
            session.EndSilently();
            return 0;
        }

        session.State = SessionState.Draining;
        if (((MemcachedTalk)session.Talk!).BinaryOpcode is byte opcode)
        {
            return MemcachedBinary.WriteRefusal(opcode, fault.Id, fault.Text, room);
        }

        Line line = new(room);
        line.Add("CLIENT_ERROR "u8);
        line.Add(fault.Text);
        line.Add("\r\n"u8);
        return line.Text.Length;
    }

    /// <summary>Ends the conversation with a client of the binary protocol, or brings the header of its first request together.</summary>
    /// <returns>False when that is not there yet, or no memory for it.</returns>
    private static bool TryRefuseBinary(Session session, MemcachedTalk talk, RequestGroup group, ReadOnlySpan<byte> unread)
    {
        if (unread.Length >= MemcachedBinary.HeaderBytes)
        {
            (talk.BinaryOpcode, uint opaque) = MemcachedBinary.Read(unread);
            session.End(group, new Fault(Status.Malformed, opaque, MemcachedBinary.Refusal));
            return true;
        }

        if (!session.Input.TryGather(MemcachedBinary.HeaderBytes))
        {
            session.IsStarved = true;
            return false;
        }

        session.StarvedSinceMillis = null;
        return session.Input.CarriedBytes == MemcachedBinary.HeaderBytes;
    }

    private Span<byte> KeyRoom(RequestGroup group) => _keys.AsSpan(
        Math.Min(group.Count, RequestGroup.Capacity - 1) * MemcachedRequestDecoder.MaxKeyBytes, MemcachedRequestDecoder.MaxKeyBytes);

    /// <summary>Adds a request for a key of this node; all others take the way of all requests.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryAddSimple(RequestGroup group, in MemcachedSimpleRequest request, in InputPosition position)
    {
        ReadOnlySpan<byte> key = request.Key;
        int owner = group.OwnerOf(key);
        if (owner == NodeTopology.Elsewhere)
        {
            return false;
        }

        ref PendingCall call = ref _calls[group.Count];
        call.IsSimple = true;
        call.Simple = request;
        group.AddCall(key, owner, position);
        return true;
    }

    /// <summary>Adds a request's calls and moves the position past it.</summary>
    /// <returns>False when the group is full; the position then says what is left.</returns>
    private bool TryAdd(
        Session session, RequestGroup group, ReadOnlySpan<byte> input, in MemcachedRequest request, ref InputPosition position)
    {
        session.HasDecoded = true;
        bool hasFault = request.Fault is not (MemcachedFault.None or MemcachedFault.TooLarge);
        if (request.KeyCount > 1 && !hasFault)
        {
            if (!TryAddKeys(group, input, request, ref position))
            {
                return false;
            }
        }
        else if (request.Command is MemcachedCommand.FlushAll or MemcachedCommand.Stats && !hasFault)
        {
            if (!TryAddEverywhere(group, request, ref position))
            {
                return false;
            }
        }
        else if (request.Command == MemcachedCommand.Quit)
        {
            session.End(group, new Fault(Status.Ok, 0, ""));
        }
        else
        {
            bool hasKey = request.KeyCount == 1 && !hasFault;
            int owner = hasKey ? group.OwnerOf(request.Key) : ForeignRequests.EveryShard;
            Keep(group, request, owner, isLast: true);
            group.AddCall(hasKey ? request.Key : default, owner, position);
        }

        position.Offset += request.Length;
        position.Skip = request.Skip;
        return true;
    }

    private bool TryAddKeys(
        RequestGroup group, ReadOnlySpan<byte> input, in MemcachedRequest request, ref InputPosition position)
    {
        if (position.BatchKeys == 0 && _topology.Slots is { } slots && HasElsewhere(slots, request))
        {
            Keep(group, request, NodeTopology.Elsewhere, isLast: true);
            group.AddCall(request.Key, NodeTopology.Elsewhere, position);
            return true;
        }

        MemcachedRequest one = request;
        int lineEnd = request.LineLength;
        MemcachedTokens keys = new(request.Arguments);
        ReadOnlySpan<byte> key = request.Key;
        if (position.BatchKeys > 0)
        {
            keys = new MemcachedTokens(input[position.BatchKeys..lineEnd]);
            keys.TryNext(out key);
        }

        one.Arguments = default;
        while (true)
        {
            if (group.IsFull)
            {
                return false;
            }

            bool hasNext = keys.TryNext(out ReadOnlySpan<byte> next);
            int owner = group.OwnerOf(key);
            one.Key = key;
            Keep(group, one, owner, isLast: !hasNext, isPart: true);
            group.AddCall(key, owner, position);
            if (!hasNext)
            {
                position.BatchKeys = 0;
                return true;
            }

            key = next;
            position.BatchKeys = lineEnd - keys.Rest.Length - key.Length;
        }
    }

    /// <summary>Adds a call for every shard; of stats one more, which reports behind them what they have shown.</summary>
    private bool TryAddEverywhere(RequestGroup group, in MemcachedRequest request, ref InputPosition position)
    {
        int shards = _topology.ShardCount;
        int calls = request.Command == MemcachedCommand.Stats && shards > 1 ? shards + 1 : shards;
        while (position.BatchKeys < calls)
        {
            if (group.IsFull)
            {
                return false;
            }

            int part = position.BatchKeys;
            int owner = part < shards ? part : ForeignRequests.EveryShard;
            Keep(group, request, owner, isLast: part + 1 == calls);
            group.AddCall(default, owner, position, company: part == 0 ? CallCompany.Nothing : CallCompany.ItsParts);
            position.BatchKeys++;
        }

        position.BatchKeys = 0;
        return true;
    }

    private static bool HasElsewhere(OwnedSlots slots, in MemcachedRequest request)
    {
        bool found = !slots.Serves(KeySlot.Of(request.Key), isForCopy: false);
        MemcachedTokens keys = new(request.Arguments);
        while (!found && keys.TryNext(out ReadOnlySpan<byte> key))
        {
            found = !slots.Serves(KeySlot.Of(key), isForCopy: false);
        }

        return found;
    }

    private void Keep(RequestGroup group, in MemcachedRequest request, int owner, bool isLast, bool isPart = false)
    {
        ref PendingCall call = ref _calls[group.Count];
        call.IsSimple = false;
        call.Request = request;
        call.Refusal = owner == NodeTopology.Elsewhere ? CallRefusal.Moved : CallRefusal.None;
        call.IsLast = isLast;
        call.IsPart = isPart;
    }
}
