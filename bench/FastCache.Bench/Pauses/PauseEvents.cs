using FastCache.Core;

namespace FastCache.Bench.Pauses;

/// <summary>Something that happens to a shard, and the loop that feels it.</summary>
/// <param name="Name">What happens.</param>
/// <param name="Prepare">Brings the shard to where it can happen.</param>
/// <param name="Happen">A piece of it, called between batches of ordinary operations; says whether it has happened.</param>
/// <param name="Ordinary">What the ordinary operations do.</param>
/// <param name="Baseline">Prepares the shard of the loop without the event; null: the same as with it.</param>
internal sealed record PauseEvent(
    string Name,
    Action<PauseLoop> Prepare,
    Func<PauseLoop, bool> Happen,
    OrdinaryOperations Ordinary = OrdinaryOperations.ReadsAndWrites,
    Action<PauseLoop>? Baseline = null);

/// <summary>What the ordinary operations of a loop do.</summary>
internal enum OrdinaryOperations
{
    /// <summary>Nine reads to a write of 100 bytes, over few keys: nothing is evicted.</summary>
    ReadsAndWrites,

    /// <summary>Writes of new keys with the smallest values.</summary>
    NewTiny,

    /// <summary>Writes of new keys with the largest values that take one chunk.</summary>
    NewLargest,
}

/// <summary>The events of <c>pauses</c>.</summary>
internal static class PauseEvents
{
    private const int ManyItems = 1_000_000;
    private const int ManyMoreItems = 5_000_000;
    private const long HourMillis = 3_600_000;
    private const int TinyBytes = PauseLoop.TinyBytes;
    private const int LargestBytes = PauseLoop.LargestBytes;

    public static IReadOnlyList<PauseEvent> All { get; } =
    [
        new("a value of 512 MiB is deleted", loop => loop.WriteHuge(), loop => loop.Time(() => loop.Shard.Delete(PauseLoop.HugeKey))),
        new(
            "a value of 512 MiB is replaced by one of 100 bytes",
            loop => loop.WriteHuge(),
            loop => loop.Time(() => loop.Shard.Set(PauseLoop.HugeKey, PauseLoop.Value(100), default, out _))),
        new(
            "a value of 512 MiB is replaced by another, in pieces of 64 KiB",
            loop => loop.WriteHuge(),
            loop => loop.WriteHugePiece()),
        new(
            "a value of 512 MiB is evicted by values of 65,000 bytes",
            loop =>
            {
                loop.WriteHuge();
                loop.FillUp(LargestBytes, read: false);
            },
            loop => loop.HugeIsGoing(),
            OrdinaryOperations.NewLargest,
            loop => loop.FillUp(LargestBytes, read: false)),
        new(
            "values of 65,000 bytes take the pages of hot ones of 1 byte",
            loop => loop.FillUp(TinyBytes, read: true),
            _ => true,
            OrdinaryOperations.NewLargest,
            loop => loop.FillUp(LargestBytes, read: true)),
        new(
            "values of 1 byte take the pages of hot ones of 65,000 bytes",
            loop => loop.FillUp(LargestBytes, read: true),
            _ => true,
            OrdinaryOperations.NewTiny,
            loop => loop.FillUp(TinyBytes, read: true)),
        new(
            "a million items expire at once",
            loop => loop.Store(ManyItems, timeToLiveMillis: HourMillis),
            loop => loop.PassTime(HourMillis + 1_000)),
        new(
            "five million items are deleted, and the index shrinks",
            loop => loop.Store(ManyMoreItems, timeToLiveMillis: 0),
            loop => loop.DeleteSome(ManyMoreItems)),
    ];
}
