using FastCache.LoadGen.Peers;

namespace FastCache.LoadGen.Options;

/// <summary>The options of <c>compare</c>, parsed and checked.</summary>
internal sealed record CompareOptions
{
    /// <summary>The load that is the same for all; its depth and value size are those of the phase.</summary>
    public required RunOptions Load { get; init; }

    /// <summary>The peers; null: all that are found.</summary>
    public IReadOnlyList<Peer>? With { get; init; }

    /// <summary>At least one.</summary>
    public required IReadOnlyList<int> Depths { get; init; }

    /// <summary>At least one, in bytes.</summary>
    public required IReadOnlyList<int> ValueSizes { get; init; }

    public string? ChartPath { get; init; }

    public string? RecordPath { get; init; }
}
