using System.Buffers;
using System.IO.Pipelines;
using FastCache.Client;
using FastCache.Extensions;
using FastCache.Protocol;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.Extensions.Options;

namespace FastCache.OutputCaching;

/// <summary>FastCache as the store of ASP.NET's output caching.</summary>
/// <remarks>
/// Keys begin with <see cref="FastCacheOptions.InstanceName"/> and "output:", those of tags with it and "output-tag:". A response
/// without tags is one request, one with tags two, one after the other. While no node answers, all methods throw
/// <see cref="CacheException"/>; ASP.NET logs that and runs the endpoint. So it does with a response of more bytes than the
/// node takes in one frame (1 MiB unless it was told otherwise).
/// </remarks>
public sealed class FastCacheOutputCacheStore : IOutputCacheBufferStore
{
    private readonly FastCacheConnection _connection;
    private readonly CacheKeys _keys;
    private readonly TagGenerations _generations;

    /// <param name="connection">Where the client comes from.</param>
    /// <param name="options">Of which the prefix of the keys is needed.</param>
    public FastCacheOutputCacheStore(FastCacheConnection connection, IOptions<FastCacheOptions> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _connection = connection;
        _keys = new($"{options.Value.InstanceName}output:");
        _generations = new(new($"{options.Value.InstanceName}output-tag:"));
    }

    /// <inheritdoc/>
    public async ValueTask<byte[]?> GetAsync(string key, CancellationToken cancellationToken)
    {
        ArrayBufferWriter<byte> response = new();
        return await TryGetAsync(key, response, cancellationToken).ConfigureAwait(false) ? response.WrittenSpan.ToArray() : null;
    }

    /// <inheritdoc/>
    public ValueTask<bool> TryGetAsync(string key, PipeWriter destination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(destination);
        return TryGetAsync(key, (IBufferWriter<byte>)destination, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask SetAsync(string key, byte[] value, string[]? tags, TimeSpan validFor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(value);
        return SetAsync(key, new ReadOnlySequence<byte>(value), tags, validFor, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask SetAsync(
        string key, ReadOnlySequence<byte> value, ReadOnlyMemory<string> tags, TimeSpan validFor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (tags.Length > TaggedEntry.MaxTags)
        {
            throw new ArgumentException($"The response has {tags.Length} tags; up to {TaggedEntry.MaxTags} are allowed.", nameof(tags));
        }

        if (validFor <= TimeSpan.Zero)
        {
            return; // Nobody may be given it any more.
        }

        FastCacheClient client = await _connection.ClientAsync(cancellationToken).ConfigureAwait(false);
        if (await _generations.ObtainAsync(client, tags, cancellationToken).ConfigureAwait(false) is not ulong[] generations)
        {
            return;
        }

        ArrayBufferWriter<byte> entry = TaggedEntry.Write(tags.Span, generations, value);
        SetTerms life = new(EntryLife.Millis(validFor));
        await client.SetAsync(_keys.Encode(key), entry.WrittenSpan, life, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Makes all responses that have a tag worthless. One that is being computed while this runs may still be kept.</summary>
    /// <param name="tag">It.</param>
    /// <param name="cancellationToken">Releases the caller.</param>
    public async ValueTask EvictByTagAsync(string tag, CancellationToken cancellationToken)
    {
        FastCacheClient client = await _connection.ClientAsync(cancellationToken).ConfigureAwait(false);
        await _generations.EndAsync(client, tag, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<bool> TryGetAsync(string key, IBufferWriter<byte> destination, CancellationToken cancellationToken)
    {
        FastCacheClient client = await _connection.ClientAsync(cancellationToken).ConfigureAwait(false);
        using CacheValue entry = await client.GetAsync(_keys.Encode(key), cancellationToken).ConfigureAwait(false);
        if (!entry.IsFound || !TaggedEntry.TryRead(entry.Span, out (string Tag, ulong Generation)[]? tags, out int start))
        {
            return false;
        }

        ulong[] now = await _generations.FindAsync(client, Array.ConvertAll(tags, tag => tag.Tag), cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < tags.Length; i++)
        {
            if (now[i] == 0 || tags[i].Generation != now[i])
            {
                return false;
            }
        }

        destination.Write(entry.Span[start..]);
        return true;
    }
}
