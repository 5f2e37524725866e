using FastCache.Client.Tests.Fakes;
using FastCache.Cluster;
using FastCache.Protocol;

namespace FastCache.Client.Tests.Examples;

/// <summary>What a scan asks for, and what it makes of the answers.</summary>
public sealed class ScanTests
{
    [Fact]
    public async Task Each_shard_is_asked_from_0_on_with_the_cursor_that_it_has_told()
    {
        await using ScriptedNode node = new ScriptedNode().Restart(shardCount: 2);
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        ScriptedConnection[] connections = [await node.ConnectedAsync(), await node.ConnectedAsync()];
        Array.Sort(connections, (one, other) => one.Shard.CompareTo(other.Shard));
        Task<List<byte[]>> scan = ReadAsync(client.ScanAsync("ab"u8.ToArray()));
        foreach ((int shard, ulong asked, ulong told, byte[] keys) in new[]
        {
            (0, 0UL, 77UL, Keys("ab1", "ab2")), (0, 77UL, 99UL, Keys()), (0, 99UL, 0UL, Keys("ab3")), (1, 0UL, 0UL, Keys("ab4")),
        })
        {
            ScriptedRequest request = (await connections[shard].ReadAsync())!;
            Assert.Equal((Opcode.Scan, asked), (request.Opcode, BitConverter.ToUInt64(request.Body)));
            Assert.InRange(request.Argument, 1u, (uint)FcpLimits.MaxBatchKeys);
            Assert.Equal("ab"u8.ToArray(), request.Body[8..]);
            await connections[shard].ReplyAsync(request, Status.Ok, [.. BitConverter.GetBytes(told), .. keys], (uint)(keys.Length / 4));
        }

        Assert.Equal(["ab1", "ab2", "ab3", "ab4"], (await scan).Select(System.Text.Encoding.ASCII.GetString));
    }

    [Fact]
    public async Task Keys_that_a_node_has_as_replica_are_left_to_their_primary()
    {
        await using ScriptedNode a = new();
        await using ScriptedNode b = new();
        ClusterNode[] nodes = [new("a", "127.0.0.1", a.EndPoint.Port), new("b", "127.0.0.1", b.EndPoint.Port)];
        ClusterTopology topology = BalancedTopology.Create(1, nodes, replicas: 1);
        a.Cluster = b.Cluster = (1, TopologyDocument.Write(topology));
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(a.Options);
        Task<List<byte[]>> scan = ReadAsync(client.ScanAsync());
        string[] all = [.. Enumerable.Range(100, 50).Select(i => $"{i}")];
        foreach (ScriptedNode node in (ScriptedNode[])[a, b])
        {
            using ScriptedConnection connection = await node.ConnectedAsync();
            ScriptedRequest request = (await connection.ReadAsync())!;
            await connection.ReplyAsync(request, Status.Ok, [.. new byte[8], .. Keys(all)], (uint)all.Length);
        }

        Assert.Equal(all, (await scan).Select(System.Text.Encoding.ASCII.GetString).Order());
    }

    [Theory]
    [InlineData(1, new byte[] { 0, 0, 0, 0, 0, 0, 0 })]
    [InlineData(2, new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 1, 65 })]
    [InlineData(1, new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 1, 65, 1, 65 })]
    [InlineData(1, new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0 })]
    [InlineData(1, new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 3, 65 })]
    public async Task Page_that_breaks_the_protocol_ends_the_connection(uint count, byte[] body)
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        using ScriptedConnection connection = await node.ConnectedAsync();
        Task<List<byte[]>> scan = ReadAsync(client.ScanAsync());
        await connection.ReplyAsync((await connection.ReadAsync())!, Status.Ok, body, count);
        await Assert.ThrowsAsync<CacheConnectionException>(() => scan);
    }

    private static async Task<List<byte[]>> ReadAsync(IAsyncEnumerable<byte[]> keys)
    {
        List<byte[]> all = [];
        await foreach (byte[] key in keys)
        {
            all.Add(key);
        }

        return all;
    }

    private static byte[] Keys(params string[] keys) =>
        [.. keys.SelectMany(key => System.Text.Encoding.ASCII.GetBytes(key).Prepend((byte)key.Length))];
}
