using FastCache.Bench.Simulate.Policies;
using FastCache.Bench.Simulate.Traces;
using FastCache.LoadGen.Options;

namespace FastCache.Bench.Simulate;

/// <summary>What to simulate, and where its results go.</summary>
internal sealed record SimulateOptions
{
    public const string CapacityRange = "1 to 1T, at most 100 of them";

    private const long MaxCapacity = 1_000_000_000_000;
    private const int MaxCapacities = 100;

    public required IReadOnlyList<string> TracePaths { get; init; }

    public required IReadOnlyList<WorkloadSpec> Workloads { get; init; }

    /// <summary>Where the generated trace is written as well, or null.</summary>
    public string? WritePath { get; init; }

    /// <summary>Null: chosen for each trace.</summary>
    public IReadOnlyList<long>? Capacities { get; init; }

    public required IReadOnlyList<string> Policies { get; init; }

    /// <summary>Where the picture is written, or null.</summary>
    public string? ChartPath { get; init; }

    /// <summary>Reads a list such as <c>100,4K,64MiB</c>.</summary>
    /// <exception cref="BadInputException">One of them is no capacity.</exception>
    public static IReadOnlyList<long> ParseCapacities(string text)
    {
        List<long> capacities = [];
        foreach (string one in text.Split(','))
        {
            bool isNumber = Quantity.TryParseCount(one, out long capacity) || Quantity.TryParseBytes(one, out capacity);
            if (!isNumber || capacity is < 1 or > MaxCapacity || capacities.Count == MaxCapacities)
            {
                throw new BadInputException($"--capacity: '{one}' in '{text}'; allowed: {CapacityRange}, separated by commas.");
            }

            capacities.Add(capacity);
        }

        return [.. capacities.Distinct().Order()];
    }

    /// <summary>Reads a list such as <c>fastcache,lru</c>.</summary>
    /// <exception cref="BadInputException">One of them is no policy.</exception>
    public static IReadOnlyList<string> ParsePolicies(string text)
    {
        string[] names = text.Split(',');
        string? unknown = names.FirstOrDefault(name => !PolicyCatalog.Names.Contains(name));
        return unknown is null
            ? [.. names.Distinct()]
            : throw new BadInputException(
                $"--policy: '{unknown}' is no policy; allowed: {string.Join(", ", PolicyCatalog.Names)}, separated by commas.");
    }

    /// <exception cref="BadInputException">Something is missing, or options do not fit together.</exception>
    public void Validate()
    {
        Require(TracePaths.Count + Workloads.Count > 0, "Nothing to simulate; give a trace file, --generate or --reference.");
        foreach (string path in TracePaths)
        {
            bool isOption = path.StartsWith("--", StringComparison.Ordinal);
            Require(!isOption, $"'{path}' is no option; simulate --help lists what there is.");
            Require(File.Exists(path), $"Cannot read the trace '{path}': there is no such file.");
        }

        Require(WritePath is null || Workloads.Count == 1,
            $"--write writes one generated trace, and there are {Workloads.Count}; give --generate once.");
        Require(IsWritable(WritePath), $"--write: '{WritePath}' is not the name of a file in a directory that exists.");
        Require(IsWritable(ChartPath), $"--chart: '{ChartPath}' is not the name of a file in a directory that exists.");

        static void Require(bool condition, string fault)
        {
            if (!condition)
            {
                throw new BadInputException(fault);
            }
        }
    }

    private static bool IsWritable(string? path)
    {
        string? directory = string.IsNullOrEmpty(path) ? null : Path.GetDirectoryName(Path.GetFullPath(path));
        return path is null || (Directory.Exists(directory) && !Directory.Exists(path));
    }
}
