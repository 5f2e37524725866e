using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests;

/// <summary>A node that is in a cluster: where its topology comes from, and what it answers for slots of others.</summary>
public sealed class TopologyTests : IDisposable
{
    private const uint Epoch = 7;

    private static readonly string Lower = ClusterFile.Keys(1, isUpper: false)[0];
    private static readonly string Upper = ClusterFile.Keys(1, isUpper: true)[0];

    private readonly ClusterFile _file = new();

    public void Dispose() => _file.Dispose();

    [Theory]
    [InlineData("{ \"epoch\": 1", "is not as it should be", "--node", "a")]
    [InlineData(null, "there is no node z (--node)", "--node", "z")]
    [InlineData(null, "no node has the address 127.0.0.1:7609 (--listen)", "--listen", "127.0.0.1:7609")]
    public void Start_without_a_place_in_a_valid_topology_is_refused(string? text, string reason, params string[] options)
    {
        _file.Write(Epoch, ClusterFile.LowerOfA);
        if (text is not null)
        {
            _file.WriteText(text);
        }

        (int exitCode, string output, string errors) = RunningNode.RunToEnd(["--topology", _file.Path, .. options]);
        Assert.Equal((1, ""), (exitCode, output));
        Assert.Contains(reason, errors, StringComparison.Ordinal);
        Assert.Contains(_file.Path, errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Start_without_the_file_is_refused()
    {
        (int exitCode, _, string errors) = RunningNode.RunToEnd("--topology", $"{_file.Path}.absent", "--node", "a");
        Assert.Equal(1, exitCode);
        Assert.Contains($"{_file.Path}.absent", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Node_whose_address_is_a_name_must_be_told_where_to_listen()
    {
        _file.Write(Epoch, "cache-a:7600", ClusterFile.LowerOfA);
        (int exitCode, _, string errors) = RunningNode.RunToEnd("--topology", _file.Path, "--node", "a");
        Assert.Equal(1, exitCode);
        Assert.Contains("the address of node a is cache-a:7600", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Name_is_found_by_the_address_and_the_address_by_the_name()
    {
        string address = $"127.0.0.1:{FreePort()}";
        _file.Write(Epoch, address, ClusterFile.LowerOfA);
        using (RunningNode named = RunningNode.Start("--topology", _file.Path, "--listen", address))
        {
            using TestClient client = named.Connect();
            Assert.Equal(Status.NotFound, client.Get(Lower).Status);
            Assert.Equal(Status.Moved, client.Get(Upper).Status);
        }

        _file.Write(Epoch, "192.0.2.1:7600", ClusterFile.LowerOfA); // An address that is kept free for examples.
        (_, _, string errors) = RunningNode.RunToEnd("--memory", "16MiB", "--topology", _file.Path, "--node", "a");
        Assert.Contains("192.0.2.1:7600", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Cluster_answers_a_long_document_in_pieces()
    {
        const int ranges = 4096;
        const int slots = KeySlot.Count / ranges;
        _file.Write(Epoch, Enumerable.Range(0, ranges).Select(i => $"{i * slots}-{((i + 1) * slots) - 1} {"abc"[i % 3]} {"abc"[(i + 1) % 3]}"));
        using RunningNode node = _file.Start();
        using TestClient client = node.Connect();
        using MemoryStream document = new();
        int pieces = 0;
        uint total;
        do
        {
            ReceivedReply reply = client.Ask((f, id) => RequestWriter.Cluster(f, id, (uint)document.Length));
            Assert.Equal((Opcode.Cluster, Status.Ok, Epoch), (reply.Opcode, reply.Status, reply.Argument));
            Assert.InRange(reply.Value.Length, sizeof(uint) + 1, FcpLimits.MaxPieceBytes);
            total = BinaryPrimitives.ReadUInt32LittleEndian(reply.Value);
            document.Write(reply.Value.AsSpan(sizeof(uint)));
            pieces++;
        }
        while (document.Length < total);
        Assert.True(pieces > 2, $"{pieces} pieces");
        Assert.Equal(total, document.Length);
        using JsonDocument json = JsonDocument.Parse(document.ToArray());
        Assert.Equal(Epoch, json.RootElement.GetProperty("epoch").GetUInt32());
        JsonElement read = json.RootElement.GetProperty("slots");
        Assert.Equal(ranges, read.GetArrayLength());
        for (int i = 0; i < ranges; i++)
        {
            Assert.Equal($"{i * slots}-{((i + 1) * slots) - 1}", read[i].GetProperty("range").GetString());
            Assert.Equal($"{"abc"[i % 3]}", read[i].GetProperty("primary").GetString());
        }

        ReceivedReply end = client.Ask((f, id) => RequestWriter.Cluster(f, id, total));
        Assert.Equal((Status.Ok, sizeof(uint)), (end.Status, end.Value.Length));
        ReceivedReply behind = client.Ask((f, id) => RequestWriter.Cluster(f, id, total + 1));
        Assert.Equal(Status.RangeOutOfValue, behind.Status);
        Assert.Equal($"offset is {total + 1}; the document of epoch {Epoch} has {total} bytes", behind.Text);
    }

    [Fact]
    public void Node_in_no_cluster_has_no_document_and_all_slots()
    {
        using RunningNode node = RunningNode.Start();
        using TestClient client = node.Connect();
        Assert.Equal(Status.NotFound, client.Ask((f, id) => RequestWriter.Cluster(f, id, 0)).Status);
        Assert.Equal((0, KeySlot.Count), (client.Stats()["cluster_epoch"], client.Stats()["cluster_slots"]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Every_request_for_a_slot_of_another_is_answered_with_moved(int shards)
    {
        _file.Write(Epoch, ClusterFile.LowerOfA);
        using RunningNode node = _file.Start(shards);
        using TestClient client = node.Connect();
        byte[] key = TestClient.Key(Upper);
        string text = $"slot {KeySlot.Of(key)} is not this node's in epoch {Epoch}; its primary is b at {ClusterFile.AddressOf("b")}";
        TestClient.WriteWithId[] requests =
        [
            (f, id) => RequestWriter.Get(f, id, key),
            (f, id) => RequestWriter.Get(f, id, key, quiet: true),
            (f, id) => RequestWriter.GetRange(f, id, key, 0),
            (f, id) => RequestWriter.GetRange(f, id, key, 0, quiet: true),
            (f, id) => RequestWriter.Set(f, id, key, "v"u8, new SetTerms { ReturnVersion = true }),
            (f, id) => RequestWriter.Set(f, id, key, "v"u8, new SetTerms { Quiet = true }),
            (f, id) => RequestWriter.Delete(f, id, key),
            (f, id) => RequestWriter.Delete(f, id, key, quiet: true),
            (f, id) => RequestWriter.Touch(f, id, key, 1000),
            (f, id) => RequestWriter.Touch(f, id, key, 1000, quiet: true),
            (f, id) => RequestWriter.LeaseGet(f, id, key, 1000),
            (f, id) => RequestWriter.LeaseRelease(f, id, key, 1, quiet: true),
            (f, id) => RequestWriter.MakeStale(f, id, key, quiet: true),
            (f, id) => RequestWriter.Count(f, id, key, 1),
            (f, id) => RequestWriter.Append(f, id, key, "v"u8),
            (f, id) => RequestWriter.Prepend(f, id, key, "v"u8),
            .. shards > 1
                ? Array.Empty<TestClient.WriteWithId>() // Streams are not forwarded; which shard has the connection is by chance.
                : [(f, id) => RequestWriter.SetBegin(f, id, key, 1), (f, id) => RequestWriter.GetStream(f, id, key, 0, 0, 1000)],
        ];
        foreach (TestClient.WriteWithId request in requests)
        {
            ReceivedReply reply = client.Ask(request);
            Assert.Equal((Status.Moved, Epoch, text), (reply.Status, reply.Argument, reply.Text));
        }

        Assert.Equal(Status.Ok, client.Set(Lower, [1]).Status);
        Eventually.Is(() => client.Stats()["moved_answers"] == requests.Length, () => $"{client.Stats()["moved_answers"]} of {requests.Length}");
        Eventually.Is(() => client.Stats()["items"] == 1, () => $"{client.Stats()["items"]} items");
        Assert.Equal((Epoch, ClusterFile.Half), (client.Stats()["cluster_epoch"], client.Stats()["cluster_slots"]));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(2, true)]
    public void Batch_is_answered_key_by_key(int shards, bool quiet)
    {
        _file.Write(Epoch, ClusterFile.LowerOfA);
        using RunningNode node = _file.Start(shards);
        using TestClient client = node.Connect();
        string[] lower = ClusterFile.Keys(3, isUpper: false);
        string[] upper = ClusterFile.Keys(3, isUpper: true);
        string[] keys = [.. lower.Zip(upper).SelectMany(pair => new[] { pair.Second, pair.First })];
        client.Tell((f, id) =>
        {
            BatchSetWriter batch = new(f, id, quiet: quiet);
            foreach (string key in keys)
            {
                Assert.True(batch.TryAdd(TestClient.Key(key), TestClient.Key(key)));
            }

            return batch.Finish();
        });
        CheckBatch(client, keys, quiet, answersHits: false);
        client.Tell((f, id) =>
        {
            BatchGetWriter batch = new(f, id, quiet: quiet);
            foreach (string key in keys)
            {
                Assert.True(batch.TryAdd(TestClient.Key(key)));
            }

            return batch.Finish();
        });
        CheckBatch(client, keys, quiet, answersHits: true);
    }

    [Fact]
    public void Replica_executes_what_is_for_copies_and_nothing_else_and_the_primary_the_opposite()
    {
        _file.Write(Epoch, "0-8191 b a", "8192-16383 a b");
        using RunningNode node = _file.Start();
        using TestClient client = node.Connect();
        Assert.Equal(KeySlot.Count, client.Stats()["cluster_slots"]);
        SetTerms copy = new(Version: (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() << 16) { IfNewer = true };
        foreach ((string key, bool isReplica) in new[] { (Lower, true), (Upper, false) })
        {
            Require((frame, id) => RequestWriter.Set(frame, id, TestClient.Key(key), "v"u8, copy));
            Require((frame, id) => RequestWriter.Get(frame, id, TestClient.Key(key)));
            Require((frame, id) => RequestWriter.GetRange(frame, id, TestClient.Key(key), 0, 1));
            Require((frame, id) => RequestWriter.LeaseGet(frame, id, TestClient.Key(key), 1_000));
            Require((frame, id) => RequestWriter.Delete(frame, id, TestClient.Key(key)));

            void Require(TestClient.WriteWithId write)
            {
                ReceivedReply forCopy = client.Ask((frame, id) =>
                {
                    int length = write(frame, id);
                    RequestWriter.MakeForCopy(frame);
                    return length;
                });
                ReceivedReply forPrimary = client.Ask(write);
                Assert.Equal(isReplica ? Status.Ok : Status.Moved, forCopy.Status);
                Assert.Equal(isReplica ? Status.Moved : Status.Ok, forPrimary.Status);
            }
        }
    }

    private static void CheckBatch(TestClient client, string[] keys, bool quiet, bool answersHits)
    {
        Dictionary<uint, ReceivedReply> replies = [];
        ReceivedReply reply;
        do
        {
            reply = client.Read();
            replies.Add(reply.Argument, reply);
        }
        while (!reply.IsLast);
        while (!quiet && replies.Count < keys.Length)
        {
            reply = client.Read();
            replies.Add(reply.Argument, reply);
        }

        for (int i = 0; i < keys.Length; i++)
        {
            bool isMoved = i % 2 == 0;
            bool isAnswered = replies.TryGetValue((uint)i, out ReceivedReply? answer);
            Assert.True(isAnswered || (quiet && !isMoved && !answersHits), $"entry {i} has no answer");
            if (!isAnswered)
            {
                continue;
            }

            Assert.Equal(isMoved ? Status.Moved : Status.Ok, answer!.Status);
            Assert.True(!isMoved || answer.Text.StartsWith($"slot {KeySlot.Of(TestClient.Key(keys[i]))} is not this node's in epoch {Epoch};", StringComparison.Ordinal), answer.Text);
            Assert.True(isMoved || !answersHits || answer.Text == keys[i], answer.Text);
        }
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
