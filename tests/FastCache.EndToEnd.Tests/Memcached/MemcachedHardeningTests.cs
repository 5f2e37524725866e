using System.Text;

namespace FastCache.EndToEnd.Tests.Memcached;

/// <summary>What should not be sent to the door of memcached's protocol.</summary>
public sealed class MemcachedHardeningTests : IDisposable
{
    private readonly RunningNode _node = RunningNode.StartWithMemcached();
    private readonly MemcachedPeer _peer;

    public MemcachedHardeningTests() => _peer = new MemcachedPeer(_node.MemcachedEndPoint);

    public void Dispose()
    {
        _peer.Dispose();
        Assert.Equal(0, _node.Stop());
        _node.Dispose();
    }

    [Fact]
    public void Web_request_ends_the_connection_before_what_it_carries_is_executed()
    {
        using MemcachedPeer peer = new(_node.MemcachedEndPoint);
        peer.Send("POST /x HTTP/1.1\r\nHost: x\r\n\r\nset injected 0 0 1\r\n1\r\n");
        Assert.Equal("", peer.ReadToEnd());
        using MemcachedPeer other = new(_node.MemcachedEndPoint);
        Assert.Equal("END\r\n", other.Ask("get injected\r\n"));
    }

    [Theory]
    [InlineData(36)]
    [InlineData(1)]
    public void Client_of_the_binary_protocol_is_refused_in_it_and_sent_away(int bytesAtOnce)
    {
        byte[] touch = Convert.FromHexString("801C000304000000" + "00000007DEADBEEF" + "0000000000000000" + "0000000A6B6579");
        byte[] get = Convert.FromHexString("8000000100000000" + "0000000100000000" + "0000000000000000" + "6B");
        using MemcachedPeer peer = new(_node.MemcachedEndPoint);
        Assert.Equal("STORED\r\n", _peer.Ask("set key 0 0 1\r\nv\r\n"));
        foreach (byte[] piece in ((byte[])[.. touch, .. get]).Chunk(bytesAtOnce).Take(24))
        {
            peer.Send(piece);
        }

        byte[] reply = Encoding.Latin1.GetBytes(peer.ReadToEnd());
        const string Why = "the binary protocol is not spoken here; use the text or meta commands";
        Assert.Equal("811C000000000081" + $"{Why.Length:X8}DEADBEEF" + "0000000000000000", Convert.ToHexString(reply.AsSpan(0, 24)));
        Assert.Equal(Why, Encoding.ASCII.GetString(reply.AsSpan(24)));
        using TestClient other = _node.Connect();
        Eventually.Is(() => other.Stats()["fatal_errors"] == 1, () => $"{other.Stats()["fatal_errors"]} fatal errors");
    }

    [Fact]
    public void Binary_protocol_is_known_by_the_first_byte_of_a_connection_alone()
    {
        // Data blocks behind a line that is wrong are read as lines, and many begin so: those of Python's pickle do.
        Assert.Equal("ERROR\r\nERROR\r\n", _peer.Ask("set key 0 0\r\n\u0080\u0004K\u0001.\r\n"));
    }

    [Fact]
    public void Lines_without_an_end_are_bounded()
    {
        using MemcachedPeer peer = new(_node.MemcachedEndPoint);
        peer.Send("set " + new string('x', 2_100));
        Assert.StartsWith("CLIENT_ERROR a line is too long", peer.ReadToEnd(), StringComparison.Ordinal);
        using MemcachedPeer many = new(_node.MemcachedEndPoint);
        many.Send("get " + string.Concat(Enumerable.Repeat("k ", 140_000)));
        Assert.StartsWith("CLIENT_ERROR a line is too long", many.ReadToEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_line_of_keys_is_taken_where_values_are_short()
    {
        using RunningNode node = RunningNode.StartWithMemcached("--max-value", "1024", "--shards", "3", "--memory", "192MiB");
        using MemcachedPeer peer = new(node.MemcachedEndPoint);
        string replies = peer.Ask("set key 0 0 1\r\nv\r\nget " + string.Concat(Enumerable.Repeat("key ", 60_000)) + "\r\n");
        Assert.Equal("STORED\r\n" + string.Concat(Enumerable.Repeat("VALUE key 0 1\r\nv\r\n", 60_000)) + "END\r\n", replies);
    }

    [Fact]
    public void Gets_of_thousands_of_keys_in_one_line_are_answered()
    {
        using MemcachedPeer peer = new(_node.MemcachedEndPoint);
        peer.Ask("set k7 0 0 1\r\n7\r\n");
        string keys = string.Join(' ', Enumerable.Range(0, 9_000).Select(i => $"k{i % 1_000}"));
        string answer = peer.Ask($"get {keys}\r\n");
        Assert.Equal(string.Concat(Enumerable.Repeat("VALUE k7 0 1\r\n7\r\n", 9)) + "END\r\n", answer);
    }

    [Theory]
    [InlineData("set k 0 0 2147483647\r\n", "CLIENT_ERROR bad command line format\r\n")]
    [InlineData("set k 0 0 99999999999999999999\r\n", "CLIENT_ERROR bad command line format\r\n")]
    [InlineData("set k 0 0 -2\r\n", "CLIENT_ERROR bad command line format\r\n")]
    [InlineData("ms k 9223372036854775807\r\n", "CLIENT_ERROR bad command line format\r\n")]
    [InlineData("set k 0 0 1\nx\r\n", "STORED\r\n")]
    [InlineData("set k\0k 0 0 1\r\n", "ERROR\r\n")]
    [InlineData("get  k  \r\n", "END\r\n")]
    [InlineData("\r\n\n \n", "ERROR\r\nERROR\r\nERROR\r\n")]
    public void Odd_lines_have_their_answer(string sent, string answer)
    {
        using MemcachedPeer peer = new(_node.MemcachedEndPoint);
        Assert.Equal(answer, peer.Ask(sent));
    }

    [Fact]
    public void Block_that_is_too_long_is_swallowed_and_the_older_value_is_gone()
    {
        using MemcachedPeer peer = new(_node.MemcachedEndPoint);
        peer.Ask("set k 0 0 1\r\n1\r\n");
        string block = string.Concat(Enumerable.Repeat("get k\r\n", 400_000));
        Assert.Equal("SERVER_ERROR object too large for cache\r\nEND\r\n", peer.Ask($"set k 0 0 {block.Length}\r\n{block}\r\nget k\r\n"));
    }

    [Fact]
    public void Client_that_does_not_read_holds_nobody_up()
    {
        using MemcachedPeer deaf = new(_node.MemcachedEndPoint);
        deaf.Ask($"set big 0 0 1000000\r\n{new string('v', 1_000_000)}\r\n");
        for (int i = 0; i < 1_000; i++)
        {
            deaf.Send("get big\r\n");
        }

        using MemcachedPeer other = new(_node.MemcachedEndPoint);
        Assert.Equal("STORED\r\n", other.Ask("set k 0 0 1\r\n1\r\n"));
        Assert.True(_node.ResidentBytes < 400L << 20, $"{_node.ResidentBytes} bytes");
    }

    [Fact]
    public void Quit_answers_what_came_before()
    {
        using MemcachedPeer peer = new(_node.MemcachedEndPoint);
        peer.Send("set k 0 0 1\r\n1\r\nget k\r\nquit\r\nget k\r\n");
        Assert.Equal("STORED\r\nVALUE k 0 1\r\n1\r\nEND\r\n", peer.ReadToEnd());
    }
}
