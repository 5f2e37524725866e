using System.Diagnostics;
using System.Net;
using FastCache.Client;
using FastCache.Protocol;
using StackExchange.Redis;

namespace FastCache.Bench.Client;

/// <summary>One client whose single awaits are measured.</summary>
internal abstract class ClientSubject(string name, ClientItems items) : IAsyncDisposable
{
    public string Name => name;

    protected ClientItems Items => items;

    /// <summary>Where one of several callers begins.</summary>
    public int StartOf(int caller, int callers) => items.StartOf(caller, callers);

    /// <summary>Stores all items.</summary>
    public abstract Task FillAsync();

    /// <summary>Awaits one request after the other until it is told to stop.</summary>
    public abstract Task LoopAsync(AwaitLoad load, AwaitLoad.Caller caller);

    public abstract ValueTask DisposeAsync();

    protected static void Check(bool isRight)
    {
        if (!isRight)
        {
            throw new InvalidOperationException("a reply is not what was stored");
        }
    }
}

/// <summary>FastCache.Client.</summary>
internal sealed class FastCacheSubject(FastCacheClient client, ClientItems items)
    : ClientSubject("FastCache.Client", items)
{
    public static async Task<FastCacheSubject> ConnectAsync(IPEndPoint node, ClientItems items) =>
        new(await FastCacheClient.ConnectAsync(new() { Seeds = [node] }), items);

    public override async Task FillAsync()
    {
        CacheEntry[] entries = [.. Enumerable.Range(0, Items.Count).Select(i => new CacheEntry(Items.Key(i), Items.Value))];
        Check(await client.SetManyAsync(entries) == entries.Length);
    }

    public override async Task LoopAsync(AwaitLoad load, AwaitLoad.Caller caller)
    {
        while (load.IsOn)
        {
            ReadOnlyMemory<byte> key = Items.Key(caller.Request);
            long start = Stopwatch.GetTimestamp();
            if (Items.IsSet(caller.Request))
            {
                Check((await client.SetAsync(key.Span, Items.Value)).IsDone);
            }
            else
            {
                using CacheValue value = await client.GetAsync(key.Span);
                Check(value.Span.Length == Items.Value.Length);
            }

            caller.Record(start);
            caller.Request = Items.After(caller.Request);
        }
    }

    public override ValueTask DisposeAsync() => client.DisposeAsync();
}

/// <summary>StackExchange.Redis.</summary>
internal sealed class RedisSubject(ConnectionMultiplexer connection, ClientItems items)
    : ClientSubject("StackExchange.Redis", items)
{
    private const int Group = 1000;
    private readonly IDatabase _cache = connection.GetDatabase();

    // It takes keys as arrays of their own; made before, like everything that a caller has at hand.
    private readonly RedisKey[] _keys = [.. Enumerable.Range(0, items.Count).Select(i => (RedisKey)items.Key(i).ToArray())];

    public static async Task<RedisSubject> ConnectAsync(EndPoint server, ClientItems items) =>
        new(await ConnectionMultiplexer.ConnectAsync($"{server},abortConnect=true"), items);

    public override async Task FillAsync()
    {
        foreach (int[] group in Enumerable.Range(0, Items.Count).Chunk(Group))
        {
            bool[] stored = await Task.WhenAll(group.Select(i => _cache.StringSetAsync(_keys[i], Items.Value)));
            Check(stored.All(isStored => isStored));
        }
    }

    public override async Task LoopAsync(AwaitLoad load, AwaitLoad.Caller caller)
    {
        while (load.IsOn)
        {
            RedisKey key = _keys[caller.Request];
            long start = Stopwatch.GetTimestamp();
            if (Items.IsSet(caller.Request))
            {
                Check(await _cache.StringSetAsync(key, Items.Value));
            }
            else
            {
                byte[]? value = await _cache.StringGetAsync(key);
                Check(value?.Length == Items.Value.Length);
            }

            caller.Record(start);
            caller.Request = Items.After(caller.Request);
        }
    }

    public override ValueTask DisposeAsync() => connection.DisposeAsync();
}
