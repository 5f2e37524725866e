using FastCache.Client;
using FastCache.Client.Filling;
using FastCache.Protocol;

namespace FastCache.Extensions;

/// <summary>What filling finds before any node has answered: each request fails as in an outage, without having been sent.</summary>
internal sealed class NodeOutOfReach : IFillNode
{
    public ValueTask<LeasedValue> LeaseGetAsync(
        ReadOnlySpan<byte> key, uint leaseMillis, CancellationToken cancellationToken = default) => Fail<LeasedValue>();

    public ValueTask<bool> LeaseReleaseAsync(
        ReadOnlySpan<byte> key, ulong token, CancellationToken cancellationToken = default) => Fail<bool>();

    public ValueTask<WriteResult> SetAsync(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, in SetTerms terms, CancellationToken cancellationToken = default) =>
        Fail<WriteResult>();

    private static ValueTask<TResult> Fail<TResult>() => ValueTask.FromException<TResult>(
        new CacheConnectionException("No node has answered yet.", mayHaveExecuted: false));
}
