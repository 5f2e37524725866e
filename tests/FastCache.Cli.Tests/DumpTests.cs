using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using FastCache.EndToEnd.Tests;
using FastCache.EndToEnd.Tests.Resp;

namespace FastCache.Cli.Tests;

/// <summary>What a dump writes, and that a load of it gives the same keys and values.</summary>
public sealed class DumpTests : IDisposable
{
    private readonly RunningNode _node = RunningNode.Start("--shards", "2", "--memory", "512MiB");
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    private string Address => _node.EndPoint.ToString();

    public void Dispose()
    {
        _node.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("first.jsonl", "second.jsonl")]
    [InlineData("first.jsonl.gz", "second.jsonl.gz")]
    public async Task A_dump_that_is_loaded_by_another_node_is_dumped_the_same(string first, string second)
    {
        await FillAsync(5_000);
        byte[] film = new byte[3 << 20];
        new Random(1).NextBytes(film);
        Assert.Equal(0, (await ShellRun.WithInputAsync(film, "set", "film", "-", "-c", Address)).ExitCode);
        string[] files = [Path.Combine(_folder, first), Path.Combine(_folder, second)];
        ShellRun dumped = await ShellRun.OfAsync("dump", files[0], "-c", Address);
        Assert.Equal((0, "wrote 5,001 keys\n"), (dumped.ExitCode, dumped.Output));
        using RunningNode other = RunningNode.Start("--memory", "512MiB");
        Assert.Equal(0, (await ShellRun.OfAsync("load", files[0], "-c", $"{other.EndPoint}")).ExitCode);
        JsonElement again = JsonDocument.Parse((await ShellRun.OfAsync("dump", files[1], "--json", "-c", $"{other.EndPoint}")).Bytes).RootElement;
        Assert.Equal((5_001, 0), (again.GetProperty("written").GetInt32(), again.GetProperty("tooLarge").GetInt32()));
        string[] lines = await LinesAsync(files[0]);
        Assert.Equal(5_001, lines.Length);
        Assert.Contains(lines, line => line.Contains("\"keyBase64\"", StringComparison.Ordinal));
        Assert.Equal(lines.Order(StringComparer.Ordinal), (await LinesAsync(files[1])).Order(StringComparer.Ordinal));
        Assert.Equal(film, (await ShellRun.OfAsync("get", "film", "-c", $"{other.EndPoint}")).Bytes);
    }

    [Fact]
    public async Task A_dump_that_nobody_reads_any_more_ends_with_an_error()
    {
        await FillAsync(100);
        using Process process = CommandTests.StartProgram(Address, "dump");
        process.StandardOutput.Close();
        string errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal((2, "error: Broken pipe\n"), (process.ExitCode, errors));
    }

    [Fact]
    public async Task Only_the_keys_that_are_meant_are_written()
    {
        await FillAsync(1_000);
        Assert.Equal(1_000, await CountAsync());
        Assert.Equal(111, await CountAsync("--prefix", "key 1"));
        Assert.Equal(100, await CountAsync("--match", "key 1??"));
        Assert.Equal(50, await CountAsync("--match", "key 1?[02468]"));
        Assert.Equal(7, await CountAsync("--limit", "7"));
        Assert.Equal(7, await CountAsync("--limit", "7", "--keys-only"));
        Assert.Equal(0, await CountAsync("--prefix", "nobody"));
        ShellRun keys = await ShellRun.OfAsync("dump", "--prefix", "key 99", "--keys-only", "-c", Address);
        Assert.Equal(
            Enumerable.Range(99, 1).Concat(Enumerable.Range(990, 10)).Select(i => $$"""{"key":"key {{i}}"}""").Order(),
            keys.Output.TrimEnd().Split('\n').Order());
        Assert.Equal("wrote 11 keys\n", keys.Errors);

        async Task<int> CountAsync(params string[] options)
        {
            ShellRun run = await ShellRun.OfAsync(["dump", .. options, "-c", Address]);
            Assert.Equal(0, run.ExitCode);
            return run.Output.Split('\n').Length - 1;
        }
    }

    [Fact]
    public async Task A_value_that_no_line_holds_is_named_and_passed_over()
    {
        using RunningNode node = RunningNode.Start("--memory", "512MiB");
        string address = $"{node.EndPoint}";
        Assert.Equal(0, (await ShellRun.WithInputAsync(new byte[65 << 20], "set", "film", "-", "-c", address)).ExitCode);
        Assert.Equal(0, (await ShellRun.OfAsync("set", "k", "v", "-c", address)).ExitCode);
        ShellRun dumped = await ShellRun.OfAsync("dump", "-c", address);
        Assert.Equal((1, "{\"key\":\"k\",\"value\":\"v\"}\n"), (dumped.ExitCode, dumped.Output));
        Assert.Contains("not written: film: its value has 68,157,440 bytes", dumped.Errors, StringComparison.Ordinal);
        string file = Path.Combine(_folder, "film");
        Assert.Equal(0, (await ShellRun.OfAsync("get", "film", "--output", file, "-c", address)).ExitCode);
        Assert.Equal(65 << 20, new FileInfo(file).Length);
    }

