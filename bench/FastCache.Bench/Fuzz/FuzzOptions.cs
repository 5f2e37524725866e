namespace FastCache.Bench.Fuzz;

/// <summary>What <c>fuzz</c> was asked for.</summary>
internal sealed record FuzzOptions
{
    public required string Target { get; init; }

    public required ulong Seed { get; init; }

    public required TimeSpan Duration { get; init; }

    /// <summary>Ends after so many executions instead of a time; 0: after the time.</summary>
    public required long Executions { get; init; }

    public required TimeSpan ReportEvery { get; init; }

    /// <summary>Runs this input alone; null: draws inputs.</summary>
    public string? InputPath { get; init; }

    /// <summary>Where an input that fails is written to.</summary>
    public required string FailurePath { get; init; }
}
