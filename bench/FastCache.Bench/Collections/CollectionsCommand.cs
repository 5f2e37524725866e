using System.CommandLine;
using FastCache.Bench.Check;
using FastCache.Bench.Options;
using FastCache.Core;
using FastCache.LoadGen.Options;

namespace FastCache.Bench.Collections;

/// <summary><c>collections</c>: what an element of a list, hash, set or sorted set takes in memory and in time.</summary>
internal static class CollectionsCommand
{
    private const int ValueBytes = 16;
    private const long BudgetBytes = 1L << 30;
    private static readonly int[] Sizes = [10, 100, 1_000, 100_000];
    private static readonly CollectionKind[] Kinds =
        [CollectionKind.List, CollectionKind.Hash, CollectionKind.Set, CollectionKind.SortedSet];

    public static Command Create()
    {
        TextOption<int> elements = BenchOptions.Count(
            "--elements", "400K", Sizes[^1], 4_000_000, "Elements to store in collections of each size.");
        Command command = new(
            "collections",
            """
            Fills lists, hashes, sets and sorted sets of several sizes with elements of 16 bytes (fields and members as well) in
            random order, and prints bytes of memory beyond those 16 (32 for a hash) for each element, items' headers and unused
            parts of chunks included, and the time of a thread for one insertion, one lookup of a random element and one removal.
            """);
        elements.AddTo(command);
        command.SetAction(parsed =>
        {
            Run(elements.Of(parsed.CommandResult), parsed.InvocationConfiguration.Output);
            return 0;
        });
        return command;
    }

    private static void Run(int elements, TextWriter output)
    {
        output.WriteLine("kind         elements   bytes beyond payload   insert ns   find ns   remove ns");
        foreach (CollectionKind kind in Kinds)
        {
            foreach (int size in Sizes)
            {
                using Shard shard = new(new ShardOptions { MemoryBudgetBytes = BudgetBytes, Prefault = true });
                CollectionLoad load = new(shard, kind, size, elements / size, ValueBytes);
                double insert = NanosPer(load.Elements, load.Insert);
                MemoryAccount memory = shard.Statistics().Memory;
                double beyond = (memory.Items + memory.Rounding - load.PayloadBytes) / (double)load.Elements;
                double find = NanosPer(load.Elements, load.Find);
                double remove = NanosPer(load.Elements, load.Remove);
                output.WriteLine($"{kind,-10} {size,10:N0} {beyond,22:N1} {insert,11:N0} {find,9:N0} {remove,11:N0}");
            }
        }
    }

    private static double NanosPer(long operations, Action work)
    {
        long start = ThreadTime.NowNanos();
        work();
        return (ThreadTime.NowNanos() - start) / (double)operations;
    }
}
