using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using FastCache.Core;
using FastCache.Protocol;

namespace FastCache.Node.Sessions;

/// <summary>Runs one request on the shard and writes its reply; knows opcodes, not connections.</summary>
internal sealed class RequestExecutor(
    Shard shard,
    ProtocolLimits limits,
    StatsReport stats,
    NodeCounters counters,
    NodeTopology topology,
    ChangeLog changes)
{
    /// <summary>Longest value in bytes of one frame: a frame is received and a reply is staged in one piece.</summary>
    public const int MaxValueBytes = 1 << 20;

    /// <summary>Longest reply: a value with what any protocol puts around it. Other replies are shorter.</summary>
    public const int MaxReplyBytes = Doors.Door.MaxHeadBytes + MaxValueBytes;

    /// <summary>Longest value that this node takes in one frame.</summary>
    public int MaxValueBytesNow => limits.MaxValueBytes;

    private readonly KeyOperations _operations = new(shard, limits, changes);
    private readonly KeyScan _scan = new(shard, topology);
    private readonly string _valueTooLarge = SessionFault.ValueTooLarge(limits);

    /// <summary>Executes a request that is no batch and needs nothing that a connection holds.</summary>
    /// <param name="request">Decoded and valid.</param>
    /// <param name="key">Its prepared key, if it has one.</param>
    /// <param name="room">At least <see cref="MaxReplyBytes"/>.</param>
    /// <returns>Bytes of the reply; 0 if it is quiet.</returns>
    public int Execute(in Request request, in LookupKey key, Span<byte> room)
    {
        counters.Requests++;
        switch (request.Opcode)
        {
            case Opcode.Get:
                return Get(request, key, ReplyFlags.None, 0, room);
            case Opcode.Set:
                return Set(request, key, room);
            case Opcode.Delete:
                return Delete(request, key, room);
            case Opcode.Touch:
                bool touched = shard.Touch(key, request.TimeToLiveMillis);
                return ReplyForms.Answer(room, request, touched ? Status.Ok : Status.NotFound);
            case Opcode.GetRange:
                return _operations.GetRange(request, key, room);
            case Opcode.LeaseGet:
                return _operations.LeaseGet(request, key, room);
            case Opcode.LeaseRelease:
                return _operations.LeaseRelease(request, room);
            case Opcode.MakeStale:
                return _operations.MakeStale(request, key, room);
            case Opcode.Count:
                return _operations.Count(request, key, room);
            case Opcode.Append or Opcode.Prepend:
                return _operations.Append(request, key, room);
            case Opcode.Hello:
                return Hello(request, room);
            case Opcode.Ping:
                return ReplyWriter.Write(room, Opcode.Ping, Status.Ok, request.Id, request.Value);
            case Opcode.Topology:
                return Body(request, topology.Write(room[FcpLimits.HeaderBytes..]), room);
            case Opcode.Cluster:
                return Cluster(request, room);
            case Opcode.Scan:
                return _scan.Execute(request, room);
            default:
                return Body(request, stats.Write(room[FcpLimits.HeaderBytes..]), room);
        }
    }

    /// <summary>Executes one key of a batched get.</summary>
    public int ExecuteBatchKey(in Request request, int index, in LookupKey key, Span<byte> room)
    {
        counters.Requests++;
        return Get(request, key, FlagsOf(request, index), (uint)index, room);
    }

    /// <summary>Executes one entry of a batched set.</summary>
    /// <param name="request">The batch.</param>
    /// <param name="index">Which entry.</param>
    /// <param name="offset">Where <see cref="Request.ReadBatchEntry"/> finds it.</param>
    /// <param name="key">Its prepared key.</param>
    /// <param name="room">At least <see cref="MaxReplyBytes"/>.</param>
    public int ExecuteBatchEntry(in Request request, int index, int offset, in LookupKey key, Span<byte> room)
    {
        counters.Requests++;
        ReadOnlySpan<byte> name = request.ReadBatchEntry(ref offset, out ReadOnlySpan<byte> value);
        ulong version = 0;
        WriteOutcome outcome = value.Length > limits.MaxValueBytes
            ? WriteOutcome.ValueTooLarge
            : shard.Set(key, value, new SetOptions(TimeToLiveMillis: request.TimeToLiveMillis), out version);
        Note(name, outcome);
        ReplyFlags flags = FlagsOf(request, index);
        if (outcome != WriteOutcome.Done)
        {
            return ReplyWriter.WriteError(
                room,
                Opcode.BatchSet,
                ReplyForms.StatusOf(outcome),
                request.Id,
                ReplyForms.TextOf(outcome, _valueTooLarge),
                flags,
                (uint)index);
        }

        return request.IsQuiet && flags == ReplyFlags.None ? 0
            : request.ReturnVersion
                ? ReplyWriter.WriteVersioned(room, Opcode.BatchSet, Status.Ok, request.Id, version, default, flags, (uint)index)
                : ReplyWriter.Write(room, Opcode.BatchSet, Status.Ok, request.Id, default, flags, (uint)index);
    }

    /// <summary>Answers a write whose value was too large to be received.</summary>
    public int RefuseValue(in Request request, Span<byte> room)
    {
        counters.ValuesRefused++;
        return ReplyForms.Error(room, request, Status.ValueTooLarge, _valueTooLarge);
    }

    /// <summary>Answers a request that there is no memory to send to the shard of its key.</summary>
    public int RefuseForwarding(in Request request, Span<byte> room)
    {
        counters.Requests++;
        return ReplyWriter.WriteError(room, request.Opcode, Status.OutOfMemory, request.Id, SessionFault.NoMemoryBetweenShards);
    }

    /// <summary>Answers a request for a key of a slot that the node does not have.</summary>
    public int RefuseMoved(in Request request, Span<byte> room)
    {
        counters.Requests++;
        counters.Moved++;
        return ReplyForms.Moved(room, request, request.Key, topology.Slots!);
    }

    /// <summary>Answers a key or an entry of a batch, of a slot that the node does not have.</summary>
    /// <param name="request">The batch.</param>
    /// <param name="index">Which of it.</param>
    /// <param name="offset">Where it lies in the batch.</param>
    /// <param name="room">At least <see cref="MaxReplyBytes"/>.</param>
    public int RefuseMovedEntry(in Request request, int index, int offset, Span<byte> room)
    {
        ReadOnlySpan<byte> key = request.Opcode == Opcode.BatchGet
            ? request.ReadBatchKey(ref offset)
            : request.ReadBatchEntry(ref offset, out _);
        counters.Requests++;
        counters.Moved++;
        int bytes = ReplyForms.Moved(room, request, key, topology.Slots!);
        ReplyWriter.MakeBatchReply(room, request.Opcode, (uint)index, FlagsOf(request, index) == ReplyFlags.Last);
        return bytes;
    }

    /// <summary>Conditions and life of a Set or SetBegin.</summary>
    public static SetOptions OptionsOf(in Request request)
    {
        SetExtras extras = request.SetExtras;
        bool isNewer = (extras & SetExtras.IfNewer) != 0;

        // The conditions follow the two mode bits of the protocol.
        return new SetOptions(
            isNewer ? SetCondition.IfNewer : (SetCondition)request.Mode,
            isNewer ? request.NewVersion : request.ExpectedVersion,
            request.TimeToLiveMillis)
        {
            Sliding = (extras & SetExtras.Sliding) != 0,
            SlidingLimitMillis = request.SlidingLimitMillis,
            KeepStale = (extras & SetExtras.KeepStale) != 0,
            LeaseToken = request.LeaseToken,
        };
    }

    private static ReplyFlags FlagsOf(in Request request, int index) =>
        index + 1 == (int)request.Argument ? ReplyFlags.Last : ReplyFlags.None;

    private static int Body(in Request request, int bodyLength, Span<byte> room)
    {
        ReplyForms.WriteHeader(room, request.Opcode, Status.Ok, ReplyFlags.None, bodyLength, request.Id, 0);
        return FcpLimits.HeaderBytes + bodyLength;
    }

    private int Cluster(in Request request, Span<byte> room)
    {
        if (topology.Slots is not { } slots)
        {
            return ReplyForms.Answer(room, request, Status.NotFound);
        }

        ReadOnlySpan<byte> document = slots.Document.Span;
        if (request.Argument > document.Length)
        {
            Words words = new(stackalloc char[100]);
            words.Add("offset is ");
            words.Add(request.Argument);
            words.Add("; the document of epoch ");
            words.Add(slots.Epoch);
            words.Add(" has ");
            words.Add((ulong)document.Length);
            words.Add(" bytes");
            return ReplyForms.Error(room, request, Status.RangeOutOfValue, words.Text);
        }

        ReadOnlySpan<byte> piece = document[(int)request.Argument..];
        piece = piece[..Math.Min(piece.Length, FcpLimits.MaxPieceBytes - sizeof(uint))];
        Span<byte> body = room[FcpLimits.HeaderBytes..];
        BinaryPrimitives.WriteUInt32LittleEndian(body, (uint)document.Length);
        piece.CopyTo(body[sizeof(uint)..]);
        int bodyLength = sizeof(uint) + piece.Length;
        ReplyForms.WriteHeader(room, Opcode.Cluster, Status.Ok, ReplyFlags.None, bodyLength, request.Id, slots.Epoch);
        return FcpLimits.HeaderBytes + bodyLength;
    }

    private int Hello(in Request request, Span<byte> room)
    {
        HelloRequest hello = request.Hello;
        if (hello.Shard > topology.ShardCount)
        {
            Words words = new(stackalloc char[100]);
            words.Add("shard is ");
            words.Add(hello.Shard);
            words.Add("; allowed are 0 (any) to ");
            words.Add((ulong)topology.ShardCount);
            return ReplyForms.Error(room, request, Status.WrongShard, words.Text, (uint)topology.ShardCount);
        }

        return ReplyWriter.WriteHello(room, request.Id, HelloReply.Of(limits, hello.Features & (uint)Session.Supported) with
        {
            Shard = (ushort)topology.Shard,
            ShardCount = (ushort)topology.ShardCount,
            MaxOpenStreams = SessionStreams.MaxOpen,
            MaxStreamedValueBytes = (ulong)shard.MaxValueBytes,
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Get(in Request request, in LookupKey key, ReplyFlags flags, uint argument, Span<byte> room)
    {
        if (!shard.TryGet(key, out ItemView item))
        {
            if (request.IsQuiet && flags == ReplyFlags.None)
            {
                return 0;
            }

            ReplyForms.WriteHeader(room, request.Opcode, Status.NotFound, flags, 0, request.Id, argument);
            return FcpLimits.HeaderBytes;
        }

        long itemLength = item.Length;
        if (itemLength > limits.MaxValueBytes)
        {
            return ReplyForms.TooLargeToRead(room, request, itemLength, limits.MaxValueBytes, flags, argument);
        }

        int length = (int)itemLength;
        if (request.ReturnVersion)
        {
            Span<byte> value = ReplyWriter.BeginVersioned(
                room, request.Opcode, Status.Ok, request.Id, item.Version, length, flags, argument);
            item.CopyTo(value);
            return FcpLimits.HeaderBytes + FcpLimits.VersionBytes + length;
        }

        ReplyForms.WriteHeader(room, request.Opcode, Status.Ok, flags, length, request.Id, argument);
        item.CopyTo(room[FcpLimits.HeaderBytes..]);
        return FcpLimits.HeaderBytes + length;
    }

    private int Set(in Request request, in LookupKey key, Span<byte> room)
    {
        // Both enumerations follow the two mode bits of the protocol.
        SetOptions options = request.Argument == 0
            ? new((SetCondition)request.Mode, request.ExpectedVersion, request.TimeToLiveMillis)
            : OptionsOf(request);
        WriteOutcome outcome = shard.Set(key, request.Value, options, out ulong version);
        Note(request.Key, outcome);
        if (outcome != WriteOutcome.Done || (request.Flags & (RequestFlags.ReturnVersion | RequestFlags.Quiet)) != 0)
        {
            return ReplyForms.Written(room, request, outcome, version, _valueTooLarge);
        }

        ReplyForms.WriteHeader(room, Opcode.Set, Status.Ok, ReplyFlags.None, 0, request.Id, 0);
        return FcpLimits.HeaderBytes;
    }

    private int Delete(in Request request, in LookupKey key, Span<byte> room)
    {
        ulong? expected = request.Mode == SetMode.IfVersion ? request.ExpectedVersion : null;
        WriteOutcome outcome = shard.Delete(key, expected);
        Note(request.Key, outcome);
        return ReplyForms.Answer(room, request, ReplyForms.StatusOf(outcome));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Note(ReadOnlySpan<byte> key, WriteOutcome outcome)
    {
        if (changes.IsWatched && ChangeLog.IsChange(outcome))
        {
            changes.Add(key);
        }
    }
}
