using System.Buffers.Binary;
using System.Diagnostics;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Workload;
using FastCache.Protocol;

namespace FastCache.LoadGen.Scenarios.Flows;

/// <summary>A cache before a slow database: who is granted the lease of a missing key fetches it, the others wait or take the stale value.</summary>
/// <remarks>
/// <code>
///   Ask ── Hit, Stale ──────────────────────────────────────► done
///    ▲ ├── Fill, StaleFill, HitRefresh: fetch (pause) ── Set ── Ok, LeaseLost ──► done
///    │ ├── Miss: fetch (pause) ── Set without a token ── Ok ──► done
///    └─┴── Wait: a pause
///   Change (the row was updated) ── MakeStale ── Ok, NotFound ──► done
/// </code>
/// A share of the lookups is for rows that were not stored before the run. The stamp is the number of the fetch. A lookup counts as a hit when a value, fresh or stale, came at once.
/// </remarks>
internal sealed class LeaseFlow(
    FlowPlace place, ValueSizes sizes, double changes, double additions, TimeSpan fetch, TimeSpan life)
    : ScenarioFlow(place.Keys.KeyBytes, sizes.Most)
{
    private const byte Ask = 0;
    private const byte Store = 1;
    private const byte Change = 2;
    private const byte AskAgain = 3;
    private const uint LeaseMillis = 1_000;
    private static readonly long AskAgainTicks = 2 * Stopwatch.Frequency / 1_000;

    private readonly long _fetchTicks = (long)(fetch.TotalSeconds * Stopwatch.Frequency);
    private readonly ulong _lifeMillis = (ulong)life.TotalMilliseconds;
    private SplitMix _random = new(place.Seed);
    private ulong _fetched;

    public override int LongestReplyBytes => ReplyOverheadBytes + sizes.Most;

    public override void Begin(ref Actor actor)
    {
        double draw = _random.NextDouble();
        actor.Step = draw < changes ? Change : Ask;
        actor.Key = draw < 1 - additions
            ? place.Picker.Next(ref _random)
            : place.Keys.Absent(_random.NextBelow(place.Keys.Count));
        actor.Length = sizes.Of(actor.Key);
    }

    public override void BeginFill(ref Actor actor, int key) =>
        (actor.Step, actor.Key, actor.Length) = (Store, key, sizes.Of(key));

    public override int Write(Span<byte> destination, uint id, ref Actor actor)
    {
        Span<byte> key = stackalloc byte[place.Keys.KeyBytes];
        switch (actor.Step)
        {
            case Store:
                SetTerms terms = new(LifeOf(actor.Key)) { KeepStale = true, LeaseToken = actor.Ticket };
                return WriteSet(destination, id, actor, terms);
            case Change:
                KeySpace.Write(actor.Key, key);
                return RequestWriter.MakeStale(destination, id, key);
            default:
                KeySpace.Write(actor.Key, key);
                return RequestWriter.LeaseGet(destination, id, key, LeaseMillis);
        }
    }

    public override Turn Take(in Reply reply, ref Actor actor) => (actor.Step, reply.Opcode, reply.Status) switch
    {
        (Ask or AskAgain, Opcode.LeaseGet, Status.Ok) => TakeAnswer(reply, ref actor),
        (Store, Opcode.Set, Status.Ok) or (Change, Opcode.MakeStale, Status.Ok or Status.NotFound) =>
            new(NextStep.Done, ReplyKind.Write),
        (Store, Opcode.Set, Status.LeaseLost) when actor.Ticket != 0 => TakeLoss(),
        _ => throw Wrong(reply, actor),
    };

    private Turn TakeAnswer(in Reply reply, ref Actor actor)
    {
        LeaseResult answer = (LeaseResult)reply.Argument;
        if (reply.Value.Length < sizeof(ulong) || answer > LeaseResult.Miss)
        {
            throw Wrong(reply, actor);
        }

        ulong token = BinaryPrimitives.ReadUInt64LittleEndian(reply.Value);
        ReadOnlySpan<byte> value = reply.Value[sizeof(ulong)..];
        bool hasValue = answer <= LeaseResult.StaleFill;
        bool isGranted = answer is LeaseResult.HitRefresh or LeaseResult.StaleFill or LeaseResult.Fill;
        if (isGranted != (token != 0) || hasValue == value.IsEmpty)
        {
            throw Wrong(reply, actor);
        }

        if (hasValue)
        {
            CheckValue(actor, ItemValue.StampOf(value), 0, value, actor.Length);
        }

        if (actor.Step == Ask)
        {
            Counts.Lookups++;
            Counts.Hits += hasValue ? 1 : 0;
        }

        ReplyKind kind = hasValue ? ReplyKind.Hit : ReplyKind.Miss;
        if (answer == LeaseResult.Wait)
        {
            actor.Step = AskAgain;
            return new(NextStep.Pause, kind, AskAgainTicks);
        }

        if (!isGranted && answer != LeaseResult.Miss)
        {
            return new(NextStep.Done, kind);
        }

        Counts.Fetches++;
        (actor.Step, actor.Ticket, actor.Stamp) = (Store, token, (++_fetched * (ulong)place.Lanes) + (ulong)place.Lane);
        return new(NextStep.Pause, kind, _fetchTicks);
    }

    private Turn TakeLoss()
    {
        Counts.Refusals++;
        return new(NextStep.Done, ReplyKind.Write);
    }

    /// <summary>Half of the life to all of it, by key: what was stored together does not expire together.</summary>
    private ulong LifeOf(int key) => (_lifeMillis / 2) + (SplitMix.Mix((ulong)key) % ((_lifeMillis / 2) + 1));
}
