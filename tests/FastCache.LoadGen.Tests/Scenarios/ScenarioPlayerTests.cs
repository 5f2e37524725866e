using System.Runtime.InteropServices;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Scenarios;
using FastCache.Protocol;

namespace FastCache.LoadGen.Tests.Scenarios;

public sealed class ScenarioPlayerTests
{
    private const int Keys = 60;

    public static TheoryData<string> Names => [.. ScenarioCatalog.All.Select(scenario => scenario.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Comes_to_the_end_of_every_flow_whatever_a_node_may_answer(string name)
    {
        HashSet<(Opcode, Status, uint)> given = [];
        for (int seed = 0; seed < 20; seed++)
        {
            Stage stage = new(name, seed);
            stage.Fill();
            stage.Play(300);
            Assert.All(stage.Players, player => Assert.Equal((0, 0), (player.Active, player.UnderWay)));
            Assert.Equal(300, stage.Players.Sum(player => player.Counts.Flows) - Keys);
            given.UnionWith(stage.Node.Given);
        }

        Assert.Subset(given, Expected(name));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Sees_every_changed_byte_of_a_value(string name)
    {
        for (int seed = 0; seed < 20; seed++)
        {
            Stage stage = new(name, seed) { Node = { Whims = 0 } };
            stage.Fill();
            stage.Node.Corrupts = true;
            Assert.Throws<LoadFailedException>(() => stage.Play(100));
        }
    }

    [Fact]
    public void Plays_the_same_for_the_same_seed()
    {
        Assert.Equal(Requests(1), Requests(1));
        Assert.NotEqual(Requests(1), Requests(2));

        static byte[] Requests(int seed)
        {
            Stage stage = new("standard", seed);
            stage.Players[0].Begin(0);
            stage.Players[0].Begin(0);
            byte[] bytes = new byte[stage.Players[0].LongestRequestBytes * 2];
            return bytes[..stage.Players[0].Write(bytes, 0)];
        }
    }

    [Fact]
    public void Refuses_replies_that_nobody_waits_for()
    {
        Stage stage = new("standard", 1);
        byte[] reply = new byte[FcpLimits.HeaderBytes];
        foreach (uint id in new uint[] { 0, 1, 4096, uint.MaxValue })
        {
            ReplyWriter.Write(reply, Opcode.Get, Status.NotFound, id);
            Assert.Contains(
                "nobody waits",
                Assert.Throws<LoadFailedException>(() => stage.Players[0].Receive(reply, 0)).Message,
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Passes_on_what_the_node_says_of_an_error()
    {
        Stage stage = new("write-heavy", 1);
        ScenarioPlayer player = stage.Players[0];
        player.Fill(0, 0);
        byte[] frame = new byte[player.LongestRequestBytes];
        player.Write(frame, 0);
        byte[] reply = new byte[100];
        int length = ReplyWriter.WriteError(
            reply, Opcode.Set, Status.OutOfMemory, MemoryMarshal.Read<uint>(frame.AsSpan(8)), "no room");
        LoadFailedException failure = Assert.Throws<LoadFailedException>(() => player.Receive(reply.AsSpan(0, length), 0));
        Assert.Contains("OutOfMemory: no room", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Latency_counts_from_when_a_request_was_due()
    {
        LatencyRecorder recorder = new();
        ScenarioPlayer player = ScenarioCatalog.Find("write-heavy")!.CreatePlayers(Keys, 1, 1, _ => recorder)[0];
        player.Fill(0, dueAt: 1_000);
        byte[] frame = new byte[player.LongestRequestBytes];
        player.Write(frame, now: 5_000);
        byte[] reply = new byte[FcpLimits.HeaderBytes];
        ReplyWriter.Write(reply, Opcode.Set, Status.Ok, MemoryMarshal.Read<uint>(frame.AsSpan(8)));
        player.Receive(reply, now: 11_000);
        Assert.Equal(10, recorder.Summarize(ReplyKind.Write).P50, 0.1);
    }

    [Fact]
    public void Allocates_nothing_while_it_plays()
    {
        Stage stage = new("session-store", 1) { Node = { Whims = 0 } };
        ScenarioPlayer player = stage.Players[0];
        byte[] frame = new byte[player.LongestRequestBytes];
        byte[] reply = new byte[FcpLimits.HeaderBytes];
        const int Exchanges = 10_000;
        Exchange(10);
        AllocationProbe probe = new();
        while (probe.Next())
        {
            Exchange(Exchanges);
        }

        Assert.Equal(0, probe.LeastBytes);

        void Exchange(int count)
        {
            for (int i = 0; i < count; i++)
            {
                player.Fill(i % Keys, 0);
                player.Write(frame, 0);
                ReplyWriter.Write(reply, Opcode.Set, Status.Ok, MemoryMarshal.Read<uint>(frame.AsSpan(8)));
                player.Receive(reply.AsSpan(0, 7), 1);
                player.Receive(reply.AsSpan(7), 1);
            }
        }
    }

    /// <summary>What the node must have answered, or the test has tried too little.</summary>
    private static HashSet<(Opcode, Status, uint)> Expected(string name) => name switch
    {
        "session-store" =>
        [
            (Opcode.Get, Status.Ok, 0), (Opcode.Get, Status.NotFound, 0), (Opcode.Set, Status.Ok, 0),
            (Opcode.Set, Status.VersionMismatch, 0), (Opcode.Set, Status.NotFound, 0), (Opcode.Set, Status.Exists, 0),
        ],
        "database-cache" =>
        [
            .. Enumerable.Range(0, 7).Select(answer => (Opcode.LeaseGet, Status.Ok, (uint)answer)),
            (Opcode.Set, Status.Ok, 0), (Opcode.Set, Status.LeaseLost, 0), (Opcode.MakeStale, Status.Ok, 0),
        ],
        "cdn-objects" =>
        [
            (Opcode.Get, Status.Ok, 0), (Opcode.Get, Status.NotFound, 0), (Opcode.GetRange, Status.Ok, 0),
            (Opcode.GetRange, Status.NotFound, 0), (Opcode.GetStream, Status.Ok, 0), (Opcode.GetStream, Status.NotFound, 0),
            (Opcode.GetStream, Status.TooManyOpen, 0), (Opcode.SetBegin, Status.TooManyOpen, 0),
            (Opcode.SetPiece, Status.OutOfMemory, 0), (Opcode.SetCommit, Status.Ok, 0),
        ],
        _ => [(Opcode.Get, Status.Ok, 0), (Opcode.Get, Status.NotFound, 0), (Opcode.Set, Status.Ok, 0)],
    };

    /// <summary>Players on two connections to one plain node; replies are cut anywhere, connections take random turns.</summary>
    private sealed class Stage
    {
        private readonly Random _random;
        private readonly List<byte>[] _replies = [[], []];
        private readonly byte[] _frames;
        private long _now;

        public Stage(string name, int seed)
        {
            _random = new(seed);
            Node = new(_random);
            LatencyRecorder recorder = new();
            Players = ScenarioCatalog.Find(name)!.CreatePlayers(Keys, _replies.Length, (ulong)seed, _ => recorder);
            _frames = new byte[Players[0].LongestRequestBytes + 10_000];
        }

        public PlainNode Node { get; }

        public ScenarioPlayer[] Players { get; }

        public void Fill()
        {
            for (int key = 0; key < Keys; key++)
            {
                int lane = key % Players.Length;
                while (Players[lane].Idle == 0)
                {
                    Step(lane);
                }

                Players[lane].Fill(key, _now);
            }

            Finish();
        }

        public void Play(int flows)
        {
            while (flows > 0)
            {
                int lane = _random.Next(Players.Length);
                int run = Math.Min(Math.Min(flows, Players[lane].Idle), _random.Next(20));
                for (int i = 0; i < run; i++)
                {
                    Players[lane].Begin(_now);
                }

                flows -= run;
                Step(lane);
            }

            Finish();
        }

        private void Finish()
        {
            for (int turn = 0; Players.Any(player => player.Active > 0); turn++)
            {
                Assert.True(turn < 1_000_000, "it does not come to its end");
                Step(turn % Players.Length);
            }
        }

        private void Step(int lane)
        {
            _now += _random.Next(1_000_000);
            int length = Players[lane].Write(_frames, _now);
            Node.Execute(_frames.AsSpan(0, length), _replies[lane]);
            Span<byte> replies = CollectionsMarshal.AsSpan(_replies[lane]);
            int taken = _random.Next(replies.Length + 1);
            for (int at = 0; at < taken;)
            {
                int piece = Math.Min(taken - at, _random.Next(1, _random.Next(3) == 0 ? 20 : 20_000));
                Players[lane].Receive(replies.Slice(at, piece), _now);
                at += piece;
            }

            _replies[lane].RemoveRange(0, taken);
        }
    }
}
