namespace FastCache.Bench.Soak;

/// <summary>What <c>soak</c> was asked for.</summary>
internal sealed record SoakOptions
{
    public required ulong Seed { get; init; }

    public required long MemoryBytes { get; init; }

    public required TimeSpan Duration { get; init; }

    /// <summary>Ends after so many operations instead of a time; 0: after the time.</summary>
    public required long Operations { get; init; }

    public required TimeSpan ReportEvery { get; init; }

    public required TimeSpan CheckEvery { get; init; }

    /// <summary>Checks after so many operations as well; 0: only after times.</summary>
    public required long CheckEveryOperations { get; init; }

    public string? ChartPath { get; init; }
}
