using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Workload;
using FastCache.Protocol;

namespace FastCache.LoadGen.Scenarios.Flows;

/// <summary>What a mix of single reads and writes is made of; shares are 0 to 1.</summary>
/// <param name="Reads">Reads among all operations.</param>
/// <param name="Misses">Reads of keys that were never stored, among all reads.</param>
/// <param name="Hot">Operations on key 0, among all; the others go by the distribution.</param>
internal readonly record struct Mix(double Reads, double Misses = 0, double Hot = 0);

/// <summary>Single reads and writes that do not depend on each other.</summary>
internal sealed class MixFlow(FlowPlace place, ValueSizes sizes, Mix mix) : ScenarioFlow(place.Keys.KeyBytes, sizes.Most)
{
    private const byte Read = 0;
    private const byte Store = 1;

    private SplitMix _random = new(place.Seed);
    private ulong _writes;

    public override int LongestReplyBytes => ReplyOverheadBytes + sizes.Most;

    public override void Begin(ref Actor actor)
    {
        bool reads = _random.NextDouble() < mix.Reads;
        bool misses = reads && mix.Misses > 0 && _random.NextDouble() < mix.Misses;
        int key = mix.Hot > 0 && _random.NextDouble() < mix.Hot ? 0 : place.Picker.Next(ref _random);
        actor.Step = reads ? Read : Store;
        actor.Key = misses ? place.Keys.Absent(key) : key;
        actor.Length = sizes.Of(key);
        actor.Stamp = reads ? 0 : (++_writes * (ulong)place.Lanes) + (ulong)place.Lane;
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
            case (Read, Opcode.Get, Status.Ok) when actor.Key < place.Keys.Count:
                CheckValue(actor, ItemValue.StampOf(reply.Value), 0, reply.Value, actor.Length);
                Counts.Lookups++;
                Counts.Hits++;
                return new(NextStep.Done, ReplyKind.Hit);
            case (Read, Opcode.Get, Status.NotFound):
                Counts.Lookups++;
                return new(NextStep.Done, ReplyKind.Miss);
            case (Store, Opcode.Set, Status.Ok):
                return new(NextStep.Done, ReplyKind.Write);
            default:
                throw Wrong(reply, actor);
        }
    }
}
