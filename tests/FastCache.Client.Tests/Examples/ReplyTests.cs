using FastCache.Client.Tests.Fakes;
using FastCache.Protocol;

namespace FastCache.Client.Tests.Examples;

/// <summary>Which reply belongs to which caller, and what becomes of replies that nobody waits for.</summary>
public sealed class ReplyTests
{
    [Fact]
    public async Task Replies_in_any_order_reach_their_callers()
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        using ScriptedConnection connection = await node.ConnectedAsync();
        Task<CacheValue>[] gets = [.. Enumerable.Range(0, 20).Select(i => client.GetAsync([(byte)i]).AsTask())];
        ScriptedRequest[] requests = await connection.ReadAsync(20);
        foreach (ScriptedRequest request in requests.Reverse())
        {
            await connection.ReplyAsync(request, Status.Ok, [.. request.Body, 7]);
        }

        for (int i = 0; i < gets.Length; i++)
        {
            using CacheValue value = await gets[i];
            Assert.Equal([(byte)i, 7], value.Memory.ToArray());
        }
    }

    [Fact]
    public async Task Cancelled_caller_is_released_at_once_and_its_late_reply_reaches_nobody()
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        using ScriptedConnection connection = await node.ConnectedAsync();
        using CancellationTokenSource cancellation = new();
        byte[] destination = [1, 2, 3];
        Task<CopiedValue> cancelled = client.GetAsync([1], destination, cancellation.Token).AsTask();
        ScriptedRequest late = (await connection.ReadAsync())!;
        await cancellation.CancelAsync();
        OperationCanceledException failure = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(cancellation.Token, failure.CancellationToken);
        Assert.True(cancelled.IsCanceled);

        // The next request may use the same object, but not the same id.
        Task<CacheValue> next = client.GetAsync([2]).AsTask();
        ScriptedRequest request = (await connection.ReadAsync())!;
        Assert.NotEqual(late.Id, request.Id);
        await connection.ReplyAsync(late, Status.Ok, [9, 9, 9]);
        await connection.ReplyAsync(request, Status.Ok, [8]);
        using CacheValue value = await next;
        Assert.Equal([8], value.Memory.ToArray());
        Assert.Equal([1, 2, 3], destination);

        // Now that its reply came the id is free again.
        Task<bool> last = client.DeleteAsync([3]).AsTask();
        ScriptedRequest delete = (await connection.ReadAsync())!;
        Assert.Contains(delete.Id, new[] { late.Id, request.Id });
        await connection.ReplyAsync(delete, Status.Ok);
        Assert.True(await last);
    }

    [Fact]
    public async Task A_token_that_is_cancelled_before_sends_nothing()
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        using ScriptedConnection connection = await node.ConnectedAsync();
        Assert.True(client.SetAsync([1], [2], cancellationToken: new(canceled: true)).AsTask().IsCanceled);
        ValueTask ping = client.PingAsync();
        ScriptedRequest request = (await connection.ReadAsync())!;
        Assert.Equal(Opcode.Ping, request.Opcode);
        await connection.ReplyAsync(request, Status.Ok);
        await ping;
    }

    [Fact]
    public async Task Request_without_a_reply_times_out_and_says_that_it_may_have_been_executed()
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(
            node.Options with { RequestTimeout = TimeSpan.FromMilliseconds(200) });
        using ScriptedConnection connection = await node.ConnectedAsync();
        long start = Environment.TickCount64;
        CacheTimeoutException failure = await Assert.ThrowsAsync<CacheTimeoutException>(
            async () => await client.SetAsync([1], [2]));
        Assert.True(failure.MayHaveExecuted);
        Assert.InRange(Environment.TickCount64 - start, 190, 10_000);
    }

    [Fact]
    public async Task A_connection_on_which_nothing_comes_is_replaced()
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(
            node.Options with { RequestTimeout = TimeSpan.FromMilliseconds(200) });
        using ScriptedConnection silent = await node.ConnectedAsync();
        await Assert.ThrowsAsync<CacheTimeoutException>(async () => await client.GetAsync([1]));
        using ScriptedConnection fresh = await node.ConnectedAsync();
        Task<CacheValue> get = client.GetAsync([2]).AsTask();
        await fresh.ReplyAsync((await fresh.ReadAsync())!, Status.NotFound);
        Assert.False((await get).IsFound);
    }

    [Theory]
    [InlineData(Status.ValueTooLarge, false)]
    [InlineData(Status.OutOfMemory, true)]
    public async Task An_error_status_is_an_exception_with_the_words_of_the_node(Status status, bool mayHaveExecuted)
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        using ScriptedConnection connection = await node.ConnectedAsync();
        Task<WriteResult> set = client.SetAsync([1], [2]).AsTask();
        await connection.ReplyAsync((await connection.ReadAsync())!, status, "too much"u8.ToArray());
        CacheRequestException failure = await Assert.ThrowsAsync<CacheRequestException>(() => set);
        Assert.Equal(status, failure.Status);
        Assert.Equal(mayHaveExecuted, failure.MayHaveExecuted);
        Assert.Contains("too much", failure.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string> BrokenReplies => ["unknown id", "other opcode", "short count", "more", "no frame"];

    [Theory]
    [MemberData(nameof(BrokenReplies))]
    public async Task A_reply_that_breaks_the_protocol_ends_the_connection_and_the_next_one_serves(string broken)
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        using ScriptedConnection connection = await node.ConnectedAsync();
        Task<CountResult> count = client.IncrementAsync([1]).AsTask();
        uint id = (await connection.ReadAsync())!.Id;
        byte[] frame = broken switch
        {
            "unknown id" => ScriptedConnection.Frame(Opcode.Count, Status.Ok, id + 5, new byte[8]),
            "other opcode" => ScriptedConnection.Frame(Opcode.Get, Status.Ok, id, new byte[8]),
            "short count" => ScriptedConnection.Frame(Opcode.Count, Status.Ok, id, new byte[7]),
            "more" => ScriptedConnection.Frame(Opcode.Count, Status.Ok, id, new byte[8]),
            _ => new byte[16],
        };
        frame[3] |= (byte)(broken == "more" ? ReplyFlags.More : ReplyFlags.None);
        await connection.SendAsync(frame);
        CacheConnectionException failure = await Assert.ThrowsAsync<CacheConnectionException>(() => count);
        Assert.True(failure.MayHaveExecuted);
        using ScriptedConnection fresh = await node.ConnectedAsync();
        Task<bool> touch = client.TouchAsync([1], 1000).AsTask();
        await fresh.ReplyAsync((await fresh.ReadAsync())!, Status.NotFound);
        Assert.False(await touch);
    }

    [Fact]
    public async Task A_continuation_that_blocks_holds_up_nobody_else()
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        using ScriptedConnection connection = await node.ConnectedAsync();
        using ManualResetEventSlim release = new();
        Task[] blocked = [.. Enumerable.Range(0, 3).Select(_ => BlockAsync())];
        Task<CacheValue> free = client.GetAsync([2]).AsTask();
        byte[] replies = [.. (await connection.ReadAsync(4)).SelectMany(
            request => ScriptedConnection.Frame(request.Opcode, Status.NotFound, request.Id))];
        await connection.SendAsync(replies);
        Assert.False((await free.WaitAsync(TimeSpan.FromSeconds(20))).IsFound);

        // Neither does it stop what is asked for next: sending, receiving and completing all go on.
        Task<CacheValue> next = client.GetAsync([3]).AsTask();
        await connection.ReplyAsync((await connection.ReadAsync())!, Status.NotFound);
        Assert.False((await next.WaitAsync(TimeSpan.FromSeconds(20))).IsFound);
        release.Set();
        await Task.WhenAll(blocked);

        async Task BlockAsync()
        {
            await client.GetAsync([1]).ConfigureAwait(false);
            release.Wait();
        }
    }

    [Fact]
    public async Task A_value_given_back_can_be_read_no_more_and_given_back_again()
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        using ScriptedConnection connection = await node.ConnectedAsync();
        Task<CacheValue> get = client.GetAsync([1]).AsTask();
        await connection.ReplyAsync((await connection.ReadAsync())!, Status.Ok, [5]);
        CacheValue value = await get;
        CacheValue copy = value;
        Assert.Equal(5, value.Span[0]);
        value.Dispose();
        copy.Dispose();
        Assert.Throws<ObjectDisposedException>(() => copy.Memory);

        // Had the second Dispose given the buffer back twice, two callers would share it now.
        Task<CacheValue>[] gets = [client.GetAsync([1]).AsTask(), client.GetAsync([2]).AsTask()];
        foreach (ScriptedRequest request in await connection.ReadAsync(2))
        {
            await connection.ReplyAsync(request, Status.Ok, request.Body);
        }

        using CacheValue one = await gets[0];
        using CacheValue two = await gets[1];
        Assert.Equal(1, one.Span[0]);
        Assert.Equal(2, two.Span[0]);
    }
}
