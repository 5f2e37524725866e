using System.CommandLine;
using FastCache.Bench.Simulate;

namespace FastCache.Bench.Tests.Examples;

/// <summary>The command as a whole: what it prints, what it writes, what it refuses.</summary>
public sealed class SimulateCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Prints_a_row_for_every_capacity_and_marks_the_best_policy()
    {
        string trace = _folder.Write("loop.txt", string.Concat(Enumerable.Range(0, 200).Select(i => $"{i % 4}\n")));
        string output = Succeed(trace, "--capacity", "3,1,4", "--policy", "lru,fastcache,opt");
        string[] lines = [.. output.Split('\n').Select(line => string.Join(' ', Words(line)))];
        Assert.Equal("loop: 200 requests for 4 objects", lines[0]);
        Assert.Equal("trace capacity lru fastcache opt", lines[2]);
        Assert.Equal("loop 1 0.00 0.00 0.00", lines[3]);
        Assert.Matches(@"^loop 3 0\.00 \d\d\.\d\d\* \d\d\.\d\d$", lines[4]);
        Assert.Equal("loop 4 98.00* 98.00* 98.00", lines[5]);
        Assert.StartsWith("loop curve ▁", lines[6], StringComparison.Ordinal);
    }

    [Fact]
    public void Prints_objects_and_bytes_for_a_trace_with_sizes()
    {
        string trace = _folder.Write("sizes.txt", "a 10\nb 30\na 10\nb 30\nb 30\n");
        string output = Succeed(trace, "--capacity", "1KiB", "--policy", "lru,opt");
        Assert.Contains("5 requests for 2 objects of 40 bytes together", output, StringComparison.Ordinal);
        Assert.Matches(@"percent of requests:\n.*\n *sizes +1024 +60\.00\* +- *\n", output);
        Assert.Matches(@"percent of bytes:\n.*\n *sizes +1024 +63\.64\* +- *\n", output);
    }

    [Fact]
    public void Chooses_capacities_over_the_number_of_objects()
    {
        string output = Succeed("--generate", "loop:items=1024,requests=5K", "--policy", "lru");
        Assert.All([4, 8, 16, 32, 64, 128, 256, 512], capacity => Assert.Matches($" {capacity} +0\\.00 *\n", output));
    }

    [Fact]
    public void Draws_a_chart_for_every_trace()
    {
        Succeed(
            "--generate", "zipf:items=100,requests=1K", "--generate", "loop:items=50,requests=1K,largest=9",
            "--chart", _folder["c.svg"]);
        string first = File.ReadAllText(_folder["c.svg"]);
        Assert.StartsWith("<?xml", first.TrimStart('\uFEFF'), StringComparison.Ordinal);
        Assert.All(
            ["zipf:items=100,requests=1K", "fastcache", "opt", "capacity in objects"],
            text => Assert.Contains(text, first, StringComparison.Ordinal));
        Assert.Contains("capacity in bytes", File.ReadAllText(_folder["c-2.svg"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Writes_a_generated_trace()
    {
        string path = _folder["w.txt.gz"];
        string generated = Succeed("--generate", "zipf:items=100,requests=1K", "--write", path, "--policy", "lru");
        Assert.Equal(Ratios(generated), Ratios(Succeed(path, "--policy", "lru")));

        static string[] Ratios(string output) => [.. Words(output).Where(word => double.TryParse(word.TrimEnd('*'), out _))];
    }

    [Theory]
    [InlineData("Nothing to simulate")]
    [InlineData("'foo' is no policy; allowed: fastcache, clock-pro, lru", "--generate", "loop", "--policy", "lru,foo")]
    [InlineData("'0' in '10,0'; allowed: 1 to 1T", "--generate", "loop", "--capacity", "10,0")]
    [InlineData("'x' in 'x'", "--generate", "loop", "--capacity", "x")]
    [InlineData("'2T' in '2T'", "--generate", "loop", "--capacity", "2T")]
    [InlineData("no such file", "/no/such/trace")]
    [InlineData("'--foo' is no option", "--foo")]
    [InlineData("--write writes one generated trace", "--generate", "loop", "--generate", "zipf", "--write", "x")]
    [InlineData("--chart: '/no/such/directory/x.svg'", "--generate", "loop", "--chart", "/no/such/directory/x.svg")]
    [InlineData("leave out --policy", "--reference", "x", "--policy", "lru")]
    [InlineData("leave out the trace files", "--reference", "x", "y")]
    [InlineData("Cannot read the reference", "--reference", "/no/such/table.md")]
    public void Refuses_with_exit_code_1(string expected, params string[] args)
    {
        (int exitCode, string output, string error) = Run(args);
        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Help_lists_policies_and_workloads_with_their_parameters()
    {
        string help = Succeed("--help");
        Assert.All(
            ["w-tinylfu", "shift", "skew", "0.01 to 5", "--reference"],
            text => Assert.Contains(text, help, StringComparison.Ordinal));
    }

    internal static (int ExitCode, string Output, string Error) Run(params string[] args)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        RootCommand root = new("test") { SimulateCommand.Create() };
        InvocationConfiguration configuration = new() { Output = output, Error = error };
        int exitCode = root.Parse(["simulate", .. args]).Invoke(configuration);
        return (exitCode, output.ToString(), error.ToString());
    }

    private static string[] Words(string text) => text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);

    private static string Succeed(params string[] args)
    {
        (int exitCode, string output, string error) = Run(args);
        Assert.Equal((0, ""), (exitCode, error));
        return output;
    }
}
