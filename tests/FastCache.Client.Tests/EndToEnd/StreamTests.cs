using System.Text;
using FastCache.EndToEnd.Tests;
using FastCache.Protocol;

namespace FastCache.Client.Tests.EndToEnd;

/// <summary>Values of any size, from streams and as streams, with real nodes.</summary>
public sealed class StreamTests
{
    private const int Frame = 1 << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("1")]
    [InlineData("3")]
    public async Task Values_of_all_sizes_come_back_as_they_were(string shards)
    {
        using RunningNode node = RunningNode.Start("--memory", "256MiB", "--shards", shards);
        await using FastCacheClient client = await NodeTests.ConnectAsync(node);
        int[] sizes =
        [
            0, 1, FcpLimits.MaxPieceBytes - 1, FcpLimits.MaxPieceBytes, FcpLimits.MaxPieceBytes + 1, (3 * FcpLimits.MaxPieceBytes) + 7,
            Frame - 1, Frame, Frame + 1, (5 << 20) + 3,
        ];
        foreach (int size in sizes)
        {
            byte[] key = NodeTests.Key($"of {size}");
            byte[] value = NodeTests.Bytes(size, size);
            WriteResult stored = await client.SetStreamAsync(key, new MemoryStream(value), terms: new() { ReturnVersion = true });
            Assert.True(stored.IsDone);
            await using CacheValueStream? read = await client.GetStreamAsync(key);
            Assert.Equal((stored.Version, size), (read!.Version, read.Length));
            Assert.Equal(value, await ReadAsync(read));
            Assert.Equal(0, await read.ReadAsync(new byte[1]));
        }

        Assert.Null(await client.GetStreamAsync(NodeTests.Key("nobody")));
        await AwaitNoStreamsAsync(client);
    }

    [Fact]
    public async Task Largest_value_that_a_node_takes_is_taken_and_one_byte_more_is_refused()
    {
        using RunningNode node = RunningNode.Start();
        long most;
        using (TestClient hello = new(node.EndPoint, hello: false))
        {
            most = (long)HelloReply.Read(hello.Call(frame => RequestWriter.Hello(frame, 0)).Value).MaxStreamedValueBytes;
        }

        Assert.True(most > 4 * Frame, $"{most}");
        await using FastCacheClient client = await NodeTests.ConnectAsync(node);
        byte[] value = NodeTests.Bytes((int)most, 1);
        Assert.True((await client.SetStreamAsync(NodeTests.Key("most"), new MemoryStream(value))).IsDone);
        await using CacheValueStream? read = await client.GetStreamAsync(NodeTests.Key("most"));
        Assert.Equal(value, await ReadAsync(read!));
        CacheRequestException refused = await Assert.ThrowsAsync<CacheRequestException>(
            () => client.SetStreamAsync(NodeTests.Key("more"), Stream.Null, most + 1));
        Assert.Equal(Status.ValueTooLarge, refused.Status);
    }

    [Fact]
    public async Task Stream_that_does_not_know_its_end_is_held_up_to_a_limit()
    {
        using RunningNode node = RunningNode.Start("--memory", "256MiB");
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(new() { Seeds = [node.EndPoint], MaxSpoolBytes = 2 * Frame });
        byte[] key = NodeTests.Key("pipe");
        foreach (int size in (int[])[0, 100, 256 << 10, (256 << 10) + 1, 2 * Frame])
        {
            byte[] value = NodeTests.Bytes(size, size);
            Assert.True((await client.SetStreamAsync(key, new Pipe(value))).IsDone);
            Assert.Equal(value, await ReadAsync((await client.GetStreamAsync(key))!));
        }

        CacheLimitException refused = await Assert.ThrowsAsync<CacheLimitException>(
            () => client.SetStreamAsync(key, new Pipe(new byte[(2 * Frame) + 1])));
        Assert.Contains("more than 2097152 bytes", refused.Message, StringComparison.Ordinal);

        // Whoever tells the length needs no memory for it.
        Assert.True((await client.SetStreamAsync(key, new Pipe(new byte[5 * Frame]), 5 * Frame)).IsDone);
        Assert.Equal(5 * Frame, (await client.GetStreamAsync(key))!.Length);
    }

    [Fact]
    public async Task Upload_that_fails_leaves_the_old_value_and_nothing_at_the_node()
    {
        using RunningNode node = RunningNode.Start("--memory", "256MiB");
        await using FastCacheClient client = await NodeTests.ConnectAsync(node);
        byte[] key = NodeTests.Key("kept");
        await client.SetAsync(key, [1, 2, 3]);
        EndOfStreamException early = await Assert.ThrowsAsync<EndOfStreamException>(
            () => client.SetStreamAsync(key, new MemoryStream(new byte[3 * Frame]), 4 * Frame));
        Assert.Equal("The value ends after 3145728 bytes; its length was said to be 4194304.", early.Message);
        await Assert.ThrowsAsync<InvalidTimeZoneException>(() => client.SetStreamAsync(
            key, new Pipe(new byte[3 * Frame]) { At = (2 * Frame, () => throw new InvalidTimeZoneException()) }, 3 * Frame));
        using CancellationTokenSource end = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.SetStreamAsync(
            key, new Pipe(new byte[3 * Frame]) { At = (2 * Frame, end.Cancel) }, 3 * Frame, cancellationToken: end.Token));
        await Assert.ThrowsAsync<ArgumentException>(() => client.SetStreamAsync(new byte[251], Stream.Null));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => client.SetStreamAsync(key, Stream.Null, -1));
        await AwaitNoStreamsAsync(client);
        using CacheValue left = await client.GetAsync(key);
        Assert.Equal([1, 2, 3], left.Span.ToArray());
    }

    [Fact]
    public async Task Conditions_and_lives_hold_for_streams_too()
    {
        using RunningNode node = RunningNode.Start("--memory", "256MiB");
        await using FastCacheClient client = await NodeTests.ConnectAsync(node);
        byte[] key = NodeTests.Key("k");
        MemoryStream Value() => new(new byte[2 * Frame]);
        Assert.Equal(Status.NotFound, (await client.SetStreamAsync(key, Value(), terms: new(Mode: SetMode.IfPresent))).Status);
        WriteResult first = await client.SetStreamAsync(key, Value(), terms: new(Mode: SetMode.IfAbsent) { ReturnVersion = true });
        Assert.True(first.IsDone);
        Assert.Equal(Status.Exists, (await client.SetStreamAsync(key, Value(), terms: new(Mode: SetMode.IfAbsent))).Status);
        Assert.Equal(Status.VersionMismatch, (await client.SetStreamAsync(key, Value(), terms: new(0, SetMode.IfVersion, first.Version + 1))).Status);
        Assert.True((await client.SetStreamAsync(key, Value(), terms: new(100, SetMode.IfVersion, first.Version))).IsDone);
        for (int i = 0; i < 500 && await client.GetStreamAsync(key) is CacheValueStream alive; i++)
        {
            await alive.DisposeAsync();
            await Task.Delay(20);
        }

        Assert.Null(await client.GetStreamAsync(key));

        // A write while the pieces come decides at the commit.
        Pipe overtaken = new(new byte[2 * Frame]) { At = (Frame, () => client.SetAsync(key, [1]).AsTask().Wait(Patience)) };
        Assert.Equal(Status.Exists, (await client.SetStreamAsync(key, overtaken, 2 * Frame, new(Mode: SetMode.IfAbsent))).Status);
    }

    [Fact]
    public async Task What_was_kept_near_of_a_key_is_not_served_after_a_stream_has_replaced_it()
    {
        using RunningNode node = RunningNode.Start("--memory", "256MiB");
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(new()
        {
            Seeds = [node.EndPoint],
            NearCacheBytes = 32 << 20,
            NearCacheMaxStaleness = TimeSpan.FromMinutes(1),
        });
        byte[] key = NodeTests.Key("near");
        await client.SetAsync(key, [1]);
        for (int i = 0; i < 500 && client.NearCacheStatistics.Hits == 0; i++)
        {
            using CacheValue kept = await client.GetAsync(key);
            await Task.Delay(10);
        }

        Assert.True(client.NearCacheStatistics.Hits > 0);
        Assert.True((await client.SetStreamAsync(key, new MemoryStream([2, 3]))).IsDone);
        using CacheValue now = await client.GetAsync(key);
        Assert.Equal([2, 3], now.Span.ToArray());
    }

    [Fact]
    public async Task Reader_that_stops_holds_up_nobody_and_is_told_when_the_node_has_ended_it()
    {
        using RunningNode node = RunningNode.Start("--memory", "256MiB", "--stream-timeout", "1");
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(new() { Seeds = [node.EndPoint], MaxStreams = 2, RequestTimeout = Patience });
        byte[] film = NodeTests.Bytes(20 << 20, 3);
        await client.SetStreamAsync(NodeTests.Key("film"), new MemoryStream(film));
        await using CacheValueStream? stopped = await client.GetStreamAsync(NodeTests.Key("film"));
        byte[] first = new byte[1_000];
        await stopped!.ReadExactlyAsync(first);
        Assert.Equal(film[..1_000], first);
        await using (CacheValueStream? other = await client.GetStreamAsync(NodeTests.Key("film")))
        {
            Assert.Equal(film, await ReadAsync(other!));
        }

        await using (CacheValueStream? one = await client.GetStreamAsync(NodeTests.Key("film")))
        {
            CacheLimitException full = await Assert.ThrowsAsync<CacheLimitException>(() => client.GetStreamAsync(NodeTests.Key("film")));
            Assert.Contains("2 values are being streamed", full.Message, StringComparison.Ordinal);
        }

        await client.SetAsync(NodeTests.Key("small"), [1]);
        for (int i = 0; i < 500 && (await client.StatsAsync())["stream_timeouts"] == 0; i++)
        {
            await Task.Delay(20);
        }

        // The node sends what it was allowed to before, and then why there is no more.
        CacheRequestException ended = await Assert.ThrowsAsync<CacheRequestException>(() => ReadAsync(stopped));
        Assert.Equal(Status.StreamTimedOut, ended.Status);
    }

    [Fact]
    public async Task Many_are_read_and_written_at_once()
    {
        using RunningNode node = RunningNode.Start("--memory", "512MiB", "--shards", "2");
        await using FastCacheClient client = await NodeTests.ConnectAsync(node);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
        {
            byte[] key = NodeTests.Key($"film {i}");
            for (int round = 0; round < 3; round++)
            {
                byte[] value = NodeTests.Bytes((3 << 20) + i, (10 * i) + round);
                Assert.True((await client.SetStreamAsync(key, new Pipe(value), value.Length)).IsDone);
                await using CacheValueStream? read = await client.GetStreamAsync(key);
                Assert.Equal(value, await ReadAsync(read!));
            }
        })));
        await AwaitNoStreamsAsync(client);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Node_that_is_lost_or_silent_ends_streams_with_what_is_certain(bool isSilent)
    {
        using RunningNode node = RunningNode.Start("--memory", "256MiB");
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(
            new() { Seeds = [node.EndPoint], RequestTimeout = TimeSpan.FromSeconds(2), OutageWait = TimeSpan.Zero });
        await client.SetStreamAsync(NodeTests.Key("film"), new MemoryStream(new byte[20 << 20]));
        await using CacheValueStream? read = await client.GetStreamAsync(NodeTests.Key("film"));
        await read!.ReadExactlyAsync(new byte[1_000]);
        Pipe fails = new(new byte[20 << 20]) { At = (Frame, isSilent ? node.Suspend : node.Crash) };
        CacheException written = await Assert.ThrowsAnyAsync<CacheException>(
            () => client.SetStreamAsync(NodeTests.Key("other"), fails, 20 << 20));
        CacheException lost = await Assert.ThrowsAnyAsync<CacheException>(() => ReadAsync(read));
        Assert.Equal(isSilent ? typeof(CacheTimeoutException) : typeof(CacheConnectionException), written.GetType());
        Assert.Equal(isSilent ? typeof(CacheTimeoutException) : typeof(CacheConnectionException), lost.GetType());
        Assert.Equal((false, false), (written.MayHaveExecuted, lost.MayHaveExecuted));
        node.Resume();
    }

    [Fact]
    public async Task Streams_go_where_their_slot_is_and_one_whose_slot_moves_under_way_is_told_so()
    {
        using RunningCluster cluster = new();
        await using FastCacheClient client = await cluster.ConnectAsync(Patience);
        byte[] moving = Enumerable.Range(0, 1_000).Select(i => NodeTests.Key($"key {i}")).First(key => cluster.NodeOf(key) == 2);
        byte[][] keys = [.. Enumerable.Range(0, 6).Select(i => NodeTests.Key($"key {i}")), moving];
        await CheckAsync();
        CacheRequestException moved = await Assert.ThrowsAsync<CacheRequestException>(() => client.SetStreamAsync(
            moving, new Pipe(new byte[2 * Frame]) { At = (Frame, () => { cluster.Spread(2); Thread.Sleep(500); }) }, 2 * Frame));
        Assert.Equal(Status.Moved, moved.Status);
        await CheckAsync();

        async Task CheckAsync()
        {
            foreach (byte[] key in keys)
            {
                byte[] value = NodeTests.Bytes(2 * Frame, key.Length);
                Assert.True((await client.SetStreamAsync(key, new MemoryStream(value))).IsDone);
                await using CacheValueStream? read = await client.GetStreamAsync(key);
                Assert.Equal(value, await ReadAsync(read!));
            }
        }
    }

    [Fact]
    public async Task Client_that_is_closed_ends_its_streams()
    {
        using RunningNode node = RunningNode.Start("--memory", "256MiB");
        FastCacheClient client = await NodeTests.ConnectAsync(node);
        await client.SetStreamAsync(NodeTests.Key("film"), new MemoryStream(new byte[20 << 20]));
        await using CacheValueStream? read = await client.GetStreamAsync(NodeTests.Key("film"));
        await client.DisposeAsync();
        await Assert.ThrowsAsync<CacheConnectionException>(() => ReadAsync(read!));
    }

    private static async Task<byte[]> ReadAsync(CacheValueStream stream)
    {
        using MemoryStream copy = new();
        await stream.CopyToAsync(copy);
        return copy.ToArray();
    }

    /// <summary>Whatever was given up is gone at the node too.</summary>
    private static async Task AwaitNoStreamsAsync(FastCacheClient client)
    {
        for (int i = 0; i < 500 && (await client.StatsAsync())["streams_open"] != 0; i++)
        {
            await Task.Delay(20);
        }

        Assert.Equal(0, (await client.StatsAsync())["streams_open"]);
    }

    /// <summary>A stream that cannot tell its length, and does something on the way.</summary>
    private sealed class Pipe(byte[] bytes) : MemoryStream(bytes)
    {
        public (int Position, Action Do)? At { get; set; }

        public override bool CanSeek => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (At is (int position, Action act) && Position >= position)
            {
                At = null;
                act();
            }

            // Not all that there is room for, as pipes do.
            return base.ReadAsync(buffer[..Math.Min(buffer.Length, 50_000)], cancellationToken);
        }
    }
}
