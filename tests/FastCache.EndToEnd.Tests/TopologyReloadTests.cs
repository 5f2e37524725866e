using System.Globalization;
using System.Runtime.InteropServices;
using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests;

/// <summary>A node that is told to read its topology again.</summary>
public sealed class TopologyReloadTests : IDisposable
{
    private readonly ClusterFile _file = new();

    public void Dispose() => _file.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Values_of_slots_that_were_lost_do_not_come_back_with_them(int shards)
    {
        const int keys = 2_000;
        string[] lower = ClusterFile.Keys(keys, isUpper: false);
        string[] upper = ClusterFile.Keys(keys, isUpper: true);
        _file.Write(1, ClusterFile.AllOfA);
        using RunningNode node = _file.Start(shards);
        using TestClient client = node.Connect();
        Assert.All([.. lower, .. upper], key => Assert.Equal(Status.Ok, client.Set(key, TestClient.Key(key)).Status));

        _file.Write(2, ClusterFile.LowerOfA);
        Reload(node, client, 2, "topology of epoch 2 accepted: 8192 slots, 0 gained, 8192 lost");
        Assert.All(upper, key => Assert.Equal(Status.Moved, client.Get(key).Status));
        Assert.All(lower, key => Assert.Equal(key, client.Get(key).Text));
        Eventually.Is(() => client.Stats()["items_swept"] == keys, () => $"{client.Stats()["items_swept"]} swept");
        Assert.Equal(ClusterFile.Half, client.Stats()["cluster_slots"]);

        _file.Write(3, ClusterFile.AllOfA);
        Reload(node, client, 3, "topology of epoch 3 accepted: 16384 slots, 8192 gained, 0 lost");
        Assert.All(upper, key => Assert.Equal(Status.NotFound, client.Get(key).Status));
        Assert.All(lower, key => Assert.Equal(key, client.Get(key).Text));
        Assert.Equal(Status.Ok, client.Set(upper[0], [1]).Status);
        Assert.Equal([1], client.Get(upper[0]).Value);
    }

    [Fact]
    public void Topology_that_must_not_hold_is_refused_and_the_one_before_stays()
    {
        string lower = ClusterFile.Keys(1, isUpper: false)[0];
        string upper = ClusterFile.Keys(1, isUpper: true)[0];
        _file.Write(5, ClusterFile.LowerOfA);
        using RunningNode node = _file.Start();
        using TestClient client = node.Connect();
        Assert.Equal(Status.Ok, client.Set(lower, [1]).Status);
        (Action Write, string Reason)[] wrong =
        [
            (() => _file.Write(4, ClusterFile.AllOfA), "its epoch is 4; it must be higher than 5"),
            (() => _file.Write(5, ClusterFile.AllOfA), "it is another topology with the same epoch, 5"),
            (() => _file.Write(6, "0-16382 a"), "16383"),
            (() => _file.Write(6, "10.0.0.9:7600", [ClusterFile.AllOfA]), "the address of node a is 10.0.0.9:7600; this node was started with 10.0.0.1:7600"),
            (() => _file.WriteText("{ \"epoch\": 6, "), "is not as it should be"),
            (() => _file.WriteText(""), "is not as it should be"),
            (() => File.Delete(_file.Path), "Could not find file"),
        ];
        for (int i = 0; i < wrong.Length; i++)
        {
            int refusals = i + 1;
            wrong[i].Write();
            node.Signal(PosixSignal.SIGHUP);
            Eventually.Is(
                () => node.Errors.Split('\n').Count(line => line.Contains("topology refused, that of epoch 5 stays:", StringComparison.Ordinal)) == refusals,
                () => $"refusal {refusals} is missing: {node.Errors}");
            node.AwaitLine("topology refused", _file.Path, wrong[i].Reason);
            Assert.Equal(5u, EpochOf(client));
            Assert.Equal([1], client.Get(lower).Value);
            Assert.Equal(Status.Moved, client.Get(upper).Status);
        }

        _file.Write(5, ClusterFile.LowerOfA);
        Reload(node, client, 5, "topology of epoch 5 is the one that holds already");
        _file.Write(6, ClusterFile.AllOfA);
        Reload(node, client, 6, "topology of epoch 6 accepted");
        Assert.Equal(Status.NotFound, client.Get(upper).Status);
    }

    [Fact]
    public void Node_that_leaves_owns_nothing_and_may_come_back()
    {
        string key = ClusterFile.Keys(1, isUpper: false)[0];
        _file.Write(1, ClusterFile.AllOfA);
        using RunningNode node = _file.Start();
        using TestClient client = node.Connect();
        Assert.Equal(Status.Ok, client.Set(key, [1]).Status);
        _file.Write(2, address: null, ["0-16383 b c"]);
        Reload(node, client, 2, "0 slots, 0 gained, 16384 lost; node a is not in it any more");
        Assert.Equal(Status.Moved, client.Get(key).Status);
        Eventually.Is(() => client.Stats() is var stats && (stats["cluster_slots"], stats["items"]) == (0, 0), () => "items are left");
        _file.Write(3, ClusterFile.AllOfA);
        Reload(node, client, 3, "topology of epoch 3 accepted");
        Assert.Equal(Status.NotFound, client.Get(key).Status);
    }

