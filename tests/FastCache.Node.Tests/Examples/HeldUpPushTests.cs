using System.Net;
using FastCache.Core;
using FastCache.Io;
using FastCache.Node.Doors;
using FastCache.Node.Shards;
using FastCache.Node.Tests.Fakes;

namespace FastCache.Node.Tests.Examples;

/// <summary>Pushes that nobody can be sent, as others do not read: the loop sleeps meanwhile.</summary>
public sealed class HeldUpPushTests : IDisposable
{
    private readonly HandDrivenIo _io = new((int)DoorKind.Resp);
    private readonly Shard _shard = new(new ShardOptions { MemoryBudgetBytes = 32 << 20 });
    private readonly SharedState _shared;
    private readonly ShardLoop _loop;

    public HeldUpPushTests()
    {
        NodeOptions options = FakeNode.Options(10, 1 << 20) with
        {
            MoreListens = [new DoorAddress(DoorKind.Resp, new IPEndPoint(IPAddress.Loopback, 0))],
        };
        ShardIoOptions sizes = new() { MaxConnections = 10, ReceiveBuffers = 16, ReceiveBufferBytes = 1_024, MaxBacklogBytes = 0 };
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

    [Theory]
    [InlineData("PING\r\n")]
    [InlineData("PING\r\nBLPOP q 0\r\n")]
    public void Loop_sleeps_while_no_memory_is_left_for_what_is_not_read_and_sends_pushes_afterwards(string asked)
    {
        ConnectionId subscriber = _io.Connect();
        ConnectionId publisher = _io.Connect();
        _io.Receive(subscriber, "HELLO 3\r\nSUBSCRIBE c\r\n");
        Pass(4);
        Assert.Contains("subscribe", _io.TakeSent(subscriber), StringComparison.Ordinal);

        // Behind the reply to what the subscriber has asked in the same pass the message waits for the next one.
        _io.Receive(subscriber, asked);
        _io.Receive(publisher, "PUBLISH c m\r\n");
        _loop.Pass();
        _io.IsBacklogFull = true;
        Pass(1_000);
        Assert.NotEqual(0, _io.LastTimeoutMillis);
        Assert.Equal("+PONG\r\n", _io.TakeSent(subscriber));
        _io.IsBacklogFull = false;
        Pass(3);
        Assert.Equal(">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n", _io.TakeSent(subscriber));
        Pass(1_000);
        Assert.NotEqual(0, _io.LastTimeoutMillis);
    }

    private void Pass(int times)
    {
        for (int i = 0; i < times; i++)
        {
            _loop.Pass();
        }
    }
}
