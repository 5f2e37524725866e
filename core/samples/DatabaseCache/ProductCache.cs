using System.Buffers;
using System.Text;
using System.Text.Json;
using FastCache.Client;
using FastCache.Extensions;
using Microsoft.Extensions.Options;

namespace DatabaseCache;

/// <summary>The database behind the cache: what is read is kept as the JSON of its answer, what is written is forgotten.</summary>
/// <remarks>
/// <code>
/// product:{id}                         one product, or that there is none
/// generation:{category}                16 random bytes
/// list:{category}:{below}:{generation} one list of that category
/// </code>
/// A write cannot know which lists of its category are cached. It deletes the category's generation instead: the next reader draws
/// a new one, and lists under the old one are never asked for again. Random bytes rather than a count, for a count that was
/// evicted would begin again, and lists of its first life would come back.
/// </remarks>
internal sealed partial class ProductCache(
    ProductDatabase database, FastCacheConnection cache, IOptions<FastCacheOptions> options, ILogger<ProductCache> logger)
{
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(5);
    private static readonly FillOptions Fill = new() { TimeToLive = Life, NegativeTimeToLive = TimeSpan.FromSeconds(30) };

    /// <summary>A product as JSON; to be disposed.</summary>
    public ValueTask<FilledValue> FindAsync(long id, CancellationToken cancellationToken) => cache.GetOrFillAsync(
        ProductKey(id),
        (database, id),
        static (from, _, destination, _) => Answer(from.database.Find(from.id), destination),
        Fill,
        cancellationToken);

    /// <summary>The products of a category below a price, as a JSON array; to be disposed.</summary>
    public async ValueTask<FilledValue> ListAsync(string category, long belowCents, CancellationToken cancellationToken)
    {
        using FilledValue generation = await cache.GetOrFillAsync(
            GenerationKey(category),
            0,
            static (_, _, destination, _) =>
            {
                destination.Write(Guid.NewGuid().ToByteArray());
                return new(SourceAnswer.Found);
            },
            Fill,
            cancellationToken);
        return await cache.GetOrFillAsync(
            Key($"list:{category}:{belowCents}:{Convert.ToHexString(generation.Span)}"),
            (database, category, belowCents),
            static (from, _, destination, _) => Answer(from.database.List(from.category, from.belowCents), destination),
            Fill,
            cancellationToken);
    }

    /// <summary>Writes a product, new or not.</summary>
    public async Task PutAsync(Product product)
    {
        string? categoryBefore = database.Put(product);
        await ForgetAsync(product.Id, product.Category, categoryBefore);
    }

    /// <summary>Deletes a product.</summary>
    /// <returns>Whether there was one.</returns>
    public async Task<bool> DeleteAsync(long id)
    {
        string? category = database.Delete(id);
        await ForgetAsync(id, category);
        return category is not null;
    }

    /// <summary>Makes the next reader ask the database.</summary>
    /// <remarks>
    /// After the commit: deleted before it, the old row could be read and cached once more in between, and stay. A reader that has
    /// read the old row already and stores it only now does no harm, for a delete ends the lease that its set needs. What remains:
    /// from the commit to the delete, a round trip, readers still hit the old row; and when the node cannot be reached (or, its
    /// table of leases full, let somebody fill without one), for the life of the entry.
    /// </remarks>
    private async Task ForgetAsync(long id, params string?[] categories)
    {
        try
        {
            FastCacheClient client = await cache.ClientAsync();
            await client.DeleteAsync(ProductKey(id));
            foreach (string category in categories.OfType<string>().Distinct())
            {
                await client.DeleteAsync(GenerationKey(category));
            }
        }
        catch (CacheException failure)
        {
            LogNotForgotten(id, Life, failure.Message);
        }
    }

    private static ValueTask<SourceAnswer> Answer<TValue>(TValue? value, IBufferWriter<byte> destination)
        where TValue : class
    {
        if (value is null)
        {
            return new(SourceAnswer.None);
        }

        using Utf8JsonWriter writer = new(destination);
        JsonSerializer.Serialize(writer, value, JsonSerializerOptions.Web);
        return new(SourceAnswer.Found);
    }

    private byte[] ProductKey(long id) => Key($"product:{id}");

    private byte[] GenerationKey(string category) => Key($"generation:{category}");

    private byte[] Key(string name) => Encoding.UTF8.GetBytes(options.Value.InstanceName + name);

    [LoggerMessage(1, LogLevel.Warning, "Product {Id} was written; the cache may have its old row for up to {Life}: {Reason}")]
    private partial void LogNotForgotten(long id, TimeSpan life, string reason);
}
