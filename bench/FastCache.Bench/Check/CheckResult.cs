using System.Text.Json.Nodes;

namespace FastCache.Bench.Check;

/// <summary>A comparison and what became of it.</summary>
/// <param name="Comparison">What was compared.</param>
/// <param name="Measured">What was measured, in the last try.</param>
/// <param name="Tries">How often it was measured: again after every try that did not pass.</param>
internal sealed record CheckResult(Comparison Comparison, Measured Measured, int Tries)
{
    private bool Allocates => Measured.AllocatedBytes != 0;

    private bool IsInBand => Measured.Ratio <= Comparison.MostRatio;

    public bool IsMet => IsInBand && !Allocates;

    public double AllocatedBytesPerOperation => Measured.AllocatedBytes / (double)Measured.Operations;

    /// <summary>What is wrong and by how much; empty when nothing is.</summary>
    public IEnumerable<string> Faults
    {
        get
        {
            string name = $"{Comparison.Name} against {Comparison.Baseline}";
            if (Allocates)
            {
                yield return $"{name}: allocated {Measured.AllocatedBytes:N0} bytes in {Measured.Operations:N0} operations; allowed: none";
            }

            if (!IsInBand)
            {
                yield return $"{name}: ratio {Measured.Ratio:0.00} is {(Measured.Ratio / Comparison.MostRatio) - 1:P0} above the band, which ends at {Comparison.MostRatio:0.00}";
            }
        }
    }

    public string[] Cells =>
    [
        Comparison.Name,
        $"{Measured.Nanos:0.00}",
        Comparison.Baseline,
        $"{Measured.BaselineNanos:0.00}",
        $"{Measured.Ratio:0.00}",
        $"<= {Comparison.MostRatio:0.00}",
        Comparison.Goal is double goal ? $"{goal:0.00}" : "",
        $"{AllocatedBytesPerOperation:0.######}",
        IsMet ? "met" : "MISSED",
        Tries > 1 ? $"in try {Tries}" : "",
    ];

    public JsonObject ToJson() => new()
    {
        ["operation"] = Comparison.Name,
        ["ns"] = Measured.Nanos,
        ["baseline"] = Comparison.Baseline,
        ["baseline_ns"] = Measured.BaselineNanos,
        ["ratio"] = Measured.Ratio,
        ["most_ratio"] = Comparison.MostRatio,
        ["goal"] = Comparison.Goal,
        ["allocated_bytes"] = Measured.AllocatedBytes,
        ["operations"] = Measured.Operations,
        ["tries"] = Tries,
        ["met"] = IsMet,
    };
}
