using System.Buffers.Binary;
using FastCache.Core;
using FastCache.Protocol;

namespace FastCache.Node.Sessions;

/// <summary>What requests do to one key beyond get, set, delete and touch: ranges, leases, counters, appends.</summary>
internal sealed class KeyOperations(Shard shard, ProtocolLimits limits, ChangeLog changes)
{
    private readonly string _appendTooLarge =
        $"the value would have more than {ValueEdits.MaxValueBytes} bytes, the most that is edited in place";

    public int GetRange(in Request request, in LookupKey key, Span<byte> room)
    {
        if (!shard.TryGet(key, out ItemView item))
        {
            return request.IsQuiet ? 0 : ReplyForms.Answer(room, request, Status.NotFound);
        }

        long total = item.Length;
        if (request.RangeStart > (ulong)total)
        {
            return ReplyForms.OutOfValue(room, request, total);
        }

        long rest = Math.Min(total - (long)request.RangeStart, limits.MaxValueBytes);
        int length = (int)(request.RangeLength == 0 ? rest : Math.Min(rest, (long)request.RangeLength));
        Span<byte> body = Begin(room, request, sizeof(ulong) + length, 0, item.Version, request.ReturnVersion, out int bytes);
        BinaryPrimitives.WriteInt64LittleEndian(body, total);
        item.CopyTo((long)request.RangeStart, body.Slice(sizeof(ulong), length));
        return bytes;
    }

    public int LeaseGet(in Request request, in LookupKey key, Span<byte> room)
    {
        Core.LeaseAnswer answer = shard.Leases.Get(key, (int)request.Argument, out ItemView item, out ulong token);
        bool hasValue = answer is not (Core.LeaseAnswer.Fill or Core.LeaseAnswer.Wait or Core.LeaseAnswer.Miss);
        if (hasValue && item.Length > limits.MaxValueBytes)
        {
            if (token != 0)
            {
                shard.Leases.Release(request.Key, token);
            }

            return ReplyForms.TooLargeToRead(room, request, item.Length, limits.MaxValueBytes);
        }

        // The engine's answers have the numbers of the protocol's.
        int length = hasValue ? (int)item.Length : 0;
        bool hasVersion = hasValue && request.ReturnVersion;
        ulong version = hasVersion ? item.Version : 0;
        Span<byte> body = Begin(room, request, sizeof(ulong) + length, (uint)answer, version, hasVersion, out int bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(body, token);
        if (hasValue)
        {
            item.CopyTo(body[sizeof(ulong)..]);
        }

        return bytes;
    }

    public int LeaseRelease(in Request request, Span<byte> room)
    {
        bool wasHeld = shard.Leases.Release(request.Key, request.LeaseToken);
        return ReplyForms.Answer(room, request, wasHeld ? Status.Ok : Status.LeaseLost);
    }

    public int MakeStale(in Request request, in LookupKey key, Span<byte> room)
    {
        bool wasThere = shard.Leases.Invalidate(key);
        if (wasThere && changes.IsWatched)
        {
            changes.Add(request.Key);
        }

        return ReplyForms.Answer(room, request, wasThere ? Status.Ok : Status.NotFound);
    }

    public int Count(in Request request, in LookupKey key, Span<byte> room)
    {
        CounterChange change = new(
            (request.CountExtras & CountExtras.Checked) != 0 ? CounterKind.Checked : CounterKind.Wrapping,
            request.Amount,
            (request.CountExtras & CountExtras.Subtract) != 0,
            request.Initial,
            request.TimeToLiveMillis);
        WriteOutcome outcome = shard.Edits.Count(key, change, out ulong number, out ulong version);
        Note(request, outcome);
        if (outcome != WriteOutcome.Done || request.IsQuiet)
        {
            return ReplyForms.Written(room, request, outcome, version, _appendTooLarge);
        }

        Span<byte> body = Begin(room, request, sizeof(ulong), 0, version, request.ReturnVersion, out int bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(body, number);
        return bytes;
    }

    public int Append(in Request request, in LookupKey key, Span<byte> room)
    {
        bool atFront = request.Opcode == Opcode.Prepend;
        WriteOutcome outcome = shard.Edits.Append(key, request.Value, atFront, out ulong version);
        Note(request, outcome);
        return ReplyForms.Written(room, request, outcome, version, _appendTooLarge);
    }

    private void Note(in Request request, WriteOutcome outcome)
    {
        if (changes.IsWatched && ChangeLog.IsChange(outcome))
        {
            changes.Add(request.Key);
        }
    }

    /// <summary>Writes the header of an Ok, and the version if there is to be one.</summary>
    /// <returns>Where the rest of the body goes.</returns>
    private static Span<byte> Begin(
        Span<byte> room, in Request request, int length, uint argument, ulong version, bool hasVersion, out int bytes)
    {
        if (hasVersion)
        {
            bytes = FcpLimits.HeaderBytes + FcpLimits.VersionBytes + length;
            return ReplyWriter.BeginVersioned(
                room, request.Opcode, Status.Ok, request.Id, version, length, ReplyFlags.None, argument);
        }

        bytes = FcpLimits.HeaderBytes + length;
        ReplyForms.WriteHeader(room, request.Opcode, Status.Ok, ReplyFlags.None, length, request.Id, argument);
        return room.Slice(FcpLimits.HeaderBytes, length);
    }
}
