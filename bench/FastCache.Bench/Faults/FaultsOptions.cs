using FastCache.Io;

namespace FastCache.Bench.Faults;

/// <summary>What <c>faults</c> was asked for.</summary>
internal sealed record FaultsOptions
{
    public required TimeSpan Duration { get; init; }

    public required ulong Seed { get; init; }

    public required IoBackend Io { get; init; }

    public required int Shards { get; init; }

    /// <summary>Clients that behave.</summary>
    public required int Clients { get; init; }

    /// <summary>Threads that each do one fault after another.</summary>
    public required int Hostile { get; init; }

    public required TimeSpan ReportEvery { get; init; }
}
