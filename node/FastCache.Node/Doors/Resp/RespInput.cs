using System.Runtime.CompilerServices;
using FastCache.Node.Doors.Resp.Transactions;
using FastCache.Node.Sessions;
using FastCache.Node.Shards;
using FastCache.Protocol;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>Finds the requests in the input of connections, and makes them calls of the group.</summary>
internal sealed class RespInput(DoorShard shard, CommandTable commands, RespCalls calls, ScanCommands scans)
{
    /// <summary>Most arguments of a request, as in Redis; their bytes are limited long before.</summary>
    private const int MaxArguments = 1 << 20;

    private readonly ProtocolLimits _limits = shard.Limits;
    private readonly NodeTopology _topology = shard.Topology;
    private readonly RespChecks _checks = new(shard.Limits, shard.Topology);
    private readonly TransactionInput _transactions = new(shard, commands, calls);
    private readonly RespRequestDecoder _decoder = new(
        MaxArguments, Math.Max(shard.Limits.MaxFrameBytes + Door.MaxOptionBytes, 2 * RespRequestDecoder.MaxLineBytes));

    private long _group = -1;

    // Of the session that is decoded. It changes only while a group is executed.
    private bool _isOnlySubscriber;

    // A request whose parts did not all fit the group, where it begins, and until when what it points to stays there.
    private Session? _heldSession;
    private InputPosition _heldPosition;
    private int _heldMoves;
    private RespRequest _held;
    private Command? _heldCommand;
    private int _heldBytes;

