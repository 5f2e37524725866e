using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastCache.Core;
using FastCache.Node.Cluster;
using FastCache.Protocol;

namespace FastCache.Node.Sessions;

/// <summary>The forms that replies to requests have: a header alone, a version, an error with its text.</summary>
/// <remarks>Each returns the bytes of the reply, 0 where a quiet request gets none.</remarks>
internal static class ReplyForms
{
    private const int MaxTextChars = 200;
    private const int MaxMovedTextChars = FcpLimits.MaxErrorTextBytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteHeader(
        Span<byte> room, Opcode opcode, Status status, ReplyFlags flags, int bodyLength, uint id, uint argument) =>
        ReplyWriter.WriteHeader(ref MemoryMarshal.GetReference(room), opcode, status, flags, bodyLength, id, argument);

    /// <summary>An answer without a body; Ok is not said to a quiet request.</summary>
    public static int Answer(Span<byte> room, in Request request, Status status)
    {
        if (status == Status.Ok && request.IsQuiet)
        {
            return 0;
        }

        WriteHeader(room, request.Opcode, status, ReplyFlags.None, 0, request.Id, 0);
        return FcpLimits.HeaderBytes;
    }

    /// <summary>What became of a write.</summary>
    /// <param name="room">Where the reply goes.</param>
    /// <param name="request">The write.</param>
    /// <param name="outcome">What became of it.</param>
    /// <param name="version">The new version, if it is done.</param>
    /// <param name="tooLarge">The text for <see cref="WriteOutcome.ValueTooLarge"/>.</param>
    public static int Written(
        Span<byte> room, in Request request, WriteOutcome outcome, ulong version, string tooLarge)
    {
        if (outcome == WriteOutcome.Done)
        {
            return request.IsQuiet || !request.ReturnVersion
                ? Answer(room, request, Status.Ok)
                : ReplyWriter.WriteVersioned(room, request.Opcode, Status.Ok, request.Id, version);
        }

        Status status = StatusOf(outcome);
        return status.IsError()
            ? Error(room, request, status, TextOf(outcome, tooLarge))
            : Answer(room, request, status);
    }

    public static int Error(Span<byte> room, in Request request, Status status, ReadOnlySpan<char> text, uint argument = 0) =>
        ReplyWriter.WriteError(room, request.Opcode, status, request.Id, text, ReplyFlags.None, argument);

    /// <summary>A value that is there but does not fit a frame.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int TooLargeToRead(
        Span<byte> room, in Request request, long length, int limit, ReplyFlags flags = ReplyFlags.None, uint argument = 0)
    {
        Words words = new(stackalloc char[MaxTextChars]);
        words.Add("the value has ");
        words.Add((ulong)length);
        words.Add(" bytes, and a reply at most ");
        words.Add((ulong)limit);
        words.Add("; read it with GetRange or GetStream");
        return ReplyWriter.WriteError(
            room, request.Opcode, Status.ValueTooLarge, request.Id, words.Text, flags, argument);
    }

    /// <summary>A range that begins behind the end of its value.</summary>
    public static int OutOfValue(Span<byte> room, in Request request, long length)
    {
        Words words = new(stackalloc char[MaxTextChars]);
        words.Add("start is ");
        words.Add(request.RangeStart);
        words.Add("; the value has ");
        words.Add((ulong)length);
        words.Add(" bytes");
        return Error(room, request, Status.RangeOutOfValue, words.Text);
    }

    /// <summary>A stream that only the shard of its key can open.</summary>
    public static int WrongShard(Span<byte> room, in Request request, int owner)
    {
        Words words = new(stackalloc char[MaxTextChars]);
        words.Add("a stream of this key is for shard ");
        words.Add((ulong)owner);
        words.Add("; connect to that one");
        return Error(room, request, Status.WrongShard, words.Text, (uint)owner);
    }

    /// <summary>A request for a key whose slot the node does not have, or has in another role.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Moved(Span<byte> room, in Request request, ReadOnlySpan<byte> key, OwnedSlots slots)
    {
        int slot = KeySlot.Of(key);
        Words words = new(stackalloc char[MaxMovedTextChars]);
        words.Add("slot ");
        words.Add((ulong)slot);
        words.Add(!slots.Has(slot) ? " is not this node's in epoch "
            : request.IsForCopy ? " has its primary here, and no replica, in epoch "
            : " has only a replica here in epoch ");
        words.Add(slots.Epoch);
        words.Add("; its primary is ");
        words.Add(slots.PrimaryOf(slot));
        return Error(room, request, Status.Moved, words.Text, slots.Epoch);
    }

    public static Status StatusOf(WriteOutcome outcome) => outcome switch
    {
        WriteOutcome.Done => Status.Ok,
        WriteOutcome.NotFound => Status.NotFound,
        WriteOutcome.Exists => Status.Exists,
        WriteOutcome.VersionMismatch => Status.VersionMismatch,
        WriteOutcome.NotNewer => Status.NotNewer,
        WriteOutcome.LeaseLost => Status.LeaseLost,
        WriteOutcome.ValueTooLarge => Status.ValueTooLarge,
        WriteOutcome.VersionOutOfRange => Status.VersionOutOfRange,
        WriteOutcome.NotANumber => Status.NotANumber,
        WriteOutcome.Overflow => Status.Overflow,
        WriteOutcome.TooManyOpen => Status.TooManyOpen,
        _ => Status.OutOfMemory,
    };

    public static string TextOf(WriteOutcome outcome, string tooLarge) => outcome switch
    {
        WriteOutcome.ValueTooLarge => tooLarge,
        WriteOutcome.VersionOutOfRange => SessionFault.VersionOutOfRange,
        WriteOutcome.NotANumber => SessionFault.NotANumber,
        WriteOutcome.Overflow => SessionFault.Overflow,
        WriteOutcome.TooManyOpen => SessionFault.TooManyOpen,
        _ => SessionFault.OutOfMemory,
    };
}
