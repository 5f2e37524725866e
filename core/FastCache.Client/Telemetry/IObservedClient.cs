using FastCache.Cluster;

namespace FastCache.Client.Telemetry;

/// <summary>What a <see cref="ClientMeter"/> asks a client for, until it has left the meter.</summary>
internal interface IObservedClient
{
    /// <summary>Whether it keeps values near.</summary>
    bool HasNearCache { get; }

    /// <inheritdoc cref="FastCacheClient.NearCacheStatistics"/>
    NearCacheStatistics NearCacheStatistics { get; }

    /// <inheritdoc cref="FastCacheClient.FillCounts"/>
    FillCounts FillCounts { get; }

    /// <inheritdoc cref="FastCacheClient.Topology"/>
    ClusterTopology? Topology { get; }
}
