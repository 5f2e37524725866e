namespace FastCache.Cli.Tests;

/// <summary>What users get wrong, without a node; and topologies, which need none.</summary>
public sealed class InputTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("host:port", "get", "k", "--connect", "nowhere")]
    [InlineData("10ms to 1h", "get", "k", "--timeout", "1ms")]
    [InlineData("such as 0:100", "get", "k", "--range", "5")]
    [InlineData("hexadecimal", "get", "xyz", "--key-hex")]
    [InlineData("0 bytes; allowed are 1 to 250", "get", "")]
    [InlineData("The value is missing", "set", "k")]
    [InlineData("--sliding needs --ttl", "set", "k", "v", "--sliding")]
    [InlineData("Only one of", "set", "k", "v", "--if-absent", "--if-present")]
    [InlineData("1ms to 6300d", "set", "k", "v", "--ttl", "5")]
    [InlineData("no/such/file", "set", "k", "--file", "no/such/file")]
    [InlineData("--ttl is missing", "touch", "k")]
    [InlineData("cannot be given both", "dump", "--prefix", "a", "--match", "b*")]
    [InlineData("every bracket closed", "dump", "--match", "[a")]
    [InlineData("every bracket closed", "dump", "--match", "a\\")]
    [InlineData("1 to 2^31-1", "dump", "--limit", "0")]
    [InlineData("1 to 1024", "dump", "--parallel", "0")]
    [InlineData("go with --watch", "stats", "--count", "3")]
    [InlineData("no/such/file", "load", "no/such/file")]
    [InlineData("no/such/file", "topology", "check", "no/such/file")]
    [InlineData("NAME=HOST:PORT", "topology", "create", "--node", "a=b")]
    [InlineData("allowed are 0 to 1 with 2 nodes", "topology", "create", "--nodes", "2", "--replicas", "3")]
    [InlineData("beyond port 65535", "topology", "create", "--nodes", "2", "--first-port", "65535")]
    [InlineData("unknown", "unknown")]
    public async Task Bad_input_ends_with_2_and_is_named(string named, params string[] arguments)
    {
        ShellRun run = await ShellRun.OfAsync(arguments);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(named, run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_is_too_long_is_refused()
    {
        ShellRun run = await ShellRun.OfAsync("get", new string('k', 251));
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("251 bytes; allowed are 1 to 250", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_is_down_ends_with_3_and_is_named()
    {
        ShellRun run = await ShellRun.OfAsync("get", "k", "--connect", "127.0.0.1:1");
        Assert.Equal(3, run.ExitCode);
        Assert.Contains("127.0.0.1:1", run.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Topologies_are_made_checked_and_compared()
    {
        string three = Path.Combine(_folder, "three.json");
        string four = Path.Combine(_folder, "four.json");
        Assert.Equal(0, (await ShellRun.OfAsync("topology", "create", "--nodes", "3", "--replicas", "1", "-o", three)).ExitCode);
        Assert.Equal(0, (await ShellRun.OfAsync("topology", "create", "--nodes", "4", "--replicas", "1", "--from", three, "-o", four)).ExitCode);
        ShellRun check = await ShellRun.OfAsync("topology", "check", four);
        Assert.Contains("epoch 2, 4 nodes, 1 replica of each slot", check.Output, StringComparison.Ordinal);
        ShellRun diff = await ShellRun.OfAsync("topology", "diff", three, four);
        Assert.Contains("25.0% of the keys get another primary (4,096 slots)", diff.Output, StringComparison.Ordinal);
        Assert.Contains("\"movedSlots\":4096", (await ShellRun.OfAsync("topology", "diff", three, four, "--json")).Output, StringComparison.Ordinal);
        Assert.Contains("nothing moves", (await ShellRun.OfAsync("topology", "diff", three, three)).Output, StringComparison.Ordinal);
        ShellRun slot = await ShellRun.OfAsync("topology", "slot", "user:42", "--file", three, "--json");
        Assert.Equal("{\"key\":\"user:42\",\"slot\":15880,\"primary\":\"node3\",\"replicas\":[\"node2\"]}\n", slot.Output);
        ShellRun unwritable = await ShellRun.OfAsync("topology", "create", "--nodes", "1", "-o", Path.Combine(_folder, "no", "file"));
        Assert.Equal(2, unwritable.ExitCode);
        Assert.Contains("cannot be written", unwritable.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_of_a_command_has_examples()
    {
        ShellRun help = await ShellRun.OfAsync("topology", "create", "--help");
        Assert.Equal(0, help.ExitCode);
        Assert.Contains("Examples:", help.Output, StringComparison.Ordinal);
    }
}
