using System.IO.Compression;
using System.Text;
using FastCache.Bench.Simulate;
using FastCache.Bench.Simulate.Traces;

namespace FastCache.Bench.Tests.Examples;

public sealed class TraceReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Numbers_keys_in_the_order_of_their_first_request()
    {
        Trace trace = Read("17\nuser:1\n17\n007\n7\nuser:1\n");
        Assert.Equal([0, 1, 0, 2, 3, 1], trace.Requests.ToArray());
        Assert.Equal((4, 4L, false), (trace.Objects, trace.Footprint, trace.HasSizes));
    }

    [Fact]
    public void Skips_blank_lines_phase_marks_and_what_editors_add()
    {
        Trace trace = Read("\uFEFFa\r\n\r\n*\r\n  b \t\r\n a");
        Assert.Equal([0, 1, 0], trace.Requests.ToArray());
    }

    [Fact]
    public void Takes_a_key_of_another_size_for_another_object()
    {
        Trace trace = Read("a 10\nb 20\na\t11\na 10\n");
        Assert.Equal([0, 1, 2, 0], trace.Requests.ToArray());
        Assert.Equal((3, 41L, true, 10), (trace.Objects, trace.Footprint, trace.HasSizes, trace.SmallestSize));
        Assert.Equal(20, trace.SizeOf(1));
    }

    [Fact]
    public void Knows_gzip_by_its_content()
    {
        File.WriteAllBytes(_folder["t"], Gzip("a\nb\na\n"));
        Assert.Equal([0, 1, 0], TraceReader.Read(_folder["t"], TestTraces.Silent).Requests.ToArray());
    }

    [Fact]
    public void Reads_lines_that_straddle_its_buffer()
    {
        string[] keys = [.. Enumerable.Range(0, 4000).Select(i => new string('k', 1 + (i % TraceReader.MaxLineBytes)))];
        Trace trace = Read(string.Join('\n', keys));
        Assert.Equal(keys.Length, trace.Requests.Length);
        Assert.Equal(keys.Distinct().Count(), trace.Objects);
    }

    [Theory]
    [InlineData("2_pools.trace.gz", "2_pools")]
    [InlineData("/data/cpp.trace", "cpp")]
    [InlineData("keys.txt", "keys")]
    [InlineData("plain", "plain")]
    public void Names_a_trace_after_its_file(string path, string expected) =>
        Assert.Equal(expected, TraceReader.NameOf(path));

    [Theory]
    [InlineData("", "no requests")]
    [InlineData("\n\n*\n", "no requests")]
    [InlineData("a\nb c d\n", "line 2 has more than two fields")]
    [InlineData("a 1\nb 0\n", "line 2 has the size '0'; allowed: 1 to 1,000,000,000")]
    [InlineData("a 1\nb 1000000001\n", "line 2 has the size '1000000001'")]
    [InlineData("a -1\n", "line 1 has the size '-1'")]
    [InlineData("a 1\n\nb\n", "line 3 has no size")]
    [InlineData("a\nb 1\n", "line 2 has a size")]
    [InlineData("a\nb\0\n", "line 2 is not text")]
    public void Says_which_line_is_wrong_and_what_is_allowed(string content, string expected)
    {
        string message = Refusal(content);
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains("allowed", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_a_line_that_is_too_long()
    {
        string longest = new('k', TraceReader.MaxLineBytes);
        Assert.Equal(1, Read(longest).Objects);
        Assert.Contains("line 2 is longer than the 1,000 bytes", Refusal($"a\n{longest}k\n"), StringComparison.Ordinal);
        Assert.Contains("line 1 is longer", Refusal(new string('k', 1 << 20)), StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_bytes_that_are_no_text()
    {
        File.WriteAllBytes(_folder["t"], [(byte)'a', (byte)'\n', 0xFF, 0xFE]);
        Assert.Contains("line 2 is not text", Refusal(_folder), StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_gzip_that_is_cut_off_or_damaged()
    {
        byte[] whole = Gzip(string.Join('\n', Enumerable.Range(0, 10_000)));
        File.WriteAllBytes(_folder["t"], whole[..(whole.Length / 2)]);
        Assert.Contains("is cut off", Refusal(_folder), StringComparison.Ordinal);
        File.WriteAllBytes(_folder["t"], [0x1F, 0x8B, 1, 2, 3]);
        Assert.Contains("Cannot read the trace", Refusal(_folder), StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_a_file_that_does_not_exist() =>
        Assert.Contains(_folder["t"], Refusal(_folder), StringComparison.Ordinal);

    private static byte[] Gzip(string content)
    {
        using MemoryStream compressed = new();
        using (GZipStream gzip = new(compressed, CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.UTF8.GetBytes(content));
        }

        return compressed.ToArray();
    }

    private static string Refusal(TemporaryFolder folder) =>
        Assert.Throws<BadInputException>(() => TraceReader.Read(folder["t"], TestTraces.Silent)).Message;

    private Trace Read(string content) => TraceReader.Read(_folder.Write("t", content), TestTraces.Silent);

    private string Refusal(string content)
    {
        _folder.Write("t", content);
        return Refusal(_folder);
    }
}
