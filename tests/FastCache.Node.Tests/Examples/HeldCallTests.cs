using FastCache.Io;
using FastCache.Node.Tests.Fakes;

namespace FastCache.Node.Tests.Examples;

/// <summary>Calls that wait, pass by pass: who is served when something else happens at the same time.</summary>
public sealed class HeldCallTests : IDisposable
{
    private const int Connections = 100;

    private readonly HandDrivenNode _node = new(connections: Connections);
    private readonly HandDrivenIo _io;
    private readonly ShardLoop _loop;

    public HeldCallTests() => (_io, _loop) = (_node.Ios[0], _node.Loops[0]);

    public void Dispose() => _node.Dispose();

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
    public void Nothing_behind_a_wait_is_executed_for_a_client_that_has_ended_its_input_and_reads_late()
    {
        ConnectionId waiter = _io.Connect();
        _io.Blocked.Add(waiter);
        _io.Receive(waiter, "ECHO before\r\nBLPOP q 0\r\nSET behind 1\r\n");
        _io.EndInput(waiter);
        Pass();
        Pass();
        Assert.Equal("$6\r\nbefore\r\n", _io.TakeSent(waiter));
        Assert.Empty(_io.Closing);
        _io.Drain(waiter);
        Pass();
        Pass();
        Assert.Equal("", _io.TakeSent(waiter));
        Assert.Contains(waiter, _io.Closing);
        Assert.Equal("$-1\r\n", Ask(_io.Connect(), "GET behind"));
    }

    [Fact]
    public void Wait_that_another_client_has_ended_takes_nothing()
    {
        ConnectionId waiter = Waiter("BLPOP q 0");
        ConnectionId other = _io.Connect();
        Assert.Equal(":1\r\n:1\r\n", Ask(other, "CLIENT UNBLOCK 1\r\nRPUSH q a"));
        Pass();
        Assert.Equal("*-1\r\n", _io.TakeSent(waiter));
        Assert.Equal(":1\r\n", Ask(other, "LLEN q"));
    }

    [Theory]
    [InlineData("BLPOP x y 0", "SET x 1", "RPUSH y a", "*2\r\n$1\r\ny\r\n$1\r\na\r\n")]
    [InlineData("BLMPOP 0 2 x y LEFT", "ZADD x 1 m", "RPUSH y a", "*2\r\n$1\r\ny\r\n*1\r\n$1\r\na\r\n")]
    [InlineData("BZPOPMIN x y 0", "RPUSH x 1", "ZADD y 1 m", "*3\r\n$1\r\ny\r\n$1\r\nm\r\n$1\r\n1\r\n")]
    [InlineData("BZMPOP 0 2 x y MIN", "SET x 1", "ZADD y 1 m", "*2\r\n$1\r\ny\r\n*1\r\n*2\r\n$1\r\nm\r\n$1\r\n1\r\n")]
    [InlineData("BLPOP x y 0", "MULTI\r\nRPUSH y 1\r\nRPUSH x 2", "EXEC", "*2\r\n$1\r\ny\r\n$1\r\n1\r\n")]
    public void Waiter_takes_from_the_key_that_was_written_whatever_those_before_it_have(
        string command, string before, string write, string expected)
    {
        ConnectionId waiter = Waiter(command);
        ConnectionId other = _io.Connect();
        Ask(other, before);
        Assert.Equal("", _io.TakeSent(waiter));
        Ask(other, write);
        Pass();
        Assert.Equal(expected, _io.TakeSent(waiter));
    }

    [Fact]
    public void Wait_whose_time_is_over_ends_with_nothing_whatever_a_key_has_by_then()
    {
        ConnectionId waiter = Waiter("BLPOP x y 0.02");
        Assert.Equal("+OK\r\n", Ask(_io.Connect(), "SET x 1"));
        Thread.Sleep(60);
        Pass();
        Pass();
        Assert.Equal("*-1\r\n", _io.TakeSent(waiter));
    }

    [Fact]
    public void Many_waiters_of_one_key_are_served_over_several_passes()
    {
        ConnectionId[] waiters = [.. Enumerable.Range(0, Connections - 1).Select(_ => Waiter("BLPOP q 0"))];
        ConnectionId other = _io.Connect();
        _io.Receive(other, $"RPUSH q {string.Join(' ', Enumerable.Repeat("a", waiters.Length))}\r\n");
        Pass();
        _loop.Pass();
        Assert.Equal(64, waiters.Count(waiter => _io.TakeSent(waiter).Length > 0));
        _loop.Pass();
        Assert.Equal(waiters.Length - 64, waiters.Count(waiter => _io.TakeSent(waiter).Length > 0));
        Assert.Equal(":99\r\n:0\r\n", Ask(other, "LLEN q"));
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
        Thread.Sleep(30); // It is tried again within 20 ms.
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
