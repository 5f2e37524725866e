using System.Text;
using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests;

/// <summary>Clients that are told of what others change.</summary>
public abstract class TrackingTests(NodeFixture fixture) : IDisposable
{
    private readonly TestClient _tracker = new(fixture.Node.EndPoint, features: Features.Push);
    private readonly TestClient _other = fixture.Node.Connect();

    public void Dispose()
    {
        _tracker.Dispose();
        _other.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void Every_kind_of_change_by_another_is_pushed()
    {
        _other.Set("counted", "1"u8.ToArray());
        Track(true);
        Pushes("set", () => _other.Set("set", [1]));
        Pushes("set", () => _other.Ask((f, id) => RequestWriter.Append(f, id, "set"u8, "x"u8)));
        Pushes("set", () => _other.Ask((f, id) => RequestWriter.Prepend(f, id, "set"u8, "x"u8)));
        Pushes("counted", () => _other.Ask((f, id) => RequestWriter.Count(f, id, "counted"u8, 1)));
        Pushes("set", () => _other.Ask((f, id) => RequestWriter.MakeStale(f, id, "set"u8)));
        _other.Tell((f, id) => RequestWriter.Set(f, id, "quiet set"u8, "v"u8, new SetTerms { Quiet = true }));
        Assert.Equal(["quiet set"], Keys(_tracker.Read()));
        Pushes("quiet set", () => _other.Delete("quiet set"));
        Pushes("batch", () => _other.Ask((f, id) =>
        {
            BatchSetWriter batch = new(f, id);
            batch.TryAdd("batch"u8, "v"u8);
            return batch.Finish();
        }));
        uint stream = _other.Tell((f, id) => RequestWriter.SetBegin(f, id, "streamed"u8, 1));
        Assert.Equal(Status.Ok, _other.Read().Status);
        _other.Tell((f, id) => RequestWriter.SetPiece(f, id, stream, "x"u8, quiet: true));
        Pushes("streamed", () => _other.Ask((f, id) => RequestWriter.SetCommit(f, id, stream)));
    }

    [Fact]
    public void What_changes_nothing_or_is_ones_own_is_not_pushed()
    {
        _other.Set("kept", [1]);
        Track(true);
        _tracker.Set("own", [1]);
        _tracker.Delete("own");
        _other.Get("kept");
        _other.Touch("kept", 60_000);
        _other.Set("kept", [2], mode: SetMode.IfAbsent);
        _other.Delete("was never there");
        Pushes("fence", () => _other.Set("fence", [1]));
        _tracker.CheckServed();
    }

    [Fact]
    public void Changes_that_were_sent_together_come_in_order_and_none_is_missing()
    {
        const int writes = 2_000;
        Track(true);
        using MemoryStream pipeline = new();
        for (uint i = 0; i < writes; i++)
        {
            pipeline.Write(_other.Frame(f => RequestWriter.Set(f, i, TestClient.Key($"many {i}"), "v"u8, new SetTerms { Quiet = true })));
        }

        _other.Send(pipeline.ToArray());
        List<string> keys = [];
        while (keys.Count < writes)
        {
            ReceivedReply push = _tracker.Read();
            Assert.NotEqual(0u, push.Argument);
            keys.AddRange(Keys(push));
        }

        Assert.Equal([.. Enumerable.Range(0, writes).Select(i => $"many {i}")], keys);
    }

    [Fact]
    public void Tracker_that_did_not_read_is_told_to_drop_everything()
    {
        byte[] large = TestClient.Bytes(TestClient.MaxValueBytes, 3);
        _other.Set("large", large);
        Track(true);
        const int gets = 40;
        for (int i = 0; i < gets; i++)
        {
            _tracker.Tell((f, id) => RequestWriter.Get(f, id, "large"u8));
        }

        for (int i = 0; i < 20; i++)
        {
            Thread.Sleep(20);
            _other.Set("missed", [1]);
        }

        int values = 0;
        bool toldAll = false;
        while (values < gets || !toldAll)
        {
            ReceivedReply reply = _tracker.Read();
            values += reply.Opcode == Opcode.Get ? 1 : 0;
            toldAll |= reply is { Opcode: Opcode.Invalidate, Argument: 0, Value.Length: 0 };
        }

        Pushes("after", () => _other.Set("after", [1]));
    }

    [Fact]
    public void More_keys_than_a_frame_holds_are_all_keys()
    {
        Track(true);
        byte[] frame = new byte[1 << 20];
        BatchSetWriter batch = new(frame, 1, quiet: true);
        for (int i = 0; i < 1_000; i++)
        {
            batch.TryAdd(Encoding.ASCII.GetBytes($"{i}".PadRight(250, '#')), []);
        }

        _other.Send(frame.AsSpan(0, batch.Finish()));
        Assert.True(_other.Read().IsLast);
        ReceivedReply push = _tracker.Read();
        while (push.Argument != 0)
        {
            push = _tracker.Read(); // The frame arrived in parts, and some passes changed less.
        }

        Assert.Equal(Opcode.Invalidate, push.Opcode);
    }

    [Fact]
    public void Tracking_ends_when_it_is_switched_off()
    {
        Track(true);
        Track(true);
        Pushes("on", () => _other.Set("on", [1]));
        Track(false);
        _other.Set("off", [1]);
        Assert.Equal(Opcode.Ping, _tracker.Ping([1]).Opcode);
        Assert.Equal(Opcode.Ping, _tracker.Ping([2]).Opcode);
    }

    [Fact]
    public void Tracking_needs_the_feature()
    {
        ReceivedReply reply = _other.Ask((f, id) => RequestWriter.Track(f, id, on: true));
        Assert.Equal((Status.FeatureNotAgreed, SessionFault.PushNotAgreed), (reply.Status, reply.Text));
        _other.CheckServed();
    }

    private static string[] Keys(ReceivedReply push)
    {
        Assert.Equal((Opcode.Invalidate, Status.Ok, 0u), (push.Opcode, push.Status, push.Id));
        List<string> keys = [];
        for (int at = 0; at < push.Value.Length; at += 1 + push.Value[at])
        {
            keys.Add(Encoding.UTF8.GetString(push.Value.AsSpan(at + 1, push.Value[at])));
        }

        Assert.Equal(push.Argument, (uint)keys.Count);
        return [.. keys];
    }

    private void Track(bool on)
    {
        _tracker.Tell((f, id) => RequestWriter.Track(f, id, on));
        ReceivedReply reply = _tracker.Read();
        while (reply.Opcode == Opcode.Invalidate)
        {
            reply = _tracker.Read();
        }

        Assert.Equal((Opcode.Track, Status.Ok), (reply.Opcode, reply.Status));
    }

    private void Pushes(string key, Func<ReceivedReply> change)
    {
        Assert.Equal(Status.Ok, change().Status);
        Assert.Equal([key], Keys(_tracker.Read()));
    }
}
