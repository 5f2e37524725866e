using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;

namespace FastCache.Extensions.Tests.EndToEnd;

/// <summary>Alone in the process: requests of other tests would time out where no thread is left for them.</summary>
[CollectionDefinition(nameof(StarvationTests), DisableParallelization = true)]
[Collection(nameof(StarvationTests))]
public sealed class StarvationTests(CacheNode node) : IClassFixture<CacheNode>
{
    private static readonly DistributedCacheEntryOptions Forever = new();

    [Fact]
    public async Task The_synchronous_methods_end_also_where_they_block_every_thread_of_the_pool()
    {
        await using ServiceProvider services = node.Application("pool:");
        IDistributedCache cache = services.GetRequiredService<IDistributedCache>();
        Task[] callers = [.. Enumerable.Range(0, 8 * Environment.ProcessorCount).Select(i => Task.Run(() =>
        {
            for (int round = 0; round < 50; round++)
            {
                cache.Set($"key {i}", [(byte)round], Forever);
                Assert.Equal((byte)round, Assert.Single(cache.Get($"key {i}")!));
            }
        }))];
        await Task.WhenAll(callers).WaitAsync(TimeSpan.FromSeconds(60));
    }
}
