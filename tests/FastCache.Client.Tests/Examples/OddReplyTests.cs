using System.Text;
using FastCache.Client.Tests.Fakes;
using FastCache.Protocol;

namespace FastCache.Client.Tests.Examples;

/// <summary>Replies that no node that keeps to the protocol sends.</summary>
public sealed class OddReplyTests
{
    [Fact]
    public async Task Lease_get_without_its_token_ends_the_connection()
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        using ScriptedConnection connection = await node.ConnectedAsync();
        Task<LeasedValue> get = client.LeaseGetAsync([1], 1_000).AsTask();
        await connection.ReplyAsync((await connection.ReadAsync())!, Status.NotFound);
        await Assert.ThrowsAsync<CacheConnectionException>(() => get);
    }

    [Fact]
    public async Task Scan_that_finds_nothing_without_a_cursor_ends_the_connection()
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        using ScriptedConnection connection = await node.ConnectedAsync();
        Task<bool> any = client.ScanAsync().GetAsyncEnumerator().MoveNextAsync().AsTask();
        await connection.ReplyAsync((await connection.ReadAsync())!, Status.NotFound);
        await Assert.ThrowsAsync<CacheConnectionException>(() => any);
    }

    [Fact]
    public async Task Scan_that_tells_keys_outside_of_the_prefix_ends()
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        using ScriptedConnection connection = await node.ConnectedAsync();
        Task<bool> any = client.ScanAsync("ab"u8.ToArray()).GetAsyncEnumerator().MoveNextAsync().AsTask();
        await connection.ReplyAsync((await connection.ReadAsync())!, Status.Ok, [.. new byte[8], 2, (byte)'a', (byte)'c'], 1);
        await Assert.ThrowsAsync<CacheConnectionException>(() => any);
    }

    [Fact]
    public async Task Scan_that_stays_where_it_is_ends()
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        using ScriptedConnection connection = await node.ConnectedAsync();
        Task<bool> any = client.ScanAsync().GetAsyncEnumerator().MoveNextAsync().AsTask();
        for (int i = 0; i < 2; i++)
        {
            await connection.ReplyAsync((await connection.ReadAsync())!, Status.Ok, BitConverter.GetBytes(7L));
        }

        await Assert.ThrowsAsync<CacheConnectionException>(() => any);
    }

    [Theory]
    [InlineData("hits")]
    [InlineData(" 5")]
    [InlineData("hits 5\nmisses")]
    [InlineData("hits five")]
    [InlineData("hits 9223372036854775808")]
    public async Task Counters_that_are_none_are_an_exception_of_the_client(string text)
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        using ScriptedConnection connection = await node.ConnectedAsync();
        Task<IReadOnlyDictionary<string, long>> stats = client.StatsAsync().AsTask();
        await connection.ReplyAsync((await connection.ReadAsync())!, Status.Ok, Encoding.ASCII.GetBytes(text));
        CacheConnectionException odd = await Assert.ThrowsAsync<CacheConnectionException>(() => stats);
        Assert.Contains($"'{text.Split('\n')[^1]}'", odd.Message, StringComparison.Ordinal);
        Assert.False(odd.MayHaveExecuted);
    }

    [Fact]
    public async Task Stream_of_more_bytes_than_there_can_be_is_none()
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        using ScriptedConnection shared = await node.ConnectedAsync();
        Task<CacheValueStream?> get = client.GetStreamAsync(new byte[] { 1 });
        await shared.ReplyAsync((await shared.ReadAsync())!, Status.Ok, [.. BitConverter.GetBytes(long.MinValue), 7]);
        using ScriptedConnection line = await node.ConnectedAsync();
        await line.ReplyAsync((await line.ReadAsync())!, Status.Ok, BitConverter.GetBytes(long.MinValue));
        await Assert.ThrowsAsync<CacheConnectionException>(() => get);
    }

    [Fact]
    public async Task Stream_that_was_disposed_does_not_read_as_if_its_value_had_ended()
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        using ScriptedConnection connection = await node.ConnectedAsync();
        Task<CacheValueStream?> get = client.GetStreamAsync(new byte[] { 1 });
        await connection.ReplyAsync((await connection.ReadAsync())!, Status.Ok, [.. BitConverter.GetBytes(3L), 7, 8, 9]);
        CacheValueStream stream = (await get)!;
        byte[] buffer = new byte[1];
        Assert.Equal(1, await stream.ReadAsync(buffer));
        stream.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => stream.ReadAsync(buffer).AsTask());
    }
}
