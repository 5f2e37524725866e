using System.Buffers.Binary;
using System.Diagnostics;
using FastCache.Core;
using FastCache.Node.Cluster;
using FastCache.Protocol;

namespace FastCache.Node.Sessions;

/// <summary>Answers which keys a shard has, in pieces.</summary>
/// <remarks>
/// Nothing that eviction goes by is touched: a scan makes no item hotter. It keeps nothing between two requests, for the cursor says
/// where it stands.
/// </remarks>
internal sealed class KeyScan(Shard shard, NodeTopology topology)
{
    private const int LongestBodyBytes =
        sizeof(ulong) + ((FcpLimits.MaxBatchKeys + ItemScan.MostItemsBeyond) * (1 + FcpLimits.MaxKeyBytes));

    /// <summary>Writes the keys of the next buckets.</summary>
    /// <param name="request">A scan.</param>
    /// <param name="room">At least <see cref="RequestExecutor.MaxReplyBytes"/>.</param>
    /// <returns>Bytes of the reply.</returns>
    public int Execute(in Request request, Span<byte> room)
    {
        Debug.Assert(LongestBodyBytes <= RequestExecutor.MaxReplyBytes - FcpLimits.HeaderBytes);
        if (request.Cursor > ItemScan.LastCursor)
        {
            Words words = new(stackalloc char[100]);
            words.Add("cursor is ");
            words.Add(request.Cursor);
            words.Add("; allowed are 0 (begin) and what a reply to Scan has told");
            return ReplyForms.Error(room, request, Status.RangeOutOfValue, words.Text);
        }

        Span<byte> body = room[FcpLimits.HeaderBytes..];
        FoundKeys found = new(body[sizeof(ulong)..], request.Value, topology.Slots);
        ulong next = shard.Scan.Step(request.Cursor, (int)request.Argument, ref found);
        BinaryPrimitives.WriteUInt64LittleEndian(body, next);
        int bodyLength = sizeof(ulong) + found.Bytes;
        ReplyForms.WriteHeader(room, Opcode.Scan, Status.Ok, ReplyFlags.None, bodyLength, request.Id, found.Count);
        return FcpLimits.HeaderBytes + bodyLength;
    }

    private ref struct FoundKeys(Span<byte> room, ReadOnlySpan<byte> prefix, OwnedSlots? slots) : IScanVisitor
    {
        private readonly Span<byte> _room = room;
        private readonly ReadOnlySpan<byte> _prefix = prefix;

        public uint Count { get; private set; }

        public int Bytes { get; private set; }

        public bool Removes(ReadOnlySpan<byte> key, CollectionKind kind, bool isLive)
        {
            if (isLive && key.StartsWith(_prefix) && slots?.Has(KeySlot.Of(key)) != false)
            {
                _room[Bytes] = (byte)key.Length;
                key.CopyTo(_room[(Bytes + 1)..]);
                Bytes += 1 + key.Length;
                Count++;
            }

            return false;
        }
    }
}