    [Fact]
    public async Task Collections_are_counted_and_passed_over()
    {
        using RunningNode node = RunningNode.StartWithResp("--shards", "2", "--memory", "128MiB");
        string address = $"{node.EndPoint}";
        Assert.Equal(0, (await ShellRun.OfAsync("set", "k", "v", "-c", address)).ExitCode);
        using RespPeer resp = new(node.RespEndPoint);
        Assert.Equal(":1\r\n", resp.Ask("HSET", "hash", "field", "x"));
        Assert.Equal(":1\r\n", resp.Ask("RPUSH", "list", "x"));
        ShellRun dumped = await ShellRun.OfAsync("dump", "-c", address);
        Assert.Equal((0, "{\"key\":\"k\",\"value\":\"v\"}\n"), (dumped.ExitCode, dumped.Output));
        Assert.Contains("not written: 2 keys: a hash, list, set or sorted set", dumped.Errors, StringComparison.Ordinal);
        Assert.Contains("wrote 1 key\n", dumped.Errors, StringComparison.Ordinal);
        string file = Path.Combine(_folder, "all");
        JsonElement told = JsonDocument.Parse((await ShellRun.OfAsync("dump", file, "--json", "-c", address)).Bytes).RootElement;
        Assert.Equal((1, 2), (told.GetProperty("written").GetInt32(), told.GetProperty("withoutValue").GetInt32()));
        Assert.Equal(3, (await ShellRun.OfAsync("dump", "--keys-only", "-c", address)).Output.Split('\n').Length - 1);
    }

    [Fact]
    public async Task Values_of_several_frames_go_from_files_to_files()
    {
        byte[] value = new byte[(5 << 20) + 1];
        new Random(2).NextBytes(value);
        string file = Path.Combine(_folder, "value");
        await File.WriteAllBytesAsync(file, value);
        ShellRun stored = await ShellRun.OfAsync("set", "k", "--file", file, "-c", Address);
        Assert.StartsWith("stored 5242881 bytes, version ", stored.Output, StringComparison.Ordinal);
        Assert.Equal(value, (await ShellRun.OfAsync("get", "k", "-c", Address)).Bytes);
        string copy = Path.Combine(_folder, "copy");
        JsonElement got = JsonDocument.Parse((await ShellRun.OfAsync("get", "k", "-o", copy, "--json", "-c", Address)).Bytes).RootElement;
        Assert.Equal(value.Length, got.GetProperty("length").GetInt32());
        Assert.Equal(value, await File.ReadAllBytesAsync(copy));
        Assert.Equal(
            Convert.ToHexStringLower(value) + "\n", (await ShellRun.OfAsync("get", "k", "--hex", "-c", Address)).Output);
        JsonElement whole = JsonDocument.Parse((await ShellRun.OfAsync("get", "k", "--json", "-c", Address)).Bytes).RootElement;
        Assert.Equal(value, whole.GetProperty("valueBase64").GetBytesFromBase64());
    }

    private static async Task<string[]> LinesAsync(string file)
    {
        await using Stream bytes = File.OpenRead(file);
        await using Stream lines = file.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(bytes, CompressionMode.Decompress) : bytes;
        using StreamReader reader = new(lines);
        return (await reader.ReadToEndAsync()).TrimEnd().Split('\n');
    }

    /// <summary>Keys "key 0" and so on with values of text and of bytes, every hundredth key without text.</summary>
    private async Task FillAsync(int count)
    {
        StringBuilder lines = new();
        for (int i = 0; i < count; i++)
        {
            string key = count > 1_000 && i % 100 == 0
                ? $"\"keyBase64\":\"{Convert.ToBase64String([0xFF, .. BitConverter.GetBytes(i)])}\""
                : $"\"key\":\"key {i}\"";
            string value = i % 7 == 0 ? "\"valueBase64\":\"/v8AAQ==\"" : $"\"value\":\"{new string('é', i % 50)} \\\" {i}\"";
            lines.Append('{').Append(key).Append(',').Append(value).Append("}\n");
        }

        Assert.Equal(0, (await ShellRun.WithInputAsync(Encoding.UTF8.GetBytes(lines.ToString()), "load", "-", "-c", Address)).ExitCode);
    }
}
