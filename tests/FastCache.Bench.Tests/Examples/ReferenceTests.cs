namespace FastCache.Bench.Tests.Examples;

/// <summary>The comparison with a reference, on a loop over 4 keys: with room for 4, all but 4 of 400 requests hit.</summary>
public sealed class ReferenceTests : IDisposable
{
    private const string Head =
        "| trace | size | LRU | Clock | S3FIFO | WTinyLFU | CLOCK-Pro adaptive | OPT |\n|---|---|---|---|---|---|---|---|\n";

    private readonly TemporaryFolder _folder = new();

    public ReferenceTests() =>
        _folder.Write("cpp.trace", string.Concat(Enumerable.Range(0, 400).Select(i => $"{i % 4}\n")));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Passes_a_reference_that_it_reproduces()
    {
        (int exitCode, string output, _) = Compare("| cpp | 4 | 99.00 | 99.00 | 99.00 | 99.00 | 99.0 | 99.00 |\n");
        Assert.Equal(0, exitCode);
        Assert.Contains("lru within 0.01 of the reference on all rows: yes", output, StringComparison.Ordinal);
        Assert.Contains("clock-pro at most 1 below the reference on the recorded traces: yes", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Fails_where_lru_differs_by_more_than_rounding()
    {
        (int exitCode, string output, _) = Compare(
            "| cpp | 4 | 99.02 | 99.00 | 99.00 | 99.00 | 99.0 | 99.00 |\n| cpp | 5 | 99.01 | 99 | 99 | 99 | 99 | 99 |\n");
        Assert.Equal(1, exitCode);
        Assert.Contains("on all rows: no: cpp 4 (-0.02)\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Fails_where_the_engine_is_more_than_a_point_below_on_a_recorded_trace()
    {
        _folder.Write("cs.trace", string.Concat(Enumerable.Range(0, 400).Select(i => $"{i % 8}\n")));
        File.Copy(_folder["cs.trace"], _folder["other.trace"]);
        (int exitCode, string output, _) = Compare(
            "| cs | 8 | 98 | 98 | 98 | 98 | 99.1 | 98 |\n| other | 8 | 98 | 98 | 98 | 98 | 100 | 98 |\n");
        Assert.Equal(1, exitCode);
        Assert.Contains("below the reference on the recorded traces: no: cs 8 (-1.10)\n", output, StringComparison.Ordinal);
        Assert.Contains("below the best column on the recorded traces: no: cs 8 (-1.10)\n", output, StringComparison.Ordinal);
        Assert.Contains("below the best column on the others: no: other 8 (-2.00)\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Tells_where_clock_pro_is_more_than_a_point_above()
    {
        (int exitCode, string output, _) = Compare("| cpp | 4 | 99 | 99 | 99 | 99 | 97.9 | 99 |\n");
        Assert.Equal(0, exitCode);
        Assert.Contains("above it there: no: cpp 4 (+1.10)\n", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "no markdown table")]
    [InlineData("| cpp | 4 | 1 | 1 | 1 | 1 | 1 |\n", "line 3 is no row of trace, size and 6 hit ratios")]
    [InlineData("| cpp | 0 | 1 | 1 | 1 | 1 | 1 | 1 |\n", "line 3 is no row")]
    [InlineData("| cpp | 4 | 1 | 1 | 1 | x | 1 | 1 |\n", "line 3 is no row")]
    [InlineData("| none | 4 | 1 | 1 | 1 | 1 | 1 | 1 |\n", "names the trace 'none'")]
    public void Refuses_a_table_and_says_what_is_wrong(string rows, string expected)
    {
        (int exitCode, _, string error) = Compare(rows);
        Assert.Equal(1, exitCode);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_a_table_without_a_column_that_it_needs()
    {
        string table = _folder.Write("table.md", "| trace | size | LRU |\n|---|---|---|\n| cpp | 4 | 99 |\n");
        Assert.Contains("has no column 'Clock'", SimulateCommandTests.Run("--reference", table).Error, StringComparison.Ordinal);
    }

    private (int ExitCode, string Output, string Error) Compare(string rows) =>
        SimulateCommandTests.Run("--reference", _folder.Write("table.md", Head + rows));
}
