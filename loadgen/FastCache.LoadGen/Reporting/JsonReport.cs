using System.Text.Json;
using System.Text.Json.Nodes;
using FastCache.Io;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;

namespace FastCache.LoadGen.Reporting;

/// <summary>Writes a report for programs. Latencies are microseconds, times in nanoseconds where the name says so.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static void Write(RunReport report, string path) =>
        File.WriteAllText(path, Build(report).ToJsonString(Indented) + "\n");

    public static JsonObject Build(RunReport report)
    {
        JsonObject json = report.Phase is null ? [] : Phase(report.Phase);
        json["verdicts"] = new JsonArray([.. report.Verdicts.Select(Of)]);
        if (report.Floor is not null)
        {
            json["floor"] = Of(report.Floor);
        }

        if (report.Io is not null)
        {
            json["compare_io"] = new JsonArray([.. report.Io.Samples.Select(Of)]);
        }

        if (report.Finding is not null)
        {
            json["find_rate"] = Of(report.Finding);
        }

        json["stalls"] = new JsonArray([.. report.Stalls.Select(Of)]);
        json["options"] = Of(report.Options);
        json["machine"] = new JsonObject
        {
            ["cpu"] = report.Machine.Cpu,
            ["cpus"] = report.Machine.Cpus,
            ["kernel"] = report.Machine.Kernel,
            ["runtime"] = report.Machine.Runtime,
        };
        return json;
    }

    private static JsonObject Phase(PhaseResult result)
    {
        JsonObject latencies = [];
        foreach (ReplyKind kind in ReplyKinds.All)
        {
            latencies[kind.Name()] = Of(result[kind]);
        }

        return new()
        {
            ["throughput_ops_per_second"] = result.OperationsPerSecond,
            ["node_cpu_ns_per_op"] = result.NodeCpuNanosPerOperation,
            ["load_cpu_ns_per_op"] = result.LoadCpuNanosPerOperation,
            ["node_allocated_bytes_per_op"] = result.NodeAllocatedBytesPerOperation,
            ["load_allocated_bytes_per_op"] = result.LoadAllocatedBytesPerOperation,
            ["operations"] = result.Operations,
            ["elapsed_seconds"] = result.Elapsed.TotalSeconds,
            ["hit_ratio"] = result.HitRatio,
            ["rate"] = result.Rate,
            ["due"] = result.Due,
            ["unsent"] = result.Unsent,
            ["latency_us"] = latencies,
        };
    }

    private static JsonObject Of(Percentiles latency) => new()
    {
        ["count"] = latency.Count,
        ["p50"] = latency.P50,
        ["p90"] = latency.P90,
        ["p99"] = latency.P99,
        ["p999"] = latency.P999,
        ["p9999"] = latency.P9999,
        ["max"] = latency.Max,
    };

    private static JsonObject Of(Verdict verdict) => new()
    {
        ["name"] = verdict.Name,
        ["target"] = verdict.Target,
        ["measured"] = verdict.Measured,
        ["verdict"] = verdict.Word,
        ["note"] = verdict.Note,
    };

    private static JsonObject Of(Stall stall) => new()
    {
        ["cpu"] = stall.Cpu,
        ["when"] = stall.When,
        ["gaps"] = stall.Gaps,
        ["p999_us"] = stall.P999Micros,
        ["max_us"] = stall.MaxMicros,
        ["lost_share"] = stall.LostShare,
    };

    private static JsonObject Of(FloorComparison floor) => new()
    {
        ["request_bytes"] = floor.RequestBytes,
        ["reply_bytes"] = floor.ReplyBytes,
        ["node_cpu_ns_per_op"] = floor.NodeCpuNanos,
        ["floor_cpu_ns_per_op"] = floor.FloorCpuNanos,
        ["difference_ns_per_op"] = floor.DifferenceNanos,
        ["ratio"] = floor.Ratio,
        ["node_ops_per_second"] = floor.NodeOperationsPerSecond,
        ["floor_ops_per_second"] = floor.FloorOperationsPerSecond,
        ["rounds"] = new JsonArray([.. floor.Rounds.Select(Of)]),
    };

    private static JsonObject Of(FloorRound round) => new()
    {
        ["node_cpu_ns_per_op"] = round.Node.NodeCpuNanosPerOperation,
        ["floor_cpu_ns_per_op"] = round.Floor.NodeCpuNanosPerOperation,
        ["node_ops_per_second"] = round.Node.OperationsPerSecond,
        ["floor_ops_per_second"] = round.Floor.OperationsPerSecond,
    };

    private static JsonObject Of(IoSample sample) => new()
    {
        ["round"] = sample.Round,
        ["io"] = IoBackendNames.Of(sample.Backend),
        ["depth"] = sample.Depth,
        ["node_cpu_ns_per_op"] = sample.Result.NodeCpuNanosPerOperation,
        ["node_ops_per_second"] = sample.Result.OperationsPerSecond,
    };

    private static JsonObject Of(RateFinding finding) => new()
    {
        ["highest_ops_per_second"] = finding.Highest,
        ["steps"] = new JsonArray([.. finding.Steps.Select(Of)]),
    };

    private static JsonObject Of(RateStep step) => new()
    {
        ["rate"] = step.Rate,
        ["throughput_ops_per_second"] = step.Result.OperationsPerSecond,
        ["hit_p999_us"] = step.Result[ReplyKind.Hit].P999,
        ["holds"] = step.Holds,
    };

    private static JsonObject Of(RunOptions options) => new()
    {
        ["connect"] = options.Connect is null ? null : $"{options.Connect.Host}:{options.Connect.Port}",
        ["keys"] = options.Keys,
        ["key_size"] = options.KeySize,
        ["value_size"] = options.ValueSize,
        ["reads"] = options.Reads,
        ["misses"] = options.Misses,
        ["distribution"] = options.Distribution == KeyDistribution.Zipf ? "zipf" : "uniform",
        ["zipf_exponent"] = options.Distribution == KeyDistribution.Zipf ? options.ZipfExponent : null,
        ["connections"] = options.Connections,
        ["clients"] = options.Clients.ToString().ToLowerInvariant(),
        ["depth"] = options.Depth,
        ["duration_seconds"] = options.Duration.TotalSeconds,
        ["warmup_seconds"] = options.WarmUp.TotalSeconds,
        ["rate"] = options.Rate,
        ["node_cpus"] = options.NodeCpus.ToString(),
        ["load_cpus"] = options.LoadCpus.ToString(),
        ["memory"] = options.Memory,
        ["shards"] = options.Shards,
        ["io"] = IoBackendNames.Of(options.NodeIo),
        ["seed"] = options.Seed,
    };
}
