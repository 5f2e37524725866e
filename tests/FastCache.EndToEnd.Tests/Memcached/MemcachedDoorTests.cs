namespace FastCache.EndToEnd.Tests.Memcached;

public sealed class MemcachedDoorTests
{
    [Fact]
    public void Answers_the_classic_commands()
    {
        using RunningNode node = RunningNode.StartWithMemcached();
        using MemcachedPeer peer = new(node.MemcachedEndPoint);
        Assert.Equal("STORED\r\n", peer.Ask("set k 42 0 3\r\nabc\r\n"));
        Assert.Equal("VALUE k 42 3\r\nabc\r\nEND\r\n", peer.Ask("get k none\r\n"));
        Assert.Equal("NOT_STORED\r\nSTORED\r\nSTORED\r\n", peer.Ask("add k 0 0 1\r\nx\r\nappend k 7 0 1\r\nd\r\nprepend k 7 0 1\r\n_\r\n"));
        Assert.Equal("VALUE k 42 5\r\n_abcd\r\nEND\r\n", peer.Ask("get k\r\n"));
        string unique = peer.Ask("gets k\r\n").Split("\r\n")[0].Split(' ')[4];
        Assert.Equal("STORED\r\nEXISTS\r\nNOT_FOUND\r\n", peer.Ask(
            $"cas k 1 0 2 {unique}\r\n99\r\ncas k 1 0 2 {unique}\r\n98\r\ncas none 1 0 2 {unique}\r\n98\r\n"));
        Assert.Equal("100\r\n0\r\nNOT_FOUND\r\n", peer.Ask("incr k 1\r\ndecr k 1000\r\nincr none 1\r\n"));
        Assert.Equal("VALUE k 1 3\r\n0  \r\nEND\r\n", peer.Ask("get k\r\n"));
        Assert.Equal("TOUCHED\r\nDELETED\r\nNOT_FOUND\r\nNOT_FOUND\r\n", peer.Ask("touch k 100\r\ndelete k\r\ndelete k\r\ntouch k 0\r\n"));
        Assert.Equal("", peer.Ask("set q 0 0 1 noreply\r\n1\r\nincr q 1 noreply\r\n"));
        Assert.Equal("VALUE q 0 1\r\n2\r\nEND\r\n", peer.Ask("gat 100 q\r\n"));
        Assert.Equal("OK\r\nEND\r\n", peer.Ask("flush_all\r\nget q\r\n"));
        Assert.Equal(0, node.Stop());
    }
}