    [Fact]
    public void Stream_and_lease_that_began_before_the_slot_was_lost_store_nothing()
    {
        string[] keys = ClusterFile.Keys(2, isUpper: true);
        _file.Write(1, ClusterFile.AllOfA);
        using RunningNode node = _file.Start();
        using TestClient client = node.Connect();
        uint stream = client.Tell((f, id) => RequestWriter.SetBegin(f, id, TestClient.Key(keys[0]), 1));
        Assert.Equal(Status.Ok, client.Read().Status);
        Assert.Equal(Status.Ok, client.Ask((f, id) => RequestWriter.SetPiece(f, id, stream, "x"u8)).Status);
        ReceivedReply granted = client.Ask((f, id) => RequestWriter.LeaseGet(f, id, TestClient.Key(keys[1]), 60_000));
        ulong token = BitConverter.ToUInt64(granted.Value);
        Assert.Equal(1, client.Stats()["leases_held"]);

        _file.Write(2, ClusterFile.LowerOfA);
        Reload(node, client, 2, "topology of epoch 2 accepted");
        Assert.Equal(Status.Moved, client.Ask((f, id) => RequestWriter.SetCommit(f, id, stream)).Status);
        _file.Write(3, ClusterFile.AllOfA);
        Reload(node, client, 3, "topology of epoch 3 accepted");
        ReceivedReply filled = client.Ask((f, id) =>
            RequestWriter.Set(f, id, TestClient.Key(keys[1]), "late"u8, new SetTerms { LeaseToken = token }));
        Assert.Equal(Status.LeaseLost, filled.Status);
        Assert.All(keys, key => Assert.Equal(Status.NotFound, client.Get(key).Status));
    }

    [Fact]
    public void Tracking_client_drops_everything_when_slots_are_lost()
    {
        _file.Write(1, ClusterFile.LowerOfA);
        using RunningNode node = _file.Start();
        using TestClient other = node.Connect();
        using TestClient tracker = new(node.EndPoint, features: Features.Push);
        Assert.Equal(Status.Ok, tracker.Ask((f, id) => RequestWriter.Track(f, id, on: true)).Status);
        _file.Write(2, ClusterFile.AllOfA);
        Reload(node, other, 2, "8192 gained, 0 lost");
        Assert.Equal(Opcode.Ping, tracker.Ping([1]).Opcode); // Nothing was pushed: nothing is lost.
        _file.Write(3, ClusterFile.LowerOfA);
        Reload(node, other, 3, "0 gained, 8192 lost");
        ReceivedReply push = tracker.Read();
        Assert.Equal((Opcode.Invalidate, 0u, 0), (push.Opcode, push.Argument, push.Value.Length));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Every_reply_is_right_or_moved_while_topologies_change_under_load(int shards)
    {
        const int keyCount = 500;
        const uint lastEpoch = 40;
        string[] keys = [.. ClusterFile.Keys(keyCount, isUpper: false), .. ClusterFile.Keys(keyCount, isUpper: true)];
        _file.Write(1, ClusterFile.AllOfA);
        using RunningNode node = _file.Start(shards);
        bool isOver = false;
        Task<(int Rounds, int Moved)> load = Task.Factory.StartNew(
            () => Load(node, keys, () => Volatile.Read(ref isOver)),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        for (uint epoch = 2; epoch <= lastEpoch && !load.IsCompleted; epoch++)
        {
            _file.Write(epoch, epoch % 2 == 0 ? ClusterFile.LowerOfA : [ClusterFile.AllOfA]);
            node.Signal(PosixSignal.SIGHUP);
            node.AwaitLine($"topology of epoch {epoch} accepted");
            await Task.Delay(20);
        }

        Volatile.Write(ref isOver, true);
        (int rounds, int moved) = await load;
        Assert.True(rounds > 1 && moved > 100, $"{rounds} rounds, {moved} moved");
        using TestClient after = node.Connect();
        Eventually.Is(() => EpochOf(after) == lastEpoch, () => $"epoch {EpochOf(after)}");
        Assert.All(keys[keyCount..], key => Assert.Equal(Status.Moved, after.Get(key).Status));
    }

    /// <summary>Sets each key to the number of the round and gets it: what was stored may be lost with its slot, but an older value must not be had.</summary>
    private static (int Rounds, int Moved) Load(RunningNode node, string[] keys, Func<bool> isOver)
    {
        using TestClient client = node.Connect();
        int[] stored = new int[keys.Length];
        int moved = 0;
        int round = 0;
        while (!isOver())
        {
            round++;
            for (int i = 0; i < keys.Length; i++)
            {
                bool isLower = i < keys.Length / 2;
                ReceivedReply got = client.Get(keys[i]);
                Check(got, isLower, stored[i]);
                ReceivedReply set = client.Set(keys[i], TestClient.Key($"{round}"));
                Assert.True(set.Status == Status.Ok || (!isLower && set.Status == Status.Moved), $"{set.Status}: {set.Text}");
                stored[i] = set.Status == Status.Ok ? round : 0;
                moved += (got.Status == Status.Moved ? 1 : 0) + (set.Status == Status.Moved ? 1 : 0);
            }
        }

        return (round, moved);
    }

    private static void Check(ReceivedReply got, bool isLower, int stored)
    {
        bool isRight = got.Status switch
        {
            Status.Ok => stored != 0 && got.Text == stored.ToString(CultureInfo.InvariantCulture),
            Status.NotFound => !isLower || stored == 0,
            Status.Moved => !isLower,
            _ => false,
        };
        Assert.True(isRight, $"{got.Status} '{got.Text}' of a key that was last stored in round {stored}");
    }

    private static uint EpochOf(TestClient client) => client.Ask((f, id) => RequestWriter.Cluster(f, id, 0)).Argument;

    /// <summary>Reloads, and waits until all shards go by the epoch.</summary>
    private static void Reload(RunningNode node, TestClient client, uint epoch, string line)
    {
        node.Signal(PosixSignal.SIGHUP);
        node.AwaitLine(line);
        Eventually.Is(
            () => EpochOf(client) == epoch && client.Stats()["cluster_epoch"] == epoch,
            () => $"epoch {client.Stats()["cluster_epoch"]} instead of {epoch}");
    }
}
