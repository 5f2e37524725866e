using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using System.Text.Json;
using FastCache.EndToEnd.Tests;

namespace FastCache.Cli.Tests;

/// <summary>Commands against a real node.</summary>
public sealed class CommandTests : IDisposable
{
    private readonly RunningNode _node = RunningNode.Start("--shards", "2");
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    private string Address => _node.EndPoint.ToString();

    public void Dispose()
    {
        _node.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_value_is_stored_and_printed_byte_for_byte()
    {
        byte[] value = [0, 255, 10, 13, 128];
        Assert.Equal(0, (await ShellRun.WithInputAsync(value, "set", "k", "-", "-c", Address)).ExitCode);
        Assert.Equal(value, (await ShellRun.OfAsync("get", "k", "-c", Address)).Bytes);
        Assert.Equal("00ff0a0d80\n", (await ShellRun.OfAsync("get", "6b", "--key-hex", "--hex", "-c", Address)).Output);
        Assert.Equal(value[1..3], (await ShellRun.OfAsync("get", "k", "--range", "1:2", "-c", Address)).Bytes);
        string file = Path.Combine(_folder, "value");
        Assert.Equal(0, (await ShellRun.OfAsync("get", "k", "-o", file, "-c", Address)).ExitCode);
        Assert.Equal(value, await File.ReadAllBytesAsync(file));
    }

    [Fact]
    public async Task Conditions_that_are_not_met_end_with_1_and_say_which()
    {
        ShellRun absent = await ShellRun.OfAsync("get", "nobody", "-c", Address);
        Assert.Equal((1, "not found: nobody\n"), (absent.ExitCode, absent.Errors));
        Assert.Equal(1, (await ShellRun.OfAsync("set", "k", "v", "--if-present", "-c", Address)).ExitCode);
        Assert.Equal(0, (await ShellRun.OfAsync("set", "k", "v", "--if-absent", "-c", Address)).ExitCode);
        ShellRun taken = await ShellRun.OfAsync("set", "k", "w", "--if-absent", "-c", Address);
        Assert.Equal((1, "not stored: the key is there already\n"), (taken.ExitCode, taken.Errors));
        JsonElement item = Json(await ShellRun.OfAsync("get", "k", "--json", "-c", Address));
        Assert.Equal("v", item.GetProperty("value").GetString());
        string version = item.GetProperty("version").GetString()!;
        Assert.Equal(0, (await ShellRun.OfAsync("set", "k", "x", "--if-version", version, "-c", Address)).ExitCode);
        Assert.Equal(1, (await ShellRun.OfAsync("delete", "k", "--if-version", version, "-c", Address)).ExitCode);
        Assert.Equal(0, (await ShellRun.OfAsync("touch", "k", "--ttl", "5m", "-c", Address)).ExitCode);
        ShellRun deleted = await ShellRun.OfAsync("delete", "k", "nobody", "-c", Address);
        Assert.Equal((1, "deleted 1 of 2\n"), (deleted.ExitCode, deleted.Output));
        Assert.Equal(1, (await ShellRun.OfAsync("touch", "k", "--ttl", "0s", "-c", Address)).ExitCode);
    }

    [Fact]
    public async Task A_cluster_is_shown_and_each_of_its_nodes_asked()
    {
        ShellRun alone = await ShellRun.OfAsync("topology", "show", "-c", Address);
        Assert.Equal((1, "the node is in no cluster: it has all slots\n"), (alone.ExitCode, alone.Errors));
        string file = Path.Combine(_folder, "cluster.json");
        string[] addresses = [$"127.0.0.1:{FreePort()}", $"127.0.0.1:{FreePort()}"];
        Assert.Equal(0, (await ShellRun.OfAsync(
            "topology", "create", "--node", $"a={addresses[0]}", "--node", $"b={addresses[1]}", "--output", file)).ExitCode);
        using RunningNode a = RunningNode.Start("--shards", "1", "--topology", file, "--node", "a", "--listen", addresses[0]);
        using RunningNode b = RunningNode.Start("--shards", "1", "--topology", file, "--node", "b", "--listen", addresses[1]);
        JsonElement shown = Json(await ShellRun.OfAsync("topology", "show", "--json", "-c", addresses[1]));
        Assert.Equal(1, shown.GetProperty("epoch").GetInt32());
        Assert.Equal(["a", "b"], shown.GetProperty("nodes").EnumerateArray().Select(node => node.GetProperty("name").GetString()));
        Assert.Equal(
            await File.ReadAllTextAsync(file),
            (await ShellRun.OfAsync("topology", "show", "--document", "-c", addresses[0])).Output);
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(0, (await ShellRun.OfAsync("set", $"k{i}", "v", "-c", addresses[0])).ExitCode);
        }

        JsonElement[] nodes = [.. Json(await ShellRun.OfAsync("stats", "--json", "-c", addresses[0])).GetProperty("nodes").EnumerateArray()];
        long[] items = [.. nodes.Select(node => node.GetProperty("counters").GetProperty("items").GetInt64())];
        Assert.Equal(20, items.Sum());
        Assert.All(items, count => Assert.NotEqual(0, count));
        Assert.Equal(2, (await ShellRun.OfAsync("ping", "-c", addresses[0])).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        ShellRun latency = await ShellRun.OfAsync("latency", "--duration", "300ms", "--rate", "20", "--json", "-c", addresses[0]);
        Assert.Equal(4, Json(latency).GetProperty("probes").GetArrayLength());
    }

    [Fact]
    public async Task Counters_count()
    {
        Assert.Equal(1, (await ShellRun.OfAsync("incr", "c", "-c", Address)).ExitCode);
        Assert.Equal("10\n", (await ShellRun.OfAsync("incr", "c", "--initial", "10", "-c", Address)).Output);
        Assert.Equal(15, Json(await ShellRun.OfAsync("incr", "c", "--by", "5", "--json", "-c", Address)).GetProperty("number").GetInt32());
        Assert.Equal("-5\n", (await ShellRun.OfAsync("decr", "c", "--by", "20", "--signed", "-c", Address)).Output);
        await ShellRun.OfAsync("set", "text", "abc", "-c", Address);
        ShellRun refused = await ShellRun.OfAsync("incr", "text", "-c", Address);
        Assert.Equal(4, refused.ExitCode);
        Assert.Contains("NotANumber", refused.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Statistics_are_printed_and_watched()
    {
        Assert.Equal(0, (await ShellRun.OfAsync("ping", "-c", Address)).ExitCode);
        Assert.Contains("memory_budget_bytes", (await ShellRun.OfAsync("stats", "-c", Address)).Output, StringComparison.Ordinal);
        JsonElement node = Json(await ShellRun.OfAsync("stats", "--json", "-c", Address)).GetProperty("nodes")[0];
        Assert.Equal(2, node.GetProperty("counters").GetProperty("shards").GetInt32());
        string[] lines = (await ShellRun.OfAsync("stats", "-w", "--interval", "200ms", "--count", "2", "-c", Address)).Output.TrimEnd().Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.Contains("op/s", lines[0], StringComparison.Ordinal);
        Assert.All(lines[1..], line => Assert.Contains("64.0 MiB", line, StringComparison.Ordinal));
        JsonElement watched = Json(await ShellRun.OfAsync("stats", "-w", "--interval", "200ms", "--count", "1", "--json", "-c", Address));
        Assert.Equal(64 << 20, watched.GetProperty("nodes")[0].GetProperty("memoryLimitBytes").GetInt32());
        ShellRun unknown = await ShellRun.OfAsync("stats", "--node", "b", "-c", Address);
        Assert.Equal(2, unknown.ExitCode);
        Assert.Contains("'b'", unknown.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Latencies_of_pings_and_gets_are_measured()
    {
        JsonElement probes = Json(await ShellRun.OfAsync("latency", "--duration", "500ms", "--json", "-c", Address)).GetProperty("probes");
        Assert.Equal(["ping", "get"], probes.EnumerateArray().Select(probe => probe.GetProperty("kind").GetString()));
        Assert.All(probes.EnumerateArray(), probe =>
        {
            Assert.InRange(probe.GetProperty("answers").GetInt32(), 5, 50);
            Assert.InRange(probe.GetProperty("p50Micros").GetDouble(), 1, probe.GetProperty("maxMicros").GetDouble());
        });
        ShellRun shown = await ShellRun.OfAsync("latency", "--duration", "200ms", "-c", Address);
        Assert.Equal(0, shown.ExitCode);
        Assert.Contains("p99.9", shown.Output, StringComparison.Ordinal);
        Assert.Contains("##", shown.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_file_of_50_000_keys_is_loaded(bool packed)
    {
        string file = Path.Combine(_folder, packed ? "keys.jsonl.gz" : "keys.jsonl");
        await using (Stream stream = packed ? new GZipStream(File.Create(file), CompressionLevel.Fastest) : File.Create(file))
        {
            await using StreamWriter writer = new(stream);
            for (int i = 0; i < 50_000; i++)
            {
                await writer.WriteLineAsync(i % 10 == 0
                    ? $$"""{"keyBase64":"{{Convert.ToBase64String(BinaryKey(i))}}","valueBase64":"/v8="}"""
                    : $$"""{"key":"key {{i}}","value":"value {{i}}","ttlMillis":600000}""");
            }
        }

        ShellRun loaded = await ShellRun.OfAsync("load", file, "-c", Address);
        Assert.Equal((0, "stored 50,000 keys\n"), (loaded.ExitCode, loaded.Output));
        Assert.Equal("value 49999", (await ShellRun.OfAsync("get", "key 49999", "-c", Address)).Output);
        Assert.Equal([0xFE, 0xFF], (await ShellRun.OfAsync("get", Convert.ToHexString(BinaryKey(40)), "--key-hex", "-c", Address)).Bytes);

        static byte[] BinaryKey(int number) => [0xFF, .. BitConverter.GetBytes(number)];
    }

    [Theory]
    [InlineData("""{"key":"c"}""", "either \"value\" or")]
    [InlineData("""{"value":"c"}""", "either \"key\" or")]
    [InlineData("""{"key":"c","value":"v","life":1}""", "life")]
    [InlineData("""{"key":"","value":"v"}""", "0 bytes; allowed are 1 to 250")]
    [InlineData("""{"key":"c","value":"v","ttlMillis":0}""", "ttlMillis is 0")]
    [InlineData("{", "not as it should be")]
    [InlineData("null", "either \"key\" or")]
    public async Task A_bad_line_stops_a_load_and_is_named_or_is_skipped(string line, string why)
    {
        byte[] lines = Encoding.UTF8.GetBytes(
            $"{{\"key\":\"a\",\"value\":\"1\"}}\n\n{line}\n{{\"key\":\"b\",\"value\":\"2\"}}");
        ShellRun stopped = await ShellRun.WithInputAsync(lines, "load", "-", "-c", Address);
        Assert.Equal((2, "stored 1 key, 1 bad line\n"), (stopped.ExitCode, stopped.Output));
        Assert.StartsWith("line 3: ", stopped.Errors, StringComparison.Ordinal);
        Assert.Contains(why, stopped.Errors, StringComparison.Ordinal);
        ShellRun skipped = await ShellRun.WithInputAsync(lines, "load", "-", "--skip-bad", "-c", Address);
        Assert.Equal((2, "stored 2 keys, 1 bad line\n"), (skipped.ExitCode, skipped.Output));
    }

    [Fact]
    public async Task A_value_larger_than_the_node_takes_is_refused_with_words()
    {
        ShellRun refused = await ShellRun.WithInputAsync(new byte[40 << 20], "set", "k", "-", "-c", Address);
        Assert.Equal(4, refused.ExitCode);
        Assert.Contains("ValueTooLarge", refused.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", refused.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_built_program_says_with_its_exit_code_how_it_ended()
    {
        string path = typeof(CommandTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .First(attribute => attribute.Key == "CliPath").Value!;
        ProcessStartInfo start = new("dotnet", [path, "get", "nobody"]) { RedirectStandardError = true };
        start.Environment["FASTCACHE_CONNECT"] = Address;
        using Process process = Process.Start(start)!;
        Assert.Equal("not found: nobody\n", await process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.Equal(1, process.ExitCode);
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static JsonElement Json(ShellRun run) => JsonDocument.Parse(run.Bytes).RootElement;
}
