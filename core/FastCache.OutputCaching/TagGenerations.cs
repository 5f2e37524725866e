using System.Buffers.Binary;
using System.Security.Cryptography;
using FastCache.Client;
using FastCache.Extensions;
using FastCache.Protocol;

namespace FastCache.OutputCaching;

/// <summary>For each tag a random number on the node. What was stored under another number, or one that is gone, is worth
/// nothing.</summary>
/// <remarks>So a tag is evicted by deleting one key, however many responses have it. The number is random, not counted: a
/// counter that the node evicts would begin again, and what was evicted long ago would be valid once more.</remarks>
internal sealed class TagGenerations(CacheKeys keys)
{
    // Others begin or end the same tag at the same time: no more than that often in a row.
    private const int MaxAttempts = 4;

    /// <summary>The numbers of tags; those that have none get one.</summary>
    /// <returns>Null if a tag's key does not keep a number: the node evicts it at once, or somebody else writes it.</returns>
    public async ValueTask<ulong[]?> ObtainAsync(FastCacheClient client, ReadOnlyMemory<string> tags, CancellationToken cancellationToken)
    {
        ulong[] generations = await FindAsync(client, tags, cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < generations.Length; i++)
        {
            for (int attempt = 0; generations[i] == 0; attempt++)
            {
                if (attempt == MaxAttempts)
                {
                    return null;
                }

                generations[i] = await BeginAsync(client, tags.Span[i], cancellationToken).ConfigureAwait(false);
            }
        }

        return generations;
    }

    /// <summary>The numbers of tags, 0 for those that have none.</summary>
    public async ValueTask<ulong[]> FindAsync(FastCacheClient client, ReadOnlyMemory<string> tags, CancellationToken cancellationToken)
    {
        ulong[] generations = new ulong[tags.Length];
        if (tags.IsEmpty)
        {
            return generations;
        }

        ReadOnlyMemory<byte>[] encoded = new ReadOnlyMemory<byte>[tags.Length];
        for (int i = 0; i < encoded.Length; i++)
        {
            encoded[i] = keys.Encode(tags.Span[i]);
        }

        CacheValue[] values = new CacheValue[tags.Length];
        await client.GetManyAsync(encoded, values, cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < values.Length; i++)
        {
            using CacheValue value = values[i];
            generations[i] = value.IsFound && value.Span.Length == sizeof(ulong) ? BinaryPrimitives.ReadUInt64LittleEndian(value.Span) : 0;
        }

        return generations;
    }

    /// <summary>Ends the number of a tag.</summary>
    public ValueTask<bool> EndAsync(FastCacheClient client, string tag, CancellationToken cancellationToken) =>
        client.DeleteAsync(keys.Encode(tag), cancellationToken);

    /// <returns>The new number; 0 if somebody was faster.</returns>
    private async ValueTask<ulong> BeginAsync(FastCacheClient client, string tag, CancellationToken cancellationToken)
    {
        byte[] number = new byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(number);
        WriteResult written = await client.SetAsync(keys.Encode(tag), number, new(Mode: SetMode.IfAbsent), cancellationToken).ConfigureAwait(false);
        return written.IsDone
            ? BinaryPrimitives.ReadUInt64LittleEndian(number)
            : (await FindAsync(client, new[] { tag }, cancellationToken).ConfigureAwait(false))[0];
    }
}
