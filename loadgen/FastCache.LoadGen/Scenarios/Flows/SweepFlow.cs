using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Workload;
using FastCache.Protocol;

namespace FastCache.LoadGen.Scenarios.Flows;

/// <summary>A working set that is read, and beside it keys that are written once and never asked for.</summary>
/// <remarks>
/// <code>
///   Read ── Ok ──────────────────────► done
///    └───── NotFound: Load ── Ok ────► done       what the working set has lost comes back
///   Sweep ── Ok ─────────────────────► done       each time another key, behind the working set
/// </code>
/// Lookups are those of the working set.
/// </remarks>
/// <param name="place">Swept keys are shared among the connections: each has every Lanes-th.</param>
/// <param name="sizes">Of the values.</param>
/// <param name="sweeps">Flows that write a key of the sweep, among all, 0 to 1.</param>
internal sealed class SweepFlow(FlowPlace place, ValueSizes sizes, double sweeps) : ScenarioFlow(place.Keys.KeyBytes, sizes.Most)
{
    private const byte Read = 0;
    private const byte Store = 1;

    private SplitMix _random = new(place.Seed);
    private int _swept;

    public override int LongestReplyBytes => ReplyOverheadBytes + sizes.Most;

    public override void Begin(ref Actor actor)
    {
        bool isSweep = _random.NextDouble() < sweeps;
        int key = isSweep ? NextSwept() : place.Picker.Next(ref _random);
        (actor.Step, actor.Key, actor.Length) = (isSweep ? Store : Read, key, sizes.Of(key));
    }

    public override void BeginFill(ref Actor actor, int key) =>
        (actor.Step, actor.Key, actor.Length) = (Store, key, sizes.Of(key));

    public override int Write(Span<byte> destination, uint id, ref Actor actor) => actor.Step == Read
        ? WriteGet(destination, id, actor)
        : WriteSet(destination, id, actor, default);

    public override Turn Take(in Reply reply, ref Actor actor)
    {
        switch (actor.Step, reply.Opcode, reply.Status)
        {
            case (Read, Opcode.Get, Status.Ok):
                CheckValue(actor, 0, 0, reply.Value, actor.Length);
                Counts.Lookups++;
                Counts.Hits++;
                return new(NextStep.Done, ReplyKind.Hit);
            case (Read, Opcode.Get, Status.NotFound):
                Counts.Lookups++;
                actor.Step = Store;
                return new(NextStep.Send, ReplyKind.Miss);
            case (Store, Opcode.Set, Status.Ok):
                return new(NextStep.Done, ReplyKind.Write);
            default:
                throw Wrong(reply, actor);
        }
    }

    /// <summary>After the last number of a key, hours later at full rate, the sweep begins anew.</summary>
    private int NextSwept()
    {
        long key = place.Keys.Count + ((long)_swept * place.Lanes) + place.Lane;
        _swept = key + place.Lanes <= int.MaxValue ? _swept + 1 : 0;
        return (int)key;
    }
}