    /// <inheritdoc cref="Door.Decode"/>
    public bool Decode(Session session, RequestGroup group)
    {
        RespTalk talk = (RespTalk)session.Talk!;
        _isOnlySubscriber = talk.IsOnlySubscriber;
        if (session.LeavesInTurn(_topology) || !GoOnWithParts(session, group))
        {
            return session.State != SessionState.Leaving;
        }

        bool isInTransaction = talk.Transaction.IsOpen; // What changes that is a turn: the group is executed behind it.
        while (true)
        {
            if (group.IsFull || _decoder.HoldsLine)
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

            // The requests of one piece, without asking for the piece again.
            int offset = 0;
            DecodeResult result;
            while (true)
            {
                int length;
                if (!isInTransaction && !_isOnlySubscriber && _decoder.TryReadSimple(unread[offset..], talk.Progress, out RespSimpleRequest simple)
                    && TryAddSimple(group, simple, position))
                {
                    result = DecodeResult.Ok;
                    session.HasDecoded = true;
                    length = simple.Length;
                    position.Offset += length;
                }
                else
                {
                    result = _decoder.Read(unread[offset..], ref talk.Progress, out RespRequest request);
                    if (result != DecodeResult.Ok)
                    {
                        break;
                    }

                    length = talk.Progress.Length;
                    if (!(isInTransaction
                        ? _transactions.TryAdd(session, talk.Transaction, group, request, length, ref position)
                        : TryAdd(session, group, request, length, ref position)))
                    {
                        return group.Count > 0 || AwaitNextPass();
                    }
                }

                offset += length;
                if (offset == unread.Length || session.IsDecoded || group.IsFull || _decoder.HoldsLine)
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

            if (!session.Input.TryGather(talk.Progress.Length))
            {
                session.IsStarved = true;
                return false;
            }

            session.StarvedSinceMillis = null;
            if (session.Input.CarriedBytes < talk.Progress.Length)
            {
                return false;
            }
        }
    }

    /// <summary>Forgets the requests of groups that have been executed, but for one of which parts are left: those go first.</summary>
    /// <returns>False when the group is full.</returns>
    private bool GoOnWithParts(Session session, RequestGroup group)
    {
        ref InputPosition position = ref session.Input.Position;
        bool goesOn = _heldSession == session && position.BatchKeys > 0 && group.Number == _group + 1
            && _heldPosition.Piece == position.Piece && _heldPosition.Offset == position.Offset && _heldMoves == session.Input.Moves;
        _heldSession = null;
        if (_group != group.Number)
        {
            _group = group.Number;
            if (!goesOn)
            {
                _decoder.Clear();
            }
        }

        if (!goesOn)
        {
            return true;
        }

        group.StartRun(session, position.Piece);
        return TryAddParts(session, group, _held, _heldCommand!, _heldBytes, ref position);
    }

    /// <summary>Adds a request's calls and moves the position past it.</summary>
    /// <returns>False when the group is to be executed first; the position then says what is left.</returns>
    private bool TryAdd(Session session, RequestGroup group, in RespRequest request, int length, ref InputPosition position)
    {
        session.HasDecoded = true;
        if (request.Count == 0)
        {
            position.Offset += length;
            return true;
        }

        Command? command = commands.Find(request[0]);
        if (command is { IsPlain: true } && !_isOnlySubscriber && command.Takes(request.Count) && length <= _limits.MaxValueBytes
            && (uint)(request[1].Length - 1) < (uint)_limits.MaxKeyBytes)
        {
            AddPlain(group, request, command, position);
            position.Offset += length;
            return true;
        }

        return TryAddOther(session, group, request, command, length, ref position);
    }

    /// <summary>
    /// Whether what changes the meaning of what follows cannot be executed yet: what was pushed before it is sent before it, as behind it a client
    /// might take that for a reply. With an empty group that is in the next pass.
    /// </summary>
    internal static bool MustLetPushesPass(Session session, RequestGroup group) => group.Count > 0 || Pushes.IsDue(session);

    /// <summary>Leaves the request that was read last to the next pass, in which the session is sent first what was pushed to it.</summary>
    /// <returns>False: nothing more of the session is decoded.</returns>
    private bool AwaitNextPass()
    {
        _decoder.Clear(); // It is read again, and a line that is held would end every group.
        return false;
    }

    /// <summary>Adds a GET or SET of a key of this node; all others take the way of all commands.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryAddSimple(RequestGroup group, in RespSimpleRequest request, in InputPosition position)
    {
        ReadOnlySpan<byte> key = request.Key;
        if ((uint)(key.Length - 1) >= (uint)_limits.MaxKeyBytes || request.Length > _limits.MaxValueBytes)
        {
            return false;
        }

        int owner = group.OwnerOf(key);
        if (owner == NodeTopology.Elsewhere)
        {
            return false;
        }

        ref PendingCall call = ref calls[group.Count];
        call.IsSimple = true;
        call.Simple = request;
        group.AddCall(key, owner, position);
        return true;
    }

    /// <summary>Adds a call whose one key is the first argument, and which is right.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void AddPlain(RequestGroup group, in RespRequest request, Command command, in InputPosition position)
    {
        ReadOnlySpan<byte> key = request[1];
        int owner = group.OwnerOf(key);
        ref PendingCall call = ref calls[group.Count];
        call.IsSimple = false;
        call.Request = request;
        call.CommandIndex = command.Index;
        call.KeyIndex = 1;
        call.Part = 0;
        call.Parts = 1;
        call.Refusal = owner == NodeTopology.Elsewhere ? Refusal.Moved : Refusal.None;
        group.AddCall(key, owner, position);
    }

    /// <summary>Whether nothing behind it may be looked at before it has been executed.</summary>
    private static bool EndsGroup(Command command) =>
        command.IsTurn || command.ChangesTalk || (command.Flags & CommandFlags.Blocking) != 0;

    /// <inheritdoc cref="TryAdd"/>
    private bool TryAddOther(
        Session session, RequestGroup group, in RespRequest request, Command? command, int length, ref InputPosition position)
    {
        Refusal refusal = _checks.Check(request, length, ref command);
        if (_isOnlySubscriber && refusal == Refusal.None && command is { IsForSubscribers: false, Ends: null })
        {
            refusal = Refusal.OnlySubscriptions;
        }

        if (command is not null && refusal == Refusal.None)
        {
            if (command.Ends is Fault end)
            {
                session.End(group, end);
                position.Offset += length;
                return true;
            }

            if (command.ChangesTalk && position.BatchKeys == 0 && MustLetPushesPass(session, group))
            {
                return false;
            }

            if (command.Spread != Spread.One)
            {
                return TryAddParts(session, group, request, command, length, ref position);
            }
        }

        ref PendingCall call = ref calls[group.Count];
        call.IsSimple = false;
        call.Request = request;
        call.CommandIndex = command?.Index ?? -1;
        call.KeyIndex = command?.Keys.At(0, request) ?? 0;
        call.Part = 0;
        call.Parts = 1;
        call.Refusal = refusal;
        if (call.KeyIndex == 0 || refusal != Refusal.None)
        {
            group.AddCall(default, ForeignRequests.EveryShard, position);
        }
        else
        {
            ReadOnlySpan<byte> key = request[call.KeyIndex];
            int owner = group.OwnerOf(key);
            if (owner == NodeTopology.Elsewhere)
            {
                call.Refusal = Refusal.Moved;
            }
            else if (!command!.Keys.IsOne && !_checks.AreTogether(request, command))
            {
                call.Refusal = RespChecks.CrossingOf(_topology);
                owner = ForeignRequests.EveryShard;
            }

            group.AddCall(key, owner, position, company: EndsGroup(command!) ? CallCompany.Nothing : CallCompany.Any);
        }

        position.Offset += length;
        return command is null || !EndsGroup(command);
    }

    /// <inheritdoc cref="TryAdd"/>
    private bool TryAddParts(
        Session session, RequestGroup group, in RespRequest request, Command command, int length, ref InputPosition position)
    {
        int parts = command.Spread switch
        {
            Spread.EachKey => command.Keys.CountIn(request),
            Spread.EachShard => _topology.ShardCount,
            Spread.EachShardThenHere => _topology.ShardCount > 1 ? _topology.ShardCount + 1 : 1,
            Spread.EachArgument => Math.Max(1, request.Count - 1),
            _ => 1,
        };
        Refusal refusal = command.Spread == Spread.EachKey && position.BatchKeys == 0 && _topology.Slots is not null
            && !_checks.AreTogether(request, command) ? Refusal.CrossSlot : Refusal.None;
        // All keys are of one slot: if another node has that, one answer says so for all.
        bool isElsewhere = command.Spread == Spread.EachKey && position.BatchKeys == 0 && _topology.Slots is { } slots
            && !slots.Serves(KeySlot.Of(request[command.Keys.First]), isForCopy: false);
        parts = refusal == Refusal.None && !isElsewhere ? parts : 1;
        while (position.BatchKeys < parts)
        {
            if (group.IsFull)
            {
                (_heldSession, _heldPosition, _heldMoves) = (session, position, session.Input.Moves);
                (_held, _heldCommand, _heldBytes) = (request, command, length);
                return false;
            }

            int part = position.BatchKeys;
            ref PendingCall call = ref calls[group.Count];
            call.IsSimple = false;
            call.Request = request;
            call.CommandIndex = command.Index;
            call.KeyIndex = command.Spread switch
            {
                Spread.EachKey => command.Keys.First + (part * command.Keys.Step),
                Spread.EachArgument => Math.Min(part + 1, request.Count - 1),
                _ => 0,
            };
            call.Part = part;
            call.Parts = parts;
            call.Refusal = refusal;
            if (command.Spread == Spread.EachKey)
            {
                ReadOnlySpan<byte> key = request[call.KeyIndex];
                int owner = refusal == Refusal.None ? group.OwnerOf(key) : ForeignRequests.EveryShard;
                call.Refusal = owner == NodeTopology.Elsewhere ? Refusal.Moved : refusal;
                group.AddCall(key, owner, position);
            }
            else if (command.Spread is Spread.EachShard or Spread.EachShardThenHere)
            {
                int owner = part < _topology.ShardCount ? part : ForeignRequests.EveryShard;
                group.AddCall(default, owner, position, company: part == 0 ? CallCompany.Nothing : CallCompany.ItsParts);
            }
            else if (command.Spread == Spread.EachArgument)
            {
                group.AddCall(default, ForeignRequests.EveryShard, position);
            }
            else
            {
                int owner = command.Spread == Spread.Cursor ? scans.ShardOf(ref call) : scans.AnyShard();
                group.AddCall(default, owner, position, ScanCommands.LooksOf(command.Spread), CallCompany.Nothing);
                position.Offset += length;
                return false; // Whether another one may follow in this pass is seen when this one has been executed.
            }

            position.BatchKeys++;
        }

        position.BatchKeys = 0;
        position.Offset += length;
        return !command.ChangesTalk;
    }
}
