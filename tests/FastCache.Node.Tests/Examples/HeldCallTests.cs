using System.Net;
using FastCache.Core;
using FastCache.Io;
using FastCache.Node.Doors;
using FastCache.Node.Shards;
using FastCache.Node.Tests.Fakes;

namespace FastCache.Node.Tests.Examples;

/// <summary>Calls that wait, pass by pass: who is served when something else happens at the same time.</summary>
public sealed class HeldCallTests : IDisposable
{
    private readonly HandDrivenIo _io = new((int)DoorKind.Resp);
    private readonly Shard _shard = new(new ShardOptions { MemoryBudgetBytes = 32 << 20 });
    private readonly SharedState _shared;
    private readonly ShardLoop _loop;

    public HeldCallTests()
    {
        NodeOptions options = FakeNode.Options(16, 1 << 20) with
        {
            MoreListens = [new DoorAddress(DoorKind.Resp, new IPEndPoint(IPAddress.Loopback, 0))],
        };
        ShardIoOptions sizes = new() { MaxConnections = 16, ReceiveBuffers = 16, ReceiveBufferBytes = 1_024, MaxBacklogBytes = 0 };
        _shared = new SharedState(options, TextWriter.Null);
        _loop = new ShardLoop(_io, sizes, _shard, options, _shared);
    }

    public void Dispose()
    {
        _loop.Dispose();
        _shared.Dispose();
        _shard.Dispose();
        _io.Dispose();
    }

    [Fact]
    public void Nothing_is_taken_for_a_client_whose_end_comes_before_it_is_served()
    {
        ConnectionId other = _io.Connect();
        ConnectionId waiter = Waiter("BLPOP q 0");
        _io.Receive(other, "RPUSH q a\r\n");
        _loop.Pass();
        _io.EndInput(waiter);
        Assert.Equal(":1\r\n:1\r\n", Ask(other, "LLEN q"));
        Assert.Equal("", _io.TakeSent(waiter));
        _loop.Pass();
        Assert.Contains(waiter, _io.Closing);
    }

    [Fact]
    public void Nothing_is_taken_for_a_client_that_is_sent_away()
    {
        ConnectionId waiter = Waiter("BLPOP q 0");
        ConnectionId other = _io.Connect();
        Assert.Equal(":1\r\n:1\r\n", Ask(other, "RPUSH q a\r\nCLIENT KILL ID 1"));
        Assert.Equal(":1\r\n", Ask(other, "LLEN q"));

        // It may say something still while its connection ends.
        ConnectionId second = _io.Connect();
        Assert.Equal(":1\r\n", Ask(other, "CLIENT KILL ID 3"));
        _io.Receive(second, "BLPOP other 0\r\n");
        Assert.Equal(":1\r\n", Ask(other, "RPUSH other a"));
        Assert.Equal(":1\r\n", Ask(other, "LLEN other"));
        Assert.Equal([waiter, second], _io.Closing);
    }

    [Fact]
    public void Waiter_that_cannot_be_answered_now_is_tried_again_soon()
    {
        ConnectionId waiter = Waiter("BLPOP q 0");
        ConnectionId other = _io.Connect();
        _io.Receive(other, "RPUSH q a\r\n");
        _loop.Pass();
        _io.IsBacklogFull = true;
        do
        {
            _loop.Pass();
        }
        while (_io.LastTimeoutMillis == 0);
        _loop.Pass();
        Assert.InRange(_io.LastTimeoutMillis, 1, 20);
        Assert.Equal("", _io.TakeSent(waiter));
        _io.IsBacklogFull = false;
        Pass();
        Assert.Equal("*2\r\n$1\r\nq\r\n$1\r\na\r\n", _io.TakeSent(waiter));
    }

    [Fact]
    public void Calls_that_wait_take_half_of_the_memory_at_most()
    {
        string keys = string.Join(' ', Enumerable.Range(0, 1_024).Select(i => $"k{i}"));
        List<ConnectionId> waiters = [];
        string refusal;
        do
        {
            waiters.Add(_io.Connect());
            refusal = Ask(waiters[^1], $"BLPOP {keys} 0");
        }
        while (refusal.Length == 0);

        // 16 KiB for the request, and 128 bytes for each key.
        Assert.StartsWith("-OOM", refusal, StringComparison.Ordinal);
        Assert.Equal(1 + ((1 << 19) / ((16 << 10) + (128 << 10))), waiters.Count);
        _io.End(waiters[0]);
        Thread.Sleep(1_100);
        Pass();
        Assert.Equal("", Ask(waiters[^1], $"BLPOP {keys} 0"));
        Assert.StartsWith("-OOM", Ask(_io.Connect(), $"BLPOP {keys} 0"), StringComparison.Ordinal);
    }

    /// <summary>A client that waits.</summary>
    private ConnectionId Waiter(string command)
    {
        ConnectionId waiter = _io.Connect();
        Assert.Equal("", Ask(waiter, command));
        return waiter;
    }

    /// <summary>What a client is sent for what it sends, in the pass in which it is executed.</summary>
    private string Ask(ConnectionId client, string lines)
    {
        _io.Receive(client, lines + "\r\n");
        Pass();
        return _io.TakeSent(client);
    }

    /// <summary>One pass, and the beginning of the next one that sends its replies.</summary>
    private void Pass()
    {
        _loop.Pass();
        _loop.Pass();
    }
}
