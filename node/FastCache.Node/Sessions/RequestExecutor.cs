using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastCache.Core;
using FastCache.Protocol;

namespace FastCache.Node.Sessions;

/// <summary>Runs one request on the shard and writes its reply; knows opcodes, not connections.</summary>
internal sealed class RequestExecutor(Shard shard, ProtocolLimits limits, StatsReport stats, NodeCounters counters)
{
    /// <summary>Longest value in bytes that the node takes: a frame is received and a reply is staged in one piece.</summary>
    public const int MaxValueBytes = 1 << 20;

    /// <summary>Longest reply: a value with header and version. Other replies are shorter.</summary>
    public const int MaxReplyBytes = FcpLimits.HeaderBytes + FcpLimits.VersionBytes + MaxValueBytes;

    private readonly string _valueTooLarge = SessionFault.ValueTooLarge(limits);

    /// <summary>Executes a request that is not a batched get.</summary>
    /// <param name="request">Decoded and valid.</param>
    /// <param name="key">Its prepared key, if it has one.</param>
    /// <param name="room">At least <see cref="MaxReplyBytes"/>.</param>
    /// <returns>Bytes of the reply.</returns>
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
                ulong? expected = request.Mode == SetMode.IfVersion ? request.ExpectedVersion : null;
                return Header(room, request, StatusOf(shard.Delete(key, expected)));
            case Opcode.Touch:
                bool touched = shard.Touch(key, request.TimeToLiveMillis);
                return Header(room, request, touched ? Status.Ok : Status.NotFound);
            case Opcode.Hello:
                return ReplyWriter.WriteHello(room, request.Id, HelloReply.Of(limits));
            case Opcode.Ping:
                return ReplyWriter.Write(room, Opcode.Ping, Status.Ok, request.Id, request.Value);
            default:
                int bodyLength = stats.Write(room[FcpLimits.HeaderBytes..]);
                WriteHeader(room, Opcode.Stats, Status.Ok, ReplyFlags.None, bodyLength, request.Id, 0);
                return FcpLimits.HeaderBytes + bodyLength;
        }
    }

    /// <summary>Executes one key of a batched get.</summary>
    public int ExecuteBatchKey(in Request request, int index, in LookupKey key, Span<byte> room)
    {
        bool last = index + 1 == (int)request.Argument;
        counters.Requests++;
        return Get(request, key, last ? ReplyFlags.Last : ReplyFlags.None, (uint)index, room);
    }

    /// <summary>Answers a set whose value was too large to be received.</summary>
    public int RefuseValue(in Request request, Span<byte> room)
    {
        counters.ValuesRefused++;
        return ReplyWriter.WriteError(room, request.Opcode, Status.ValueTooLarge, request.Id, _valueTooLarge);
    }

    /// <summary>Answers a request that there is no memory to send to the shard of its key.</summary>
    public int RefuseForwarding(in Request request, Span<byte> room)
    {
        counters.Requests++;
        return ReplyWriter.WriteError(room, request.Opcode, Status.OutOfMemory, request.Id, SessionFault.NoMemoryBetweenShards);
    }

    /// <summary>Writes the error that ends a conversation.</summary>
    public int End(Session session, Span<byte> room)
    {
        counters.FatalErrors++;
        session.State = SessionState.Draining;
        Fault fault = session.Fault;
        return ReplyWriter.WriteError(room, Opcode.Error, fault.Status, fault.Id, fault.Text);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void WriteHeader(
        Span<byte> room, Opcode opcode, Status status, ReplyFlags flags, int bodyLength, uint id, uint argument) =>
        ReplyWriter.WriteHeader(ref MemoryMarshal.GetReference(room), opcode, status, flags, bodyLength, id, argument);

    private static int Header(Span<byte> room, in Request request, Status status)
    {
        WriteHeader(room, request.Opcode, status, ReplyFlags.None, 0, request.Id, 0);
        return FcpLimits.HeaderBytes;
    }

    private static Status StatusOf(WriteOutcome outcome) => outcome switch
    {
        WriteOutcome.Done => Status.Ok,
        WriteOutcome.NotFound => Status.NotFound,
        WriteOutcome.Exists => Status.Exists,
        WriteOutcome.VersionMismatch => Status.VersionMismatch,
        WriteOutcome.ValueTooLarge => Status.ValueTooLarge,
        _ => Status.OutOfMemory,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Get(in Request request, in LookupKey key, ReplyFlags flags, uint argument, Span<byte> room)
    {
        if (!shard.TryGet(key, out ItemView item))
        {
            WriteHeader(room, request.Opcode, Status.NotFound, flags, 0, request.Id, argument);
            return FcpLimits.HeaderBytes;
        }

        int length = (int)item.Length;
        if (request.ReturnVersion)
        {
            Span<byte> value = ReplyWriter.BeginVersioned(
                room, request.Opcode, Status.Ok, request.Id, item.Version, length, flags, argument);
            item.CopyTo(value);
            return FcpLimits.HeaderBytes + FcpLimits.VersionBytes + length;
        }

        WriteHeader(room, request.Opcode, Status.Ok, flags, length, request.Id, argument);
        item.CopyTo(room[FcpLimits.HeaderBytes..]);
        return FcpLimits.HeaderBytes + length;
    }

    private int Set(in Request request, in LookupKey key, Span<byte> room)
    {
        // Both enumerations follow the two mode bits of the protocol.
        SetOptions options = new((SetCondition)request.Mode, request.ExpectedVersion, request.TimeToLiveMillis);
        WriteOutcome outcome = shard.Set(key, request.Value, options, out ulong version);
        if (outcome == WriteOutcome.Done && request.ReturnVersion)
        {
            return ReplyWriter.WriteVersioned(room, Opcode.Set, Status.Ok, request.Id, version);
        }

        Status status = StatusOf(outcome);
        return status.IsError()
            ? ReplyWriter.WriteError(room, Opcode.Set, status, request.Id, outcome == WriteOutcome.ValueTooLarge ? _valueTooLarge : SessionFault.OutOfMemory)
            : Header(room, request, status);
    }
}
