using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using FastCache.Core;

namespace FastCache.Bench;

/// <summary><c>memory</c>: what an item costs above its payload, by the shard's own accounts and by the process's.</summary>
internal static class MemoryCommand
{
    public static Command Create()
    {
        Option<int> items = Number("--items", 5_000_000, 1, 100_000_000, "Items to store.");
        Option<int> keySize = Number("--key-size", 16, 10, Shard.MaxKeyBytes, "Bytes of a key.");
        Option<int> valueSize = Number("--value-size", 100, 0, 1 << 20, "Bytes of a value.");
        Command command = new("memory", "Stores items in a fresh shard and prints the bytes that each takes above key and value.")
        {
            items, keySize, valueSize,
        };
        command.SetAction(parsed => Run(parsed.GetValue(items), parsed.GetValue(keySize), parsed.GetValue(valueSize)));
        return command;
    }

    private static Option<int> Number(string name, int standard, int least, int most, string description)
    {
        Option<int> option = new(name)
        {
            Description = $"{description} {least:N0} to {most:N0}.",
            DefaultValueFactory = _ => standard,
        };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < least || result.GetValueOrDefault<int>() > most)
            {
                result.AddError($"{name} must be {least:N0} to {most:N0}.");
            }
        });
        return option;
    }

    private static int Run(int items, int keySize, int valueSize)
    {
        long payload = (long)items * (keySize + valueSize);
        long budget = Math.Min(ShardOptions.MaxMemoryBudgetBytes, payload + (items * 128L) + (64L << 20));
        using Shard shard = new(new ShardOptions { MemoryBudgetBytes = budget, HashSeed = 1 });
        byte[] key = new byte[keySize];
        byte[] value = new byte[valueSize];
        long residentBefore = ResidentBytes();
        for (int i = 0; i < items; i++)
        {
            key.AsSpan().Fill((byte)'.');
            Encoding.ASCII.GetBytes(i.ToString(CultureInfo.InvariantCulture), key);
            if (shard.Set(key, value, default, out _) != WriteOutcome.Done)
            {
                Console.Error.WriteLine($"the shard refused item {i}");
                return 1;
            }
        }

        long resident = ResidentBytes() - residentBefore;
        ShardStatistics statistics = shard.Statistics();
        if (statistics.Items != items)
        {
            Console.Error.WriteLine($"the shard holds {statistics.Items} of {items} items; the budget of {budget} bytes is too small");
            return 1;
        }

        double slab = (double)(statistics.SlabBytes - payload) / items;
        double index = (double)statistics.IndexBytes / items;
        Console.WriteLine($"{items:N0} items of {keySize}+{valueSize} bytes, {payload / items} bytes of payload each");
        Console.WriteLine($"{"",-28}{"bytes an item",14}");
        Console.WriteLine($"{"item header and rounding",-28}{slab,14:F1}");
        Console.WriteLine($"{"index",-28}{index,14:F1}");
        Console.WriteLine($"{"all, by the shard",-28}{slab + index,14:F1}");
        Console.WriteLine($"{"all, by the process's RSS",-28}{(double)(resident - payload) / items,14:F1}");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"index: {statistics.Buckets:N0} buckets at {statistics.Items / (12.0 * statistics.Buckets):P0} load, {statistics.OverflowBuckets:N0} overflow buckets"));
        return 0;
    }

    private static long ResidentBytes()
    {
        using Process process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
