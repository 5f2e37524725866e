using FastCache.Client.Tests.Fakes;
using FastCache.Protocol;

namespace FastCache.Client.Tests.Examples;

/// <summary>What the client makes of answers to streams that a node of this repository does not give, or hardly ever.</summary>
public sealed class StreamTests
{
    private static readonly byte[] Key = [1, 2, 3];

    [Fact]
    public async Task Shard_that_the_node_names_is_asked_instead()
    {
        await using ScriptedNode node = new ScriptedNode().Restart(shardCount: 2);
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        (ScriptedConnection one, ScriptedConnection other) = (await node.ConnectedAsync(), await node.ConnectedAsync());
        Task<WriteResult> write = client.SetStreamAsync(Key, new MemoryStream([7, 8, 9]));
        ScriptedConnection first = await node.ConnectedAsync();
        await first.ReplyAsync((await first.ReadAsync())!, Status.WrongShard, "why"u8.ToArray(), (uint)(1 - first.Shard));
        ScriptedConnection second = await node.ConnectedAsync();
        Assert.Equal(1 - first.Shard, second.Shard);
        await second.ReplyAsync((await second.ReadAsync())!, Status.Ok);
        ScriptedRequest piece = (await second.ReadAsync())!;
        Assert.Equal((Opcode.SetPiece, 3), (piece.Opcode, piece.Body.Length));
        await second.ReplyAsync((await second.ReadAsync())!, Status.Ok);
        Assert.True((await write).IsDone);
        Assert.Null(await first.ReadAsync());
        Assert.Null(await second.ReadAsync());
        one.Dispose();
        other.Dispose();
    }

    [Fact]
    public async Task A_closed_client_does_not_go_on_to_open_a_stream()
    {
        ScriptedNode node = new();
        FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options with { OutageWait = TimeSpan.FromMinutes(5) });
        await node.DisposeAsync();
        Task<WriteResult> write = client.SetStreamAsync(Key, new MemoryStream(new byte[1]));
        await client.DisposeAsync();
        Exception? failure = await Record.ExceptionAsync(() => write.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.True(failure is CacheConnectionException, $"{failure}");
    }

    [Fact]
    public async Task Piece_that_is_refused_ends_the_write_with_its_reason()
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        using ScriptedConnection requests = await node.ConnectedAsync();
        Task<WriteResult> write = client.SetStreamAsync(Key, new MemoryStream(new byte[10 << 20]));
        using ScriptedConnection stream = await node.ConnectedAsync();
        await stream.ReplyAsync((await stream.ReadAsync())!, Status.Ok);
        await stream.ReplyAsync((await stream.ReadAsync())!, Status.OutOfMemory, "full"u8.ToArray());
        while (await stream.ReadAsync() is not null)
        {
        }

        Assert.Equal(Status.OutOfMemory, (await Assert.ThrowsAsync<CacheRequestException>(() => write)).Status);
    }

    [Theory]
    [InlineData(Opcode.GetStream, 2, false)]
    [InlineData(Opcode.GetStream, 100_001, false)]
    [InlineData(Opcode.GetStream, 0, true)]
    [InlineData(Opcode.Get, 2, true)]
    public async Task Piece_that_makes_no_sense_ends_the_read(Opcode opcode, int bytes, bool hasMore)
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options with { OutageWait = TimeSpan.Zero });
        using ScriptedConnection requests = await node.ConnectedAsync();
        Task<CacheValueStream?> open = client.GetStreamAsync(Key);
        ScriptedRequest range = (await requests.ReadAsync())!;
        byte[] frame = new byte[100_100];
        int length = ReplyWriter.WriteVersioned(frame, Opcode.GetRange, Status.Ok, range.Id, 5, BitConverter.GetBytes(100_000UL));
        await requests.SendAsync(frame.AsMemory(0, length));
        using ScriptedConnection stream = await node.ConnectedAsync();
        ScriptedRequest opening = (await stream.ReadAsync())!;
        length = ReplyWriter.WriteVersioned(
            frame, Opcode.GetStream, Status.Ok, opening.Id, 5, BitConverter.GetBytes(100_000UL), ReplyFlags.More);
        await stream.SendAsync(frame.AsMemory(0, length));
        await using CacheValueStream read = (await open)!;
        Assert.Equal((5UL, 100_000L), (read.Version, read.Length));
        length = ReplyWriter.Write(frame, opcode, Status.Ok, opening.Id, new byte[bytes], hasMore ? ReplyFlags.More : ReplyFlags.None);
        await stream.SendAsync(frame.AsMemory(0, length));
        await Assert.ThrowsAsync<CacheConnectionException>(() => read.CopyToAsync(Stream.Null));
    }
}
