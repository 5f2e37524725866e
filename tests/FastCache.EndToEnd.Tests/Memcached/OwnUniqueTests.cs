using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests.Memcached;

/// <summary>Uniques that clients give (E), and the versions that stand beside them.</summary>
public sealed class OwnUniqueTests
{
    [Theory]
    [InlineData("1")]
    [InlineData("18446744073709551615")]
    public void A_unique_that_a_client_gives_is_shown_and_compared(string unique)
    {
        using RunningNode node = RunningNode.StartWithMemcached();
        using MemcachedPeer peer = new(node.MemcachedEndPoint);
        Assert.Equal($"HD c{unique}\r\n", peer.Ask($"ms k 1 E{unique} c\r\n5\r\n"));
        Assert.Equal($"VALUE k 0 1 {unique}\r\n5\r\nEND\r\nHD c{unique}\r\n", peer.Ask($"gets k\r\nmg k c\r\n"));
        Assert.Contains($" cas={unique} ", peer.Ask("me k\r\n"), StringComparison.Ordinal);
        Assert.Equal($"HD\r\nEX\r\nEX\r\n", peer.Ask($"mg k C{unique} v\r\nms k 1 C2\r\nx\r\nmd k C2\r\n"));
        Assert.Equal($"VA 1 c{unique}\r\n6\r\n", peer.Ask($"ma k C{unique} E{unique} v c\r\n"));
        Assert.Equal($"HD c{unique}\r\n", peer.Ask($"ms k 1 MA C{unique} E{unique} c\r\n1\r\n"));
        Assert.Equal($"STORED\r\nEXISTS\r\n", peer.Ask($"cas k 0 0 1 {unique}\r\n7\r\ncas k 0 0 1 {unique}\r\n8\r\n"));
        Assert.Equal("VA 2\r\n42\r\n", peer.Ask($"ma new N0 J42 E{unique} v\r\n"));
        Assert.Equal($"HD c{unique}\r\n", peer.Ask("mg new c\r\n"));
        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void A_unique_of_0_is_the_nodes_own()
    {
        using RunningNode node = RunningNode.StartWithMemcached();
        using MemcachedPeer peer = new(node.MemcachedEndPoint);
        Assert.Matches(@"^HD c\d{15,}\r\n$", peer.Ask("ms k 1 E0 c\r\n5\r\n"));
        const string Bad = "CLIENT_ERROR bad token in command line format\r\n";
        Assert.Equal(Bad + Bad, peer.Ask("ms k 1 Ex\r\n5\r\nms k 1 E18446744073709551616\r\n5\r\n"));
    }

    [Fact]
    public void Other_doors_write_by_versions_whatever_unique_a_client_has_given()
    {
        using RunningNode node = RunningNode.StartWithMemcached();
        using MemcachedPeer peer = new(node.MemcachedEndPoint);
        using TestClient fcp = new(node.EndPoint);
        ulong before = fcp.Set("k", "0"u8.ToArray()).Version;
        peer.Ask("ms k 1 E18446744073709551615\r\n1\r\n");
        ulong own = fcp.Get("k", returnVersion: true).Version;
        Assert.InRange(own, before + 1, before + (60_000UL << 16));
        Assert.Equal(Status.VersionMismatch, fcp.Set("k", "2"u8.ToArray(), mode: SetMode.IfVersion, expectedVersion: ulong.MaxValue).Status);

        // A copy that is older than the write with E is refused, a newer one is taken: neither looks at the unique.
        Assert.Equal(Status.NotNewer, Copy(fcp, "old", before).Status);
        Assert.Equal(Status.Ok, Copy(fcp, "new", own + 1).Status);
        Assert.Equal($"VALUE k 0 3 {own + 1}\r\nnew\r\nEND\r\n", peer.Ask("gets k\r\n"));

        peer.Ask("ms k 1 E1\r\n1\r\n");
        ReceivedReply read = fcp.Get("k", returnVersion: true);
        Assert.True(read.Version > own + 1);
        ReceivedReply written = fcp.Set("k", "2"u8.ToArray(), mode: SetMode.IfVersion, expectedVersion: read.Version);
        Assert.Equal(Status.Ok, written.Status);
        Assert.True(written.Version > read.Version);
        Assert.Equal("EXISTS\r\n", peer.Ask("cas k 0 0 1 1\r\n3\r\n"));
        Assert.Equal($"VALUE k 0 1 {written.Version}\r\n2\r\nEND\r\n", peer.Ask("gets k\r\n"));
        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void An_invalidation_ends_a_unique_or_gives_the_one_that_fills()
    {
        using RunningNode node = RunningNode.StartWithMemcached("--stale-time", "60");
        using MemcachedPeer peer = new(node.MemcachedEndPoint);
        using TestClient fcp = new(node.EndPoint);
        string value = new('v', 20_000);
        Assert.Equal("HD\r\nHD\r\n", peer.Ask($"ms k {value.Length} E5 F7\r\n{value}\r\nmd k I E9\r\n"));
        Assert.Equal("EX\r\n", peer.Ask("ms k 1 C5\r\nx\r\n"));
        Assert.Equal($"VA 20000 c9 f7 X W\r\n{value}\r\nHD c9 Z X\r\n", peer.Ask("mg k c f v\r\nmg k c\r\n"));
        Assert.Equal("HD\r\nVA 1\r\nx\r\n", peer.Ask("ms k 1 C9 E10\r\nx\r\nmg k v\r\n"));

        // Stale already, and without a place for a unique; then with one.
        Assert.Equal("HD\r\nHD\r\nHD\r\nHD\r\n", peer.Ask("ms k 1\r\ny\r\nmd k I\r\nmd k I E11\r\nmd k I E12\r\n"));
        Assert.Equal("EX\r\nHD\r\n", peer.Ask("ms k 1 C11\r\nz\r\nms k 1 C12\r\nz\r\n"));

        // Whoever has read the value before an invalidation by any door must not write it.
        Assert.Equal("HD\r\nHD\r\nEX\r\n", peer.Ask("ms k 1 E5\r\nx\r\nmd k I\r\nms k 1 C5\r\ny\r\n"));
        Assert.Equal("HD\r\n", peer.Ask("ms k 1 E5\r\nx\r\n"));
        Assert.Equal(Status.Ok, fcp.Ask((frame, id) => RequestWriter.MakeStale(frame, id, TestClient.Key("k"))).Status);
        Assert.Equal("EX\r\n", peer.Ask("ms k 1 C5\r\ny\r\n"));
        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void What_was_read_does_not_come_back_over_an_item_whose_life_is_over()
    {
        using RunningNode node = RunningNode.StartWithMemcached("--stale-time", "60");
        using MemcachedPeer peer = new(node.MemcachedEndPoint);
        using TestClient fcp = new(node.EndPoint);
        fcp.Ask((frame, id) => RequestWriter.Set(
            frame, id, TestClient.Key("k"), TestClient.Key("1"), new SetTerms(TimeToLiveMillis: 50) { KeepStale = true }));
        Assert.Equal("HD\r\n", peer.Ask("ms k 1 MA E55\r\n2\r\n"));
        Eventually.Is(() => peer.Ask("get k\r\n") == "END\r\n", () => "it is still there");
        Assert.Equal("NOT_FOUND\r\n", peer.Ask("cas k 0 0 1 55\r\n3\r\n"));
        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void An_item_that_is_given_a_unique_when_it_becomes_stale_was_fetched_as_before()
    {
        using RunningNode node = RunningNode.StartWithMemcached("--stale-time", "60");
        using MemcachedPeer peer = new(node.MemcachedEndPoint);
        Assert.Equal("HD\r\nVA 1\r\nx\r\nHD\r\nHD h1 X W\r\n", peer.Ask("ms k 1\r\nx\r\nmg k v\r\nmd k I E9\r\nmg k h\r\n"));
        Assert.Equal("CLIENT_ERROR bad token in command line format\r\nHD\r\nEX c0 s1\r\n", peer.Ask("ms n 1 E+1\r\nx\r\nms n 1\r\nx\r\nms n 1 C5 c s\r\ny\r\n"));
        Assert.Equal(0, node.Stop());
    }

    private static ReceivedReply Copy(TestClient fcp, string value, ulong version) => fcp.Ask((frame, id) => RequestWriter.Set(
        frame, id, TestClient.Key("k"), TestClient.Key(value), new SetTerms(Version: version) { IfNewer = true }));
}
