using System.Runtime.CompilerServices;
using FastCache.Core;
using FastCache.Node.Sessions;
using FastCache.Protocol;

namespace FastCache.Node.Doors;

/// <summary>FCP: its frames are decoded where they lie, and executed by the group itself.</summary>
internal sealed class FcpDoor(ProtocolLimits limits, NodeTopology topology, NodeCounters counters) : Door
{
    public override DoorKind Kind => DoorKind.Fcp;

    public override void Open(Session session)
    {
    }

    public override bool Decode(Session session, RequestGroup group)
    {
        while (true)
        {
            ReadOnlySpan<byte> unread = session.Input.Unread();
            ref InputPosition position = ref session.Input.Position;
            if (session.IsToEnd)
            {
                if (group.IsFull)
                {
                    return true;
                }

                group.StartRun(session, position.Piece);
                session.End(group, session.Fault);
            }

            if (unread.IsEmpty || session.IsDecoded)
            {
                return false;
            }

            group.StartRun(session, position.Piece);
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
            Request request;
            while ((result = RequestDecoder.Read(unread[offset..], limits, out request)) == DecodeResult.Ok)
            {
                if (!TryAdd(session, group, request, ref position))
                {
                    return true;
                }

                offset += request.FrameLength;
                if (offset == unread.Length || session.IsDecoded)
                {
                    break;
                }
            }

            if (result == DecodeResult.Ok)
            {
                continue;
            }

            if (group.IsFull)
            {
                return true;
            }

            if (result == DecodeResult.ValueTooLarge && session.IsIntroduced)
            {
                group.AddTooLarge(request, position.Offset);
                position.Skip = request.FrameLength;
                continue;
            }

            if (result != DecodeResult.NeedMore)
            {
                string text = RequestDecoder.Explain(unread[offset..], limits, out Status status, out uint id);
                session.End(group, result == DecodeResult.Fatal
                    ? new(status, id, text)
                    : new(Status.HandshakeRequired, request.Id, SessionFault.HandshakeRequired));
                return false;
            }

            if (group.EndsWith(session))
            {
                return true;
            }

            if (!session.Input.TryGather(request.FrameLength))
            {
                session.IsStarved = true;
                return false;
            }

            session.StarvedSinceMillis = null;

            if (session.Input.CarriedBytes < request.FrameLength)
            {
                return false;
            }
        }
    }

    public override void Rewound(Session session)
    {
    }

    public override int End(Session session, Span<byte> room)
    {
        Fault fault = session.Fault;
        counters.FatalErrors += fault.Status == Status.ShuttingDown ? 0 : 1;
        session.State = SessionState.Draining;
        return ReplyWriter.WriteError(room, Opcode.Error, fault.Status, fault.Id, fault.Text);
    }

    public override int Execute(Session session, int call, in LookupKey key, Span<byte> room) => throw NoCalls();

    public override int RefuseForwarding(Session session, int call, Span<byte> room) => throw NoCalls();

    public override int PackedBytes(int call) => throw NoCalls();

    public override byte TagOf(int call) => throw NoCalls();

    public override void Pack(Session session, int call, Span<byte> frame) => throw NoCalls();

    public override ReadOnlySpan<byte> Receive(int place, ReadOnlySpan<byte> frame) => throw NoCalls();

    public override int ExecuteForeign(int place, in LookupKey key, Span<byte> room) => throw NoCalls();

    public override int RefuseForeign(int place, Span<byte> room) => throw NoCalls();

    public override int TakeReply(Session session, byte tag, ReadOnlySpan<byte> reply, Span<byte> room)
    {
        reply.CopyTo(room);
        return reply.Length;
    }

    private static InvalidOperationException NoCalls() => new("FCP has no calls.");

    /// <summary>Adds one decoded request and moves the position past it.</summary>
    /// <returns>False when the group was full or is to be executed first, or another shard goes on; the position then says what is left.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryAdd(Session session, RequestGroup group, in Request request, ref InputPosition position)
    {
        if (group.IsFull)
        {
            return false;
        }

        if (request.Opcode is not (Opcode.Get or Opcode.Set) || !session.IsIntroduced)
        {
            return TryAddOther(session, group, request, ref position);
        }

        session.HasDecoded = true;
        group.Add(request, position.Offset);
        position.Offset += request.FrameLength;
        return true;
    }

    /// <summary>Adds one request that is no get or set, or comes before the hello.</summary>
    /// <inheritdoc cref="TryAdd"/>
    private bool TryAddOther(Session session, RequestGroup group, in Request request, ref InputPosition position)
    {
        if (session.IsIntroduced == (request.Opcode == Opcode.Hello))
        {
            session.End(group, session.IsIntroduced
                ? new(Status.Malformed, request.Id, SessionFault.RepeatedHello)
                : new(Status.HandshakeRequired, request.Id, SessionFault.HandshakeRequired));
            return true;
        }

        if (!session.IsIntroduced)
        {
            if (!TryPlace(session, request))
            {
                return false; // Nothing behind it is looked at here.
            }

            session.Features = (Features)request.Hello.Features & Session.Supported;
        }

        session.IsIntroduced = session.HasDecoded = true;
        if (request.Opcode is Opcode.BatchGet or Opcode.BatchSet)
        {
            return TryAddBatch(group, request, ref position);
        }

        if (BoundRequests.IsBound(request.Opcode))
        {
            group.AddBound(request, position.Offset);
        }
        else if (request.Opcode == Opcode.Scan)
        {
            group.AddScan(request, position.Offset);
            position.Offset += request.FrameLength;
            return false; // Whether another one may follow in this pass is seen when this one has been executed.
        }
        else
        {
            group.Add(request, position.Offset);
        }

        position.Offset += request.FrameLength;
        return true;
    }

    /// <summary>Finds out from a Hello which shard the connection belongs to.</summary>
    /// <returns>False when the conversation goes on there.</returns>
    private bool TryPlace(Session session, in Request hello)
    {
        // A shard that is not there is refused here as well as anywhere.
        if (!session.IsPlaced && hello.Hello.Shard <= topology.ShardCount)
        {
            session.IsPlaced = true;
            int destination = topology.ShardFor(hello.Hello.Shard);
            if (destination != topology.Shard)
            {
                session.LeaveFor(destination);
                return false;
            }
        }

        return true;
    }

    private static bool TryAddBatch(RequestGroup group, in Request request, ref InputPosition position)
    {
        while (position.BatchKeys < (int)request.Argument)
        {
            if (group.IsFull)
            {
                return false;
            }

            if (request.Opcode == Opcode.BatchGet)
            {
                group.AddBatchKey(request, ref position);
            }
            else
            {
                group.AddBatchEntry(request, ref position);
            }

            position.BatchKeys++;
        }

        position.BatchKeys = position.BatchOffset = 0;
        position.Offset += request.FrameLength;
        return true;
    }
}
