using System.Diagnostics;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Workload;
using FastCache.Protocol;

namespace FastCache.LoadGen.Scenarios.Flows;

/// <summary>Web sessions: read one with its version, perhaps change it and write it back if nobody else has; start one that is not there.</summary>
/// <remarks>
/// <code>
///   Read ── Ok ──────────► done, or Change ── Ok ──────────────► done
///    ▲   └─ NotFound ────► Create ── Ok ───────────────────────► done
///    └──── VersionMismatch, Exists, NotFound: somebody was faster; again after a random, growing pause, four times at most
/// </code>
/// The stamp counts the changes of a session since it was started.
/// </remarks>
internal sealed class SessionFlow(FlowPlace place, ValueSizes sizes, double changes, TimeSpan life)
    : ScenarioFlow(place.Keys.KeyBytes, sizes.Most)
{
    private const byte Read = 0;
    private const byte Change = 1;
    private const byte Create = 2;
    private const byte Fill = 3;

    private const int MostTries = 4;
    private static readonly long FirstPauseTicks = Stopwatch.Frequency / 1_000;

    private readonly ulong _lifeMillis = (ulong)life.TotalMilliseconds;
    private SplitMix _random = new(place.Seed);

    public override int LongestReplyBytes => ReplyOverheadBytes + sizes.Most;

    public override void Begin(ref Actor actor)
    {
        actor.Key = place.Picker.Next(ref _random);
        actor.Length = sizes.Of(actor.Key);
        actor.Writes = _random.NextDouble() < changes;
    }

    public override void BeginFill(ref Actor actor, int key)
    {
        actor.Key = key;
        actor.Length = sizes.Of(key);
        actor.Step = Fill;
    }

    public override int Write(Span<byte> destination, uint id, ref Actor actor)
    {
        if (actor.Step == Read)
        {
            return WriteGet(destination, id, actor, returnVersion: true);
        }

        SetMode mode = actor.Step switch
        {
            Change => SetMode.IfVersion,
            Create => SetMode.IfAbsent,
            _ => SetMode.Always,
        };
        return WriteSet(destination, id, actor, new(_lifeMillis, mode, actor.Ticket) { Sliding = true });
    }

    public override Turn Take(in Reply reply, ref Actor actor) => (actor.Step, reply.Opcode, reply.Status) switch
    {
        (Read, Opcode.Get, Status.Ok) => TakeSession(reply, ref actor),
        (Read, Opcode.Get, Status.NotFound) => TakeNothing(ref actor),
        (Change or Create or Fill, Opcode.Set, Status.Ok) => new(NextStep.Done, ReplyKind.Write),
        (Change, Opcode.Set, Status.VersionMismatch or Status.NotFound) or (Create, Opcode.Set, Status.Exists) =>
            ReadAgain(ref actor),
        _ => throw Wrong(reply, actor),
    };

    private Turn TakeSession(in Reply reply, ref Actor actor)
    {
        ulong stamp = ItemValue.StampOf(reply.Value);
        CheckValue(actor, stamp, 0, reply.Value, actor.Length);
        if (!reply.HasVersion)
        {
            throw Wrong(reply, actor);
        }

        Counts.Lookups++;
        Counts.Hits++;
        return actor.Writes
            ? Go(ref actor, Change, ReplyKind.Hit, stamp + 1, reply.Version)
            : new(NextStep.Done, ReplyKind.Hit);
    }

    private Turn TakeNothing(ref Actor actor)
    {
        Counts.Lookups++;
        return Go(ref actor, Create, ReplyKind.Miss, stamp: 0, version: 0);
    }

    private Turn ReadAgain(ref Actor actor)
    {
        Counts.Refusals++;
        actor.Step = Read;
        return ++actor.Tries < MostTries
            ? new(NextStep.Pause, ReplyKind.Write, (long)(_random.NextDouble() * (FirstPauseTicks << actor.Tries)))
            : new(NextStep.Done, ReplyKind.Write);
    }

    private static Turn Go(ref Actor actor, byte step, ReplyKind kind, ulong stamp, ulong version)
    {
        (actor.Step, actor.Stamp, actor.Ticket) = (step, stamp, version);
        return new(NextStep.Send, kind);
    }
}
