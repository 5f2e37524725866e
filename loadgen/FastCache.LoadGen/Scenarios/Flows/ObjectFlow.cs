using System.Buffers.Binary;
using System.Diagnostics;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Workload;
using FastCache.Protocol;

namespace FastCache.LoadGen.Scenarios.Flows;

/// <summary>What an edge server asks for; shares are 0 to 1, the rest reads whole objects.</summary>
/// <param name="Ranges">Reads of a part, among all.</param>
/// <param name="Updates">Objects that are stored anew, among all.</param>
internal readonly record struct ObjectMix(double Ranges, double Updates);

/// <summary>Objects of very different sizes: read whole or in part, stored whole; what one frame cannot carry goes in streams.</summary>
/// <remarks>
/// <code>
///   Whole, Part ── Ok ────────────────────────────────────────────────────────────► done
///        └──────── NotFound: the origin's object is stored ─┐
///   ┌───────────────────────────────────────────────────────┘
///   ├─ up to the plain limit: Store ── Ok ────────────────────────────────────────► done
///   └─ beyond: Open ── Ok ──► Piece ── Ok ──► Piece ... ──► Commit ── Ok ─────────► done
///   Flow ── opening, pieces ... ── the last one ──────────────────────────────────► done
///   TooManyOpen: the same after a pause.    OutOfMemory of a stream: counted, given up
/// </code>
/// An object never changes, so any part of it can be checked alone: its stamp is 0. A piece is sent when the one before
/// it was answered, and counts as a write.
/// </remarks>
internal sealed class ObjectFlow(FlowPlace place, ValueSizes sizes, ObjectMix mix, int plainBytes)
    : ScenarioFlow(place.Keys.KeyBytes, Math.Max(Math.Min(sizes.Most, plainBytes), FcpLimits.MaxPieceBytes))
{
    private const byte Whole = 0;
    private const byte Part = 1;
    private const byte Flow = 2;
    private const byte Store = 3;
    private const byte Open = 4;
    private const byte Piece = 5;
    private const byte Commit = 6;

    private const int RangeBytes = 64 << 10;
    private static readonly long TooManyTicks = 2 * Stopwatch.Frequency / 1_000;

    private SplitMix _random = new(place.Seed);

    public override int LongestReplyBytes =>
        ReplyOverheadBytes + Math.Max(Math.Min(sizes.Most, plainBytes), Math.Max(RangeBytes, FcpLimits.MaxPieceBytes));

    public override void Begin(ref Actor actor)
    {
        double draw = _random.NextDouble();
        actor.Key = place.Picker.Next(ref _random);
        actor.Length = sizes.Of(actor.Key);
        if (draw < mix.Updates)
        {
            BeginStore(ref actor);
        }
        else if (draw < mix.Updates + mix.Ranges)
        {
            actor.Step = Part;
            actor.Offset = _random.NextBelow(actor.Length) & ~(sizeof(ulong) - 1);
        }
        else
        {
            actor.Step = actor.Length <= plainBytes ? Whole : Flow;
        }
    }

    public override void BeginFill(ref Actor actor, int key)
    {
        (actor.Key, actor.Length) = (key, sizes.Of(key));
        BeginStore(ref actor);
    }

    public override int Write(Span<byte> destination, uint id, ref Actor actor)
    {
        Span<byte> key = stackalloc byte[place.Keys.KeyBytes];
        KeySpace.Write(actor.Key, key);
        switch (actor.Step)
        {
            case Whole:
                return RequestWriter.Get(destination, id, key);
            case Part:
                return RequestWriter.GetRange(destination, id, key, (ulong)actor.Offset, RangeBytes);
            case Flow:
                actor.Offset = -1;
                return RequestWriter.GetStream(destination, id, key, (uint)actor.Length);
            case Store:
                return WriteSet(destination, id, actor, default);
            case Open:
                actor.Ticket = id;
                return RequestWriter.SetBegin(destination, id, key, (ulong)actor.Length);
            case Piece:
                return RequestWriter.SetPiece(destination, id, (uint)actor.Ticket, PartOf(actor, actor.Offset, PieceBytes(actor)));
            default:
                return RequestWriter.SetCommit(destination, id, (uint)actor.Ticket);
        }
    }

    public override Turn Take(in Reply reply, ref Actor actor)
    {
        switch (actor.Step, reply.Opcode, reply.Status)
        {
            case (Whole, Opcode.Get, Status.Ok):
                CheckValue(actor, 0, 0, reply.Value, actor.Length);
                return Found();
            case (Part, Opcode.GetRange, Status.Ok):
                return TakePart(reply, actor);
            case (Flow, Opcode.GetStream, Status.Ok):
                return TakePiece(reply, ref actor);
            case (Whole, Opcode.Get, Status.NotFound):
            case (Part, Opcode.GetRange, Status.NotFound):
            case (Flow, Opcode.GetStream, Status.NotFound):
                Counts.Lookups++;
                BeginStore(ref actor);
                return new(NextStep.Send, ReplyKind.Miss);
            case (Store, Opcode.Set, Status.Ok):
            case (Commit, Opcode.SetCommit, Status.Ok):
                return new(NextStep.Done, ReplyKind.Write);
            case (Open, Opcode.SetBegin, Status.Ok):
                (actor.Step, actor.Offset) = (Piece, 0);
                return new(NextStep.Send, ReplyKind.Write);
            case (Piece, Opcode.SetPiece, Status.Ok):
                actor.Offset += PieceBytes(actor);
                actor.Step = actor.Offset == actor.Length ? Commit : Piece;
                return new(NextStep.Send, ReplyKind.Write);
            case (Flow, Opcode.GetStream, Status.TooManyOpen):
                return new(NextStep.Pause, ReplyKind.Hit, TooManyTicks);
            case (Open, Opcode.SetBegin, Status.TooManyOpen):
                return new(NextStep.Pause, ReplyKind.Write, TooManyTicks);
            case (Open or Piece or Commit, Opcode.SetBegin or Opcode.SetPiece or Opcode.SetCommit, Status.OutOfMemory):
                Counts.Refusals++;
                return new(NextStep.Done, ReplyKind.Write);
            default:
                throw Wrong(reply, actor);
        }
    }

    private static int PieceBytes(in Actor actor) => Math.Min(FcpLimits.MaxPieceBytes, actor.Length - actor.Offset);

    private void BeginStore(ref Actor actor) => (actor.Step, actor.Offset) = (actor.Length <= plainBytes ? Store : Open, 0);

    private Turn Found()
    {
        Counts.Lookups++;
        Counts.Hits++;
        return new(NextStep.Done, ReplyKind.Hit);
    }

    private Turn TakePart(in Reply reply, in Actor actor)
    {
        if (reply.Value.Length < sizeof(ulong) || TotalOf(reply.Value) != (ulong)actor.Length)
        {
            throw Wrong(reply, actor);
        }

        int bytes = Math.Min(RangeBytes, actor.Length - actor.Offset);
        CheckValue(actor, 0, actor.Offset, reply.Value[sizeof(ulong)..], bytes);
        return Found();
    }

    /// <summary>The opening tells the length; every piece follows where the one before it ended.</summary>
    private Turn TakePiece(in Reply reply, ref Actor actor)
    {
        if (actor.Offset < 0)
        {
            if (reply.Value.Length != sizeof(ulong) || TotalOf(reply.Value) != (ulong)actor.Length || !reply.HasMore)
            {
                throw Wrong(reply, actor);
            }

            actor.Offset = 0;
            return new(NextStep.Listen, ReplyKind.Hit);
        }

        ReadOnlySpan<byte> piece = reply.Value;
        CheckValue(actor, 0, actor.Offset, piece, piece.Length);
        actor.Offset += piece.Length;
        return reply.HasMore == actor.Offset < actor.Length
            ? reply.HasMore ? new(NextStep.Listen, ReplyKind.Hit) : Found()
            : throw Wrong(reply, actor);
    }

    private static ulong TotalOf(ReadOnlySpan<byte> value) => BinaryPrimitives.ReadUInt64LittleEndian(value);
}
