using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Reporting.Micro;
using FastCache.LoadGen.Reporting.Records;

namespace FastCache.LoadGen.Tests.Reports;

/// <summary>The bench's results as records.</summary>
public sealed class MicroRecordTests : IDisposable
{
    private const string BenchmarkDotNet = """
        {
          "Title": "FastCache.Bench.Micro.LookupBenchmark-20261126",
          "HostEnvironmentInfo": { "ProcessorName": "Xeon", "LogicalCoreCount": 2, "OsVersion": "Debian", "RuntimeVersion": ".NET 10" },
          "Benchmarks": [
            {
              "Type": "LookupBenchmark", "Method": "ShardBatched", "Parameters": "Items=1000000&Lookup=Hit",
              "Memory": { "BytesAllocatedPerOperation": 0 },
              "Measurements": [
                { "IterationMode": "Workload", "IterationStage": "Warmup", "Operations": 1000, "Nanoseconds": 90000 },
                { "IterationMode": "Workload", "IterationStage": "Result", "Operations": 1000, "Nanoseconds": 60000 },
                { "IterationMode": "Overhead", "IterationStage": "Result", "Operations": 1000, "Nanoseconds": 10 },
                { "IterationMode": "Workload", "IterationStage": "Result", "Operations": 2000, "Nanoseconds": 100000 }
              ]
            }
          ]
        }
        """;

    private const string Check = """
        {
          "items": 2000000, "rounds": 9, "met": false,
          "comparisons": [
            { "operation": "lookup hit, batched", "ns": 47.42, "baseline": "bare loop", "baseline_ns": 14.51, "ratio": 3.28,
              "most_ratio": 3.2, "goal": 2, "allocated_bytes": 0, "operations": 100000, "tries": 3, "met": false }
          ]
        }
        """;

    private static readonly MachineDescription Here = new("cpu", 2, "Linux", ".NET");
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void A_benchmark_is_a_subject_and_a_measured_iteration_a_round()
    {
        RunRecord record = Read(BenchmarkDotNet);
        Assert.Equal(("micro", "LookupBenchmark", "c0ffee"), (record.Kind, record.Name, record.Commit));
        Assert.Equal("Xeon", record.Machine.Cpu);
        SubjectRecord subject = Assert.Single(record.Subjects);
        Assert.Equal(("ShardBatched", "Items=1000000&Lookup=Hit"), (subject.Name, subject.Variant));
        Assert.Equal([60, 50], subject.Rounds.Select(round => round.ServerCpuNanos!.Value));
        Assert.Equal(20e6, subject.Rounds[1].OperationsPerSecond, 3);
        Assert.All(subject.Rounds, round => Assert.Equal(0, round.ServerAllocatedBytes));
    }

    [Fact]
    public void A_check_is_a_record_with_its_bands_as_verdicts()
    {
        RunRecord record = Read(Check);
        Assert.Equal("check", record.Name);
        Assert.Equal("2000000", record.Options["items"]);
        SubjectRecord subject = Assert.Single(record.Subjects);
        Assert.Equal(("lookup hit, batched", "beside bare loop"), (subject.Name, subject.Variant));
        Assert.Equal(47.42, Assert.Single(subject.Rounds).ServerCpuNanos);
        Assert.Equal(
            new VerdictRecord("lookup hit, batched / bare loop", "<= 3.20", "3.28", "missed", ""), Assert.Single(record.Verdicts));
    }

    [Fact]
    public void Results_without_a_measured_benchmark_are_refused() => Assert.Contains(
        "none of the 1 benchmarks was measured",
        Assert.Throws<InvalidDataException>(() => Read(BenchmarkDotNet.Replace("\"Result\"", "\"Pilot\"", StringComparison.Ordinal))).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("{}", "neither Benchmarks nor comparisons")]
    [InlineData("nothing", "not what the bench writes")]
    [InlineData("{\"Benchmarks\": [{}]}", "HostEnvironmentInfo is missing")]
    [InlineData("{\"comparisons\": [{}], \"items\": 1, \"rounds\": 1}", "operations is missing")]
    [InlineData("{\"comparisons\": [null], \"items\": 1, \"rounds\": 1}", "operations is missing")]
    [InlineData("{\"comparisons\": [{\"operations\": 0}], \"items\": 1, \"rounds\": 1}", "operations in $.comparisons[0] is not above 0")]
    [InlineData("{\"comparisons\": [], \"comparisons\": []}", "not what the bench writes")]
    [InlineData("{\"Benchmarks\": [null], \"HostEnvironmentInfo\": {}}", "Type is missing")]
    public void What_the_bench_does_not_write_is_refused_with_what_is_allowed(string text, string why)
    {
        InvalidDataException refusal = Assert.Throws<InvalidDataException>(() => Read(text));
        Assert.Contains(why, refusal.Message, StringComparison.Ordinal);
        Assert.Contains("allowed: ", refusal.Message, StringComparison.Ordinal);
    }

    private RunRecord Read(string text)
    {
        File.WriteAllText(_file, text);
        return MicroRecord.Read(_file, "c0ffee", Here);
    }
}
