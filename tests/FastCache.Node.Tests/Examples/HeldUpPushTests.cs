using FastCache.Io;
using FastCache.Node.Tests.Fakes;

namespace FastCache.Node.Tests.Examples;

/// <summary>Pushes that nobody can be sent, as others do not read: the loop sleeps meanwhile.</summary>
public sealed class HeldUpPushTests : IDisposable
{
    private readonly HandDrivenNode _node = new(connections: 10);
    private readonly HandDrivenIo _io;

    public HeldUpPushTests() => _io = _node.Ios[0];

    public void Dispose() => _node.Dispose();

    [Theory]
    [InlineData("PING\r\n")]
    [InlineData("PING\r\nBLPOP q 0\r\n")]
    public void Loop_sleeps_while_no_memory_is_left_for_what_is_not_read_and_sends_pushes_afterwards(string asked)
    {
        ConnectionId subscriber = _io.Connect();
        ConnectionId publisher = _io.Connect();
        _io.Receive(subscriber, "HELLO 3\r\nSUBSCRIBE c\r\n");
        _node.Pass(4);
        Assert.Contains("subscribe", _io.TakeSent(subscriber), StringComparison.Ordinal);

        // Behind the reply to what the subscriber has asked in the same pass the message waits for the next one.
        _io.Receive(subscriber, asked);
        _io.Receive(publisher, "PUBLISH c m\r\n");
        _node.Pass();
        _io.IsBacklogFull = true;
        _node.Pass(1_000);
        Assert.NotEqual(0, _io.LastTimeoutMillis);
        Assert.Equal("+PONG\r\n", _io.TakeSent(subscriber));
        _io.IsBacklogFull = false;
        _node.Pass(3);
        Assert.Equal(">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n", _io.TakeSent(subscriber));
        _node.Pass(1_000);
        Assert.NotEqual(0, _io.LastTimeoutMillis);
    }
}
