using StackExchange.Redis;

namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>The client of Redis that .NET programs use, at a node.</summary>
public sealed class StackExchangeTests
{
    [Theory]
    [InlineData(1, "Resp2")]
    [InlineData(3, "Resp3")]
    public async Task Strings_and_keys_work_as_with_redis(int shards, string protocol)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        await using ConnectionMultiplexer redis = await StackExchangePeer.ConnectAsync(node, protocol);
        IDatabase database = redis.GetDatabase();

        Assert.True(await database.StringSetAsync("a", "value", TimeSpan.FromMinutes(5)));
        Assert.Equal("value", await database.StringGetAsync("a"));
        Assert.InRange((await database.KeyTimeToLiveAsync("a"))!.Value, TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(5));
        Assert.False(await database.StringSetAsync("a", "other", when: When.NotExists));
        Assert.Equal("value", await database.StringSetAndGetAsync("a", "other", keepTtl: true));
        Assert.Equal(41, await database.StringIncrementAsync("n", 41));
        Assert.Equal(42, await database.StringIncrementAsync("n"));
        Assert.Equal(42.5, await database.StringIncrementAsync("n", 0.5));
        Assert.True(await database.StringSetAsync([new("x", "1"), new("y", "2"), new("z", "3")]));
        Assert.Equal(["1", "2", RedisValue.Null, "3"], await database.StringGetAsync(["x", "y", "missing", "z"]));
        Assert.Equal(3, await database.KeyDeleteAsync(["x", "y", "z", "missing"]));
        Assert.Equal(5, await database.StringAppendAsync("p", "parts"));
        Assert.Equal("art", await database.StringGetRangeAsync("p", 1, 3));
        Assert.True(await database.StringSetAsync("{q}1", "moved"));
        Assert.True(await database.KeyRenameAsync("{q}1", "{q}2"));
        Assert.Equal("moved", await database.StringGetDeleteAsync("{q}2"));
        Assert.Equal(RedisType.String, await database.KeyTypeAsync("a"));

        Task<RedisValue>[] pipeline = [.. Enumerable.Range(0, 1_000).Select(i => database.StringSetAndGetAsync($"k{i}", i))];
        Assert.All(await Task.WhenAll(pipeline), before => Assert.True(before.IsNull));
        IServer server = redis.GetServer(node.RespEndPoint);
        HashSet<string> keys = [];
        await foreach (RedisKey key in server.KeysAsync(pattern: "k*", pageSize: 100))
        {
            keys.Add(key!);
        }

        Assert.Equal(1_000, keys.Count);
        Assert.Equal(1_003, await server.DatabaseSizeAsync());
        await server.FlushDatabaseAsync();
        Assert.Equal(0, await server.DatabaseSizeAsync());
        Assert.Equal(0, node.Stop());
    }
}
