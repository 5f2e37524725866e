using StackExchange.Redis;

namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>What programs use sorted sets for, with the client of Redis that they use.</summary>
public sealed class SortedSetUseTests
{
    [Theory]
    [InlineData(1, "Resp2")]
    [InlineData(3, "Resp3")]
    public async Task A_sliding_window_limits_rates(int shards, string protocol)
    {
        const int Limit = 5;
        const long WindowMillis = 1_000;
        using RunningNode node = RunningNode.StartWithResp(shards);
        await using ConnectionMultiplexer redis = await StackExchangePeer.ConnectAsync(node, protocol);
        IDatabase database = redis.GetDatabase();
        long now = 1_700_000_000_000;
        int requests = 0;

        // Each request of the last second is a member, whose score is when it came.
        async Task<bool> MayPass(string client)
        {
            string key = $"rate:{client}";
            IBatch batch = database.CreateBatch();
            Task removed = batch.SortedSetRemoveRangeByScoreAsync(key, double.NegativeInfinity, now - WindowMillis);
            Task added = batch.SortedSetAddAsync(key, $"{now}-{requests++}", now);
            Task<long> count = batch.SortedSetLengthAsync(key);
            Task expires = batch.KeyExpireAsync(key, TimeSpan.FromMilliseconds(WindowMillis * 60));
            batch.Execute();
            await Task.WhenAll(removed, added, count, expires);
            return await count <= Limit;
        }

        for (int i = 0; i < Limit; i++, now += 100)
        {
            Assert.True(await MayPass("a"));
        }

        Assert.False(await MayPass("a"));
        Assert.True(await MayPass("b"));
        now += WindowMillis - 501;
        Assert.False(await MayPass("a"));
        now += WindowMillis;
        Assert.True(await MayPass("a"));
        Assert.Equal(1, await database.SortedSetLengthAsync("rate:a"));
        Assert.InRange((await database.KeyTimeToLiveAsync("rate:a"))!.Value, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(60));
        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(1, "Resp3")]
    [InlineData(3, "Resp2")]
    public async Task A_leaderboard_knows_the_best_and_everyones_rank(int shards, string protocol)
    {
        const int Players = 2_000;
        using RunningNode node = RunningNode.StartWithResp(shards);
        await using ConnectionMultiplexer redis = await StackExchangePeer.ConnectAsync(node, protocol);
        IDatabase database = redis.GetDatabase();
        Random random = new(1);
        Dictionary<string, double> points = [];
        List<Task<double>> scores = [];
        for (int game = 0; game < 5_000; game++)
        {
            string player = $"player:{random.Next(Players)}";
            int won = random.Next(1, 100);
            points[player] = points.GetValueOrDefault(player) + won;
            scores.Add(database.SortedSetIncrementAsync("board", player, won));
        }

        await Task.WhenAll(scores);
        (string Player, double Points)[] best =
            [.. points.OrderByDescending(one => one.Value).ThenByDescending(one => one.Key, StringComparer.Ordinal).Select(one => (one.Key, one.Value))];

        SortedSetEntry[] top = await database.SortedSetRangeByRankWithScoresAsync("board", 0, 9, Order.Descending);
        Assert.Equal(best[..10], top.Select(one => (one.Element.ToString(), one.Score)));
        Assert.Equal(points.Count, await database.SortedSetLengthAsync("board"));
        foreach (int rank in new[] { 0, 9, 500, best.Length - 1 })
        {
            Assert.Equal(rank, await database.SortedSetRankAsync("board", best[rank].Player, Order.Descending));
            Assert.Equal(best[rank].Points, await database.SortedSetScoreAsync("board", best[rank].Player));
        }

        Assert.Null(await database.SortedSetRankAsync("board", "nobody", Order.Descending));
        RedisValue[] around = await database.SortedSetRangeByRankAsync("board", 498, 502, Order.Descending);
        Assert.Equal(best[498..503].Select(one => one.Player), around.Select(one => one.ToString()));

        // Who has half as many points as the best, the board of two weeks, and the last ones leave.
        double half = best[0].Points / 2;
        Assert.Equal(points.Count(one => one.Value >= half), await database.SortedSetLengthAsync("board", half));
        await database.SortedSetAddAsync("{board}:1", [new SortedSetEntry("a", 10), new SortedSetEntry("b", 20)]);
        await database.SortedSetAddAsync("{board}:2", [new SortedSetEntry("b", 5), new SortedSetEntry("c", 1)]);
        Assert.Equal(3, await database.SortedSetCombineAndStoreAsync(SetOperation.Union, "{board}:all", ["{board}:1", "{board}:2"], [1, 2]));
        Assert.Equal(30, await database.SortedSetScoreAsync("{board}:all", "b"));
        Assert.Equal(new SortedSetEntry("b", 30), await database.SortedSetPopAsync("{board}:all", Order.Descending));
        Assert.Equal(points.Count - 100, await database.SortedSetRemoveRangeByRankAsync("board", 0, -101));
        Assert.Equal(100, await database.SortedSetLengthAsync("board"));
        Assert.Equal(0, node.Stop());
    }
}
