using System.CommandLine;
using FastCache.Bench.Options;
using FastCache.Bench.Peers;
using FastCache.Core;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;

namespace FastCache.Bench.MemoryUse;

/// <summary><c>memory</c>: what an item costs above its payload, beside other caches that are installed.</summary>
internal static class MemoryCommand
{
    private const double BarBytesPerItem = 40;
    private const double BarRoundingLoss = 0.10;

    public static Command Create()
    {
        TextOption<int> items = BenchOptions.Count("--items", "5M", 1, 100_000_000, "Items of one size.");
        TextOption<int> keySize = BenchOptions.Count(
            "--key-size", "16", ItemMix.LeastKeyBytes, Shard.MaxKeyBytes, "Bytes of a key.");
        TextOption<int> valueSize = BenchOptions.Count("--value-size", "100", 0, ValueStreams.MaxContiguousBytes(Shard.MaxKeyBytes), "Bytes of a value.");
        TextOption<int> mixItems = BenchOptions.Count("--mix-items", "3M", 1, 20_000_000, "Items of log-normal sizes.");
        Option<bool> alone = new("--alone") { Description = "Leave out memcached and redis-server." };
        Command command = new("memory", "Stores items and prints the bytes that each takes above key and value, in a shard and, "
            + "where they are installed (see loadgen/install-peers.sh), in memcached and redis-server: about a minute. Exits with 1 when the "
            + $"shard takes over {BarBytesPerItem} bytes an item, or loses over {BarRoundingLoss:P0} to the rounding of a mix of sizes.")
        {
            alone,
        };
        items.AddTo(command);
        keySize.AddTo(command);
        valueSize.AddTo(command);
        mixItems.AddTo(command);
        command.SetAction(parsed =>
        {
            ItemMix even = ItemMix.Fixed(
                items.Of(parsed.CommandResult), keySize.Of(parsed.CommandResult), valueSize.Of(parsed.CommandResult));
            ItemMix mixed = ItemMix.LogNormal(mixItems.Of(parsed.CommandResult), keySize.Of(parsed.CommandResult));
            return Run(even, mixed, parsed.GetValue(alone));
        });
        return command;
    }

    private static int Run(ItemMix even, ItemMix mixed, bool alone)
    {
        try
        {
            ShardFootprint shard = WriteTable(even, alone);
            double perItem = Math.Max(shard.Total.OwnAbovePayload(even), shard.Total.ResidentAbovePayload(even));
            bool isMet = WriteBar($"at most {BarBytesPerItem} bytes an item", $"{perItem:0.0}", perItem <= BarBytesPerItem);
            Console.WriteLine($"  index: {shard.Statistics.Buckets:N0} buckets at {100 * shard.Statistics.Items / (12.0 * shard.Statistics.Buckets):0}% load, {shard.Statistics.OverflowBuckets:N0} overflow buckets");
            Console.WriteLine();
            shard = WriteTable(mixed, alone);
            double loss = shard.RoundingLoss(mixed);
            isMet &= WriteBar($"at most {BarRoundingLoss * 100:0}% lost to rounding", $"{loss * 100:0.0}%", loss <= BarRoundingLoss);
            return isMet ? 0 : 1;
        }
        catch (Exception e) when (e is InvalidOperationException or LoadFailedException or IOException or System.Net.Sockets.SocketException)
        {
            Console.Error.WriteLine(e.Message);
            return 1;
        }
    }

    private static ShardFootprint WriteTable(ItemMix mix, bool alone)
    {
        double payload = mix.PayloadBytes / (double)mix.Items;
        Console.WriteLine($"{mix.Name}: {payload:0.0} bytes of payload each");
        TextTable table = new("bytes an item above payload", "own accounts", "resident", "of payload");
        table.Right(1, 2, 3);
        ShardFootprint shard = ShardFootprint.Of(mix);
        Add(shard.Total);
        AddPart("header", shard.HeaderBytes);
        AddPart("rounding to size classes", shard.RoundingBytes);
        AddPart("chunks not yet used", shard.UnusedBytes);
        AddPart("index", shard.IndexBytes);
        foreach (Func<Peer?> start in alone ? [] : Peer.All)
        {
            using Peer? peer = start();
            if (peer is not null)
            {
                Add(peer.Fill(mix));
            }
        }

        table.WriteTo(Console.Out);
        return shard;

        void Add(Footprint footprint) => table.Add(
            footprint.Server,
            $"{footprint.OwnAbovePayload(mix):0.0}",
            $"{footprint.ResidentAbovePayload(mix):0.0}",
            $"{100 * footprint.ResidentAbovePayload(mix) / payload:0.0}%");

        void AddPart(string name, long bytes) => table.Add("  " + name, $"{bytes / (double)mix.Items:0.0}", "", "");
    }

    private static bool WriteBar(string bar, string measured, bool isMet)
    {
        Console.WriteLine($"  {bar}: {(isMet ? "met" : "MISSED")}, {measured}");
        return isMet;
    }
}
