using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>A node of a cluster, as clients of Redis Cluster see it.</summary>
public sealed class RespClusterTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Keys_of_other_nodes_are_answered_with_the_place_where_they_are(int shards)
    {
        using ClusterFile file = new();
        file.Write(1, ClusterFile.LowerOfA);
        using RunningNode node = file.StartWithResp(shards);
        using RespPeer peer = new(node.RespEndPoint);
        int port = 7600 + node.RespEndPoint.Port - node.EndPoint.Port;
        foreach (string key in ClusterFile.Keys(20, isUpper: true))
        {
            string moved = $"-MOVED {KeySlot.Of(TestClient.Key(key))} 10.0.0.2:{port}\r\n";
            Assert.Equal(moved, peer.Ask("GET", key));
            Assert.Equal(moved, peer.Ask("SET", key, "v"));
            Assert.Equal(moved, peer.Ask("DEL", key));
            Assert.Equal(moved, peer.Ask("MGET", $"{{{key}}}1", $"{{{key}}}2"));
            Assert.Equal(moved, peer.Ask("EXISTS", $"{{{key}}}1", $"{{{key}}}2"));
        }

        foreach (string key in ClusterFile.Keys(20, isUpper: false))
        {
            Assert.Equal("+OK\r\n", peer.Ask("SET", key, "v"));
            Assert.Equal("$1\r\nv\r\n", peer.Ask("GET", key));
        }

        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void Keys_of_one_command_must_be_of_one_slot()
    {
        using ClusterFile file = new();
        file.Write(1, ClusterFile.AllOfA);
        using RunningNode node = file.StartWithResp(3);
        using RespPeer peer = new(node.RespEndPoint);
        const string Crossing = "-CROSSSLOT Keys in request don't hash to the same slot\r\n";
        Assert.Equal(Crossing, peer.Ask("MGET", "a", "b"));
        Assert.Equal(Crossing, peer.Ask("MSET", "a", "1", "b", "2"));
        Assert.Equal(Crossing, peer.Ask("RENAME", "a", "b"));
        Assert.Equal(Crossing, peer.Ask("DEL", "a", "b"));
        Assert.Equal("+OK\r\n", peer.Ask("MSET", "{a}1", "1", "{a}2", "2"));
        Assert.Equal("*2\r\n$1\r\n1\r\n$1\r\n2\r\n", peer.Ask("MGET", "{a}1", "{a}2"));
        Assert.Equal(":2\r\n", peer.Ask("UNLINK", "{a}1", "{a}2"));
        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Who_waits_for_a_list_is_told_where_its_slot_has_gone(int shards)
    {
        using ClusterFile file = new();
        file.Write(1, ClusterFile.AllOfA);
        using RunningNode node = file.StartWithResp(shards);
        using RespPeer waiter = new(node.RespEndPoint);
        using RespPeer other = new(node.RespEndPoint);
        string key = ClusterFile.Keys(1, isUpper: true)[0];
        waiter.Send(RespPeer.Encode("BLPOP", key, "0"));
        Eventually.Is(() => other.Ask("INFO", "clients").Contains("blocked_clients:1", StringComparison.Ordinal), () => "nobody waits");
        file.Write(2, ClusterFile.LowerOfA);
        node.Signal(System.Runtime.InteropServices.PosixSignal.SIGHUP);
        Assert.StartsWith($"-MOVED {KeySlot.Of(TestClient.Key(key))} 10.0.0.2:", waiter.ReadReply(), StringComparison.Ordinal);
        Assert.Equal("+PONG\r\n", waiter.Ask("PING"));
        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void Clients_learn_of_all_nodes()
    {
        using ClusterFile file = new();
        file.Write(3, ClusterFile.LowerOfA);
        using RunningNode node = file.StartWithResp(1);
        using RespPeer peer = new(node.RespEndPoint);
        int port = 7600 + node.RespEndPoint.Port - node.EndPoint.Port;
        string id = peer.Ask("CLUSTER", "MYID");
        Assert.Equal($":{KeySlot.Of("key"u8)}\r\n", peer.Ask("CLUSTER", "KEYSLOT", "key"));
        string slots = peer.Ask("CLUSTER", "SLOTS");
        Assert.StartsWith($"*2\r\n*3\r\n:0\r\n:8191\r\n*4\r\n$8\r\n10.0.0.1\r\n:{port}\r\n{id}*0\r\n*3\r\n:8192\r\n:16383\r\n", slots, StringComparison.Ordinal);
        string nodes = peer.Ask("CLUSTER", "NODES");
        Assert.Contains($"{id.Split("\r\n")[1]} 10.0.0.1:{port}@7600 myself,master - 0 0 3 connected 0-8191\n", nodes, StringComparison.Ordinal);
        Assert.Contains($" 10.0.0.2:{port}@7600 master - 0 0 3 connected 8192-16383\n", nodes, StringComparison.Ordinal);
        Assert.Contains("cluster_state:ok", peer.Ask("CLUSTER", "INFO"), StringComparison.Ordinal);
        Assert.Contains("$7\r\nreplica\r\n", ReplicaShards(), StringComparison.Ordinal);
        Assert.Equal(0, node.Stop());

        static string ReplicaShards()
        {
            using ClusterFile file = new();
            file.Write(1, "0-16383 a b");
            using RunningNode node = file.StartWithResp(1);
            using RespPeer peer = new(node.RespEndPoint);
            return peer.Ask("CLUSTER", "SHARDS");
        }
    }
}
