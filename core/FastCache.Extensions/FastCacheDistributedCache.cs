using System.Buffers;
using FastCache.Client;
using FastCache.Protocol;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Options;

namespace FastCache.Extensions;

/// <summary>FastCache as the distributed cache of .NET, on which ASP.NET's sessions and HybridCache run.</summary>
/// <remarks>
/// Keys may have any length; docs/dotnet.md says how long ones are stored. A value may have as many bytes as the node takes in
/// one frame, 1 MiB unless it was told otherwise; a larger one is refused with <see cref="CacheRequestException"/>. All
/// methods throw <see cref="CacheException"/> while no node answers. The synchronous ones wait for the asynchronous ones, which
/// need no particular thread to go on, so that they never stand in their own way; a caller that has the choice awaits.
/// </remarks>
public sealed class FastCacheDistributedCache : IBufferDistributedCache
{
    private readonly FastCacheConnection _connection;
    private readonly CacheKeys _keys;
    private readonly TimeProvider _clock;

    /// <param name="connection">Where the client comes from.</param>
    /// <param name="options">Of which the prefix of the keys is needed.</param>
    /// <param name="clock">What absolute expirations are compared with; the system's unless told.</param>
    public FastCacheDistributedCache(
        FastCacheConnection connection, IOptions<FastCacheOptions> options, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _connection = connection;
        _keys = new(options.Value.InstanceName);
        _clock = clock ?? TimeProvider.System;
    }

    /// <inheritdoc/>
    public async Task<byte[]?> GetAsync(string key, CancellationToken token = default)
    {
        FastCacheClient client = await _connection.ClientAsync(token).ConfigureAwait(false);
        using CacheValue value = await Get(client, key, token).ConfigureAwait(false);
        return value.IsFound ? value.Span.ToArray() : null;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> TryGetAsync(string key, IBufferWriter<byte> destination, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        FastCacheClient client = await _connection.ClientAsync(token).ConfigureAwait(false);
        using CacheValue value = await Get(client, key, token).ConfigureAwait(false);
        destination.Write(value.Span);
        return value.IsFound;
    }

    /// <inheritdoc/>
    public async Task SetAsync(
        string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(value);
        await SetAsync(key, new ReadOnlySequence<byte>(value), options, token).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask SetAsync(
        string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        SetTerms terms = EntryLife.TermsOf(options, _clock.GetUtcNow());
        FastCacheClient client = await _connection.ClientAsync(token).ConfigureAwait(false);
        await Set(client, key, value, terms, token).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task RefreshAsync(string key, CancellationToken token = default)
    {
        FastCacheClient client = await _connection.ClientAsync(token).ConfigureAwait(false);
        (await Renew(client, key, token).ConfigureAwait(false)).Dispose();
    }

    /// <inheritdoc/>
    public async Task RemoveAsync(string key, CancellationToken token = default)
    {
        FastCacheClient client = await _connection.ClientAsync(token).ConfigureAwait(false);
        await Delete(client, key, token).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public byte[]? Get(string key) => GetAsync(key).GetAwaiter().GetResult();

    /// <inheritdoc/>
    public bool TryGet(string key, IBufferWriter<byte> destination) =>
        TryGetAsync(key, destination).AsTask().GetAwaiter().GetResult();

    /// <inheritdoc/>
    public void Set(string key, byte[] value, DistributedCacheEntryOptions options) =>
        SetAsync(key, value, options).GetAwaiter().GetResult();

    /// <inheritdoc/>
    public void Set(string key, ReadOnlySequence<byte> value, DistributedCacheEntryOptions options) =>
        SetAsync(key, value, options).AsTask().GetAwaiter().GetResult();

    /// <inheritdoc/>
    public void Refresh(string key) => RefreshAsync(key).GetAwaiter().GetResult();

    /// <inheritdoc/>
    public void Remove(string key) => RemoveAsync(key).GetAwaiter().GetResult();

    private ValueTask<CacheValue> Get(FastCacheClient client, string key, CancellationToken token)
    {
        Span<byte> room = stackalloc byte[CacheKeys.MaxBytes];
        return client.GetAsync(_keys.Encode(key, room), token);
    }

    private ValueTask<CacheValue> Renew(FastCacheClient client, string key, CancellationToken token)
    {
        Span<byte> room = stackalloc byte[CacheKeys.MaxBytes];
        return client.RenewAsync(_keys.Encode(key, room), token);
    }

    private ValueTask<bool> Delete(FastCacheClient client, string key, CancellationToken token)
    {
        Span<byte> room = stackalloc byte[CacheKeys.MaxBytes];
        return client.DeleteAsync(_keys.Encode(key, room), token);
    }

    private ValueTask<WriteResult> Set(
        FastCacheClient client, string key, in ReadOnlySequence<byte> value, in SetTerms terms, CancellationToken token)
    {
        Span<byte> room = stackalloc byte[CacheKeys.MaxBytes];
        ReadOnlySpan<byte> encoded = _keys.Encode(key, room);
        if (value.IsSingleSegment)
        {
            return client.SetAsync(encoded, value.FirstSpan, terms, token);
        }

        byte[] joined = ArrayPool<byte>.Shared.Rent(checked((int)value.Length));
        try
        {
            value.CopyTo(joined);
            return client.SetAsync(encoded, joined.AsSpan(0, (int)value.Length), terms, token);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(joined);
        }
    }
}
