using FastCache.Protocol;

namespace FastCache.Client.Filling;

/// <summary>What filling needs of the nodes; the client, or a model of it in tests.</summary>
internal interface IFillNode
{
    /// <inheritdoc cref="FastCacheClient.LeaseGetAsync"/>
    ValueTask<LeasedValue> LeaseGetAsync(ReadOnlySpan<byte> key, uint leaseMillis, CancellationToken cancellationToken = default);

    /// <inheritdoc cref="FastCacheClient.LeaseReleaseAsync"/>
    ValueTask<bool> LeaseReleaseAsync(ReadOnlySpan<byte> key, ulong token, CancellationToken cancellationToken = default);

    /// <inheritdoc cref="FastCacheClient.SetAsync"/>
    ValueTask<WriteResult> SetAsync(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, in SetTerms terms, CancellationToken cancellationToken = default);
}
