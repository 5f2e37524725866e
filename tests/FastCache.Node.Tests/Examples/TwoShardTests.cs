using System.Text;
using FastCache.Io;
using FastCache.Node.Tests.Fakes;
using FastCache.Protocol;

namespace FastCache.Node.Tests.Examples;

/// <summary>What a client of Redis's protocol asks of two shards, which take turns pass by pass.</summary>
public sealed class TwoShardTests : IDisposable
{
    private const int Passes = 6;
    private const int BufferBytes = 16_384; // A request lies in one.
    private const int LongBytes = 12_000;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);
    private readonly HandDrivenNode _node = new(shards: 2, connectionMemoryBytes: 2 << 20, bufferBytes: BufferBytes, patience: Patience);
    private readonly HandDrivenIo[] _ios;
    private readonly ShardLoop[] _loops;

    public TwoShardTests() => (_ios, _loops) = (_node.Ios, _node.Loops);

    public void Dispose() => _node.Dispose();

    [Theory]
    [InlineData(0, "")]
    [InlineData(1, "")]
    [InlineData(0, "GET")]
    [InlineData(1, "GET")]
    public void Client_kill_spares_the_caller_wherever_it_is_and_whatever_is_under_way(int shard, string before)
    {
        ConnectionId caller = Connect(shard);
        ConnectionId other = Connect(1 - shard);
        _ios[shard].Receive(caller, (before.Length > 0 ? Get(KeyOf(1 - shard)) : "") + "CLIENT KILL TYPE normal\r\nPING\r\n");
        Pass();
        Assert.Equal((before.Length > 0 ? "$-1\r\n" : "") + ":1\r\n+PONG\r\n", _ios[shard].TakeSent(caller));
        Assert.DoesNotContain(caller, _ios[shard].Closing);
        Assert.Contains(other, _ios[1 - shard].Closing);
    }

    [Theory]
    [InlineData("PUBLISH news one", ":1\r\n")]
    [InlineData("FLUSHALL", "+OK\r\n")]
    [InlineData("DBSIZE", ":1\r\n")]
    public void A_command_without_a_key_is_executed_behind_all_before_it_and_before_all_behind_it(string command, string reply)
    {
        ConnectionId subscriber = Connect(0);
        _ios[0].Receive(subscriber, "SUBSCRIBE news\r\n");
        Pass();
        _ios[0].TakeSent(subscriber);
        ConnectionId client = Connect(0);
        (string home, string foreign) = (KeyOf(0), KeyOf(1));
        _ios[0].Receive(client, Set(foreign, 3) + command + "\r\n" + Set(home, 3));
        for (int i = 0; i < Passes; i++)
        {
            _loops[0].Pass();
        }

        // The other shard has not set its key.
        Assert.Equal("", _ios[0].TakeSent(subscriber));
        Assert.Equal(0, _node.Caches[0].Statistics().Items);
        Pass();
        Assert.Equal($"+OK\r\n{reply}+OK\r\n", _ios[0].TakeSent(client));
        Assert.Equal(command.StartsWith('P'), _ios[0].TakeSent(subscriber).Length > 0);
    }

    [Fact]
    public void What_there_is_no_memory_to_send_is_refused_in_its_turn_after_its_own_patience()
    {
        ConnectionId client = Connect(0);
        string foreign = KeyOf(1);
        List<NativeBuffer> taken = [];
        while (_loops[0].Carries.Borrow(1) is NativeBuffer buffer)
        {
            taken.Add(buffer);
        }

        for (int i = 0; i < 2; i++)
        {
            _ios[0].Receive(client, Get(foreign) + Set(foreign, LongBytes) + "PING\r\n");
            Pass();
            Assert.Equal("$-1\r\n", _ios[0].TakeSent(client));
            Thread.Sleep(Patience + TimeSpan.FromMilliseconds(50));
            Pass();
            string sent = _ios[0].TakeSent(client);
            Assert.StartsWith("-OOM ", sent, StringComparison.Ordinal);
            Assert.EndsWith("+PONG\r\n", sent, StringComparison.Ordinal);
        }

        taken.ForEach(_loops[0].Carries.GiveBack);
        _ios[0].Receive(client, Set(foreign, LongBytes));
        Pass();
        Assert.Equal("+OK\r\n", _ios[0].TakeSent(client));
    }

    [Fact]
    public void Replies_that_find_no_memory_wait_in_their_parcel_for_the_one_whose_turn_it_is()
    {
        ConnectionId client = Connect(0);
        (string home, string foreign) = (KeyOf(0), KeyOf(1));
        _ios[0].Receive(client, Set(home, 3));
        Pass();
        _ios[0].TakeSent(client);
        // The other shard stands still, and this one answers itself.
        _ios[0].Receive(client, Get(foreign) + Get(home) + Get(home));
        _loops[0].Pass();
        List<NativeBuffer> taken = [];
        while (_loops[0].Carries.Borrow(1) is NativeBuffer buffer)
        {
            taken.Add(buffer);
        }

        for (int i = 0; i < Passes; i++)
        {
            _loops[0].Pass();
        }

        Assert.Equal("", _ios[0].TakeSent(client));
        Pass();
        Assert.Equal("$-1\r\n$3\r\nvvv\r\n$3\r\nvvv\r\n", _ios[0].TakeSent(client));
        Assert.DoesNotContain(client, _ios[0].Closing);
        taken.ForEach(_loops[0].Carries.GiveBack);
        Assert.Equal(0, _loops[0].Carries.LentBytes);
    }

    [Fact]
    public void Replies_that_wait_too_long_for_memory_end_their_connection_and_no_other()
    {
        ConnectionId client = Connect(0);
        ConnectionId other = Connect(0);
        (string home, string foreign) = (KeyOf(0), KeyOf(1));
        _ios[0].Receive(client, Get(foreign) + Get(home));
        _loops[0].Pass();
        List<NativeBuffer> taken = [];
        while (_loops[0].Carries.Borrow(1) is NativeBuffer buffer)
        {
            taken.Add(buffer);
        }

        for (int i = 0; i < Passes; i++)
        {
            _loops[0].Pass();
        }

        Thread.Sleep(Patience + TimeSpan.FromMilliseconds(50));
        _loops[0].Pass();
        Assert.Contains(client, _ios[0].Closing);
        // What comes before the connection has ended finds nobody, and nothing more is executed.
        _ios[0].Receive(client, "PING\r\n");
        Pass();
        Assert.Equal("", _ios[0].TakeSent(client));
        _ios[0].End(client);
        taken.ForEach(_loops[0].Carries.GiveBack);
        _ios[0].Receive(other, Get(foreign) + Get(home));
        Pass();
        Assert.Equal("$-1\r\n$-1\r\n", _ios[0].TakeSent(other));
        Assert.DoesNotContain(other, _ios[0].Closing);
        Assert.Equal(0, _loops[0].Carries.LentBytes);
    }

    private void Pass() => _node.Pass(Passes);

    /// <summary>Connections go to the shards in turn: of two that come to a shard one stays.</summary>
    private ConnectionId Connect(int shard)
    {
        ConnectionId[] both = [_ios[shard].Connect(), _ios[shard].Connect()];
        Array.ForEach(both, connection => _ios[shard].Receive(connection, "PING\r\n"));
        Pass();
        return both.Single(connection => _ios[shard].TakeSent(connection) == "+PONG\r\n");
    }

    private string KeyOf(int shard) => Enumerable.Range(0, 1_000)
        .Select(i => $"k{i}")
        .First(key => _node.Shared.Directory.OwnerOf(KeySlot.Of(Encoding.ASCII.GetBytes(key))) == shard);

    private static string Set(string key, int bytes) => $"*3\r\n$3\r\nSET\r\n${key.Length}\r\n{key}\r\n${bytes}\r\n{new string('v', bytes)}\r\n";

    private static string Get(string key) => $"*2\r\n$3\r\nGET\r\n${key.Length}\r\n{key}\r\n";
}
