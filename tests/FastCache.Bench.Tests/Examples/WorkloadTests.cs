using FastCache.Bench.Simulate;
using FastCache.Bench.Simulate.Policies;
using FastCache.Bench.Simulate.Traces;

namespace FastCache.Bench.Tests.Examples;

public sealed class WorkloadTests
{
    public static TheoryData<string> Names => [.. Workloads.All.Select(workload => workload.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Same_text_gives_the_same_trace(string name)
    {
        string spec = $"{name}:items=500,requests=20K,smallest=10,largest=5K,seed=3";
        Trace first = TestTraces.Generated(spec);
        Trace second = TestTraces.Generated(spec);
        Assert.Equal(20_000, first.Requests.Length);
        Assert.Equal(first.Requests.ToArray(), second.Requests.ToArray());
        Assert.All(Enumerable.Range(0, first.Objects), number =>
        {
            Assert.Equal(first.SizeOf(number), second.SizeOf(number));
            Assert.InRange(first.SizeOf(number), 10, 5000);
        });
    }

    [Fact]
    public void Another_seed_gives_another_trace() => Assert.NotEqual(
        TestTraces.Generated("zipf:requests=1K,seed=1").Requests.ToArray(),
        TestTraces.Generated("zipf:requests=1K,seed=2").Requests.ToArray());

    [Fact]
    public void Zipf_asks_for_a_few_keys_most_of_the_time()
    {
        Trace trace = TestTraces.Generated("zipf:items=1K,skew=1.0,requests=100K");
        int[] counts = Counts(trace);
        // The most popular of 1000 keys has 1 / H(1000) = 13.4% of the requests.
        Assert.InRange(counts.Max() / 100_000.0, 0.13, 0.138);
        Assert.Equal(1000, trace.Objects);
    }

    [Fact]
    public void Loop_asks_for_all_keys_in_turn()
    {
        Trace trace = TestTraces.Generated("loop:items=3,requests=7");
        Assert.Equal([0, 1, 2, 0, 1, 2, 0], trace.Requests.ToArray());
    }

    [Fact]
    public void Scan_interrupts_zipf_with_keys_that_do_not_come_again()
    {
        Trace trace = TestTraces.Generated("scan:items=1,every=2,length=3,requests=10");
        Assert.Equal([0, 0, 1, 2, 3, 0, 0, 4, 5, 6], trace.Requests.ToArray());
    }

    [Fact]
    public void Shift_changes_which_keys_are_popular()
    {
        Trace trace = TestTraces.Generated("shift:items=10,skew=5,every=5K,requests=10K");
        int firstFavourite = Favourite(trace.Requests[..5000]);
        int secondFavourite = Favourite(trace.Requests[5000..]);
        Assert.NotEqual(firstFavourite, secondFavourite);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_trace_that_was_written_is_read_again(string name)
    {
        using TemporaryFolder folder = new();
        foreach (string sizes in new[] { "", ",largest=900" })
        {
            Trace trace = TestTraces.Generated($"{name}:items=50,requests=2K{sizes}");
            TraceWriter.Write(trace, folder["t.gz"]);
            Trace read = TraceReader.Read(folder["t.gz"], TestTraces.Silent);
            Assert.Equal(trace.Requests.ToArray(), read.Requests.ToArray());
            Assert.Equal(trace.Footprint, read.Footprint);
        }
    }

    [Theory]
    [InlineData("zip", "'zip' is no workload; allowed: zipf, scan, loop, shift")]
    [InlineData("zipf:skew=9", "skew is '9'; allowed: 0.01 to 5")]
    [InlineData("zipf:items=0", "items is '0'; allowed: 1 to 50M")]
    [InlineData("zipf:items=1.5", "items is '1.5'")]
    [InlineData("zipf:items", "items is ''")]
    [InlineData("zipf:requests=101M", "requests is '101M'; allowed: 1 to 100M")]
    [InlineData("zipf:every=5", "'every=5' sets nothing; allowed: name=value with the names items, skew")]
    [InlineData("zipf:", "'' sets nothing")]
    [InlineData("zipf:smallest=9,largest=8", "smallest is 9; allowed: up to largest, which is 8")]
    public void Refuses_a_text_and_says_what_is_allowed(string text, string expected)
    {
        BadInputException refusal = Assert.Throws<BadInputException>(() => WorkloadSpec.Parse(text));
        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("loop:items=1K,requests=50K", 500, 40)]
    [InlineData("scan:items=5K,every=5K,length=5K,requests=200K", 2000, 1)]
    [InlineData("zipf:items=10K,requests=200K", 500, 3)]
    public void The_engine_beats_lru_by_points(string spec, long capacity, double points)
    {
        Trace trace = TestTraces.Generated(spec);
        double lru = TestTraces.Percent(PolicyCatalog.Lru, capacity, trace);
        Assert.InRange(TestTraces.Percent(PolicyCatalog.FastCache, capacity, trace), lru + points, 100);
        Assert.InRange(TestTraces.Percent(PolicyCatalog.ClockPro, capacity, trace), lru + points, 100);
    }

    private static int[] Counts(Trace trace)
    {
        int[] counts = new int[trace.Objects];
        foreach (int number in trace.Requests)
        {
            counts[number]++;
        }

        return counts;
    }

    private static int Favourite(ReadOnlySpan<int> requests) =>
        requests.ToArray().CountBy(number => number).MaxBy(count => count.Value).Key;
}
