using System.Text.Json;
using System.Text.Json.Nodes;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Reporting.Records;

namespace FastCache.LoadGen.Reporting.Micro;

/// <summary>The bench's own results as a record: what BenchmarkDotNet's JSON exporter wrote, or <c>check --json</c>.</summary>
/// <remarks>
/// A subject is a benchmark, a round one of its measured iterations. The operation's time stands where servers have their
/// CPU: a benchmark has one thread, and nothing waits in it.
/// </remarks>
internal static class MicroRecord
{
    public const string Kind = "micro";

    private const string Allowed =
        "allowed: what 'bench micro -- --exporters json' leaves as *-report-full-compressed.json, or 'bench check --json FILE'";

    /// <exception cref="InvalidDataException">It is neither of the two forms; the message says what is missing.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static RunRecord Read(string path, string commit, MachineDescription here)
    {
        string text = File.ReadAllText(path);
        DateTimeOffset written = new(File.GetLastWriteTimeUtc(path));
        try
        {
            JsonNode root = JsonNode.Parse(text) ?? throw new InvalidDataException($"{path} is empty; {Allowed}");
            RunRecord record = root["Benchmarks"] is JsonArray benchmarks ? OfBenchmarkDotNet(root, benchmarks)
                : root["comparisons"] is JsonArray comparisons ? OfCheck(root, comparisons, here)
                : throw new InvalidDataException($"{path} has neither Benchmarks nor comparisons; {Allowed}");
            return record with { Started = written, Commit = commit };
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException
            or ArgumentException)
        {
            throw new InvalidDataException($"{path} is not what the bench writes: {exception.Message}; {Allowed}");
        }
    }

    private static RunRecord OfBenchmarkDotNet(JsonNode root, JsonArray benchmarks)
    {
        JsonNode host = Need(root, "HostEnvironmentInfo");
        string[] types = [.. benchmarks.Select(benchmark => Text(benchmark, "Type")).Distinct()];
        SubjectRecord[] measured =
        [
            .. benchmarks.Select(benchmark => OfBenchmark(benchmark, types.Length > 1)).Where(subject => subject.Rounds.Count > 0),
        ];
        if (measured.Length == 0)
        {
            throw new InvalidDataException($"none of the {benchmarks.Count} benchmarks was measured");
        }

        return new()
        {
            Kind = Kind,
            Name = types.Length == 1 ? types[0] : "benchmarks",
            Command = "bench micro",
            Started = default,
            Commit = "",
            Machine = new(
                Text(host, "ProcessorName"), (int)Need(host, "LogicalCoreCount"), Text(host, "OsVersion"),
                Text(host, "RuntimeVersion")),
            Options = new Dictionary<string, string>(),
            Subjects = measured,
        };
    }

    private static SubjectRecord OfBenchmark(JsonNode? benchmark, bool hasManyTypes)
    {
        string method = Text(benchmark, "Method");
        double? allocated = (double?)benchmark!["Memory"]?["BytesAllocatedPerOperation"];
        RoundRecord[] rounds =
        [
            .. from measurement in Need(benchmark, "Measurements").AsArray()
               where Text(measurement, "IterationMode") == "Workload" && Text(measurement, "IterationStage") == "Result"
               let operations = Operations(measurement, "Operations")
               let nanos = (double)Need(measurement, "Nanoseconds")
               select Round(operations, nanos / operations, allocated),
        ];
        return new(
            hasManyTypes ? $"{Text(benchmark, "Type")}.{method}" : method, (string?)benchmark!["Parameters"] ?? "", rounds);
    }

    private static RunRecord OfCheck(JsonNode root, JsonArray comparisons, MachineDescription here) => new()
    {
        Kind = Kind,
        Name = "check",
        Command = "bench check",
        Started = default,
        Commit = "",
        Machine = new(here.Cpu, here.Cpus, here.Kernel, here.Runtime),
        Options = new Dictionary<string, string>
        {
            ["items"] = Need(root, "items").ToString(),
            ["rounds"] = Need(root, "rounds").ToString(),
        },
        Subjects = [.. comparisons.Select(comparison => OfComparison(comparison))],
        Verdicts = [.. comparisons.Select(comparison => VerdictOf(comparison))],
    };

    private static SubjectRecord OfComparison(JsonNode? comparison)
    {
        long operations = Operations(comparison, "operations");
        double allocated = (double)Need(comparison, "allocated_bytes") / operations;
        return new(
            Text(comparison, "operation"), $"beside {Text(comparison, "baseline")}",
            [Round(operations, (double)Need(comparison, "ns"), allocated)]);
    }

    private static VerdictRecord VerdictOf(JsonNode? comparison) => new(
        $"{Text(comparison, "operation")} / {Text(comparison, "baseline")}",
        Format.Invariant($"<= {(double)Need(comparison, "most_ratio"):0.00}"),
        Format.Invariant($"{(double)Need(comparison, "ratio"):0.00}"),
        (bool)Need(comparison, "met") ? "met" : "missed",
        "");

    private static RoundRecord Round(long operations, double nanos, double? allocatedBytes) => new()
    {
        Operations = operations,
        Seconds = operations * nanos / 1e9,
        ServerCpuNanos = nanos,
        ServerAllocatedBytes = allocatedBytes,
        Latencies = new Dictionary<string, LatencyRecord>(),
    };

    private static long Operations(JsonNode? node, string name) => (long)Need(node, name) is > 0 and long operations
        ? operations
        : throw new InvalidDataException($"{name} in {node!.GetPath()} is not above 0; {Allowed}");

    private static string Text(JsonNode? node, string name) => Need(node, name).ToString();

    private static JsonNode Need(JsonNode? node, string name) =>
        node?[name] ?? throw new InvalidDataException($"{name} is missing in {node?.GetPath() ?? "a null"}; {Allowed}");
}
