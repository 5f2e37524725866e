using System.Buffers.Binary;
using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests;

/// <summary>Two clients, one grant.</summary>
public abstract class LeaseTests(NodeFixture fixture) : IDisposable
{
    private const uint LongLease = 60_000;
    private readonly TestClient _first = fixture.Node.Connect();
    private readonly TestClient _second = fixture.Node.Connect();

    public void Dispose()
    {
        _first.Dispose();
        _second.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void One_of_two_clients_fills_and_the_other_waits()
    {
        ulong token = Granted(_first, "page");
        Assert.Equal((LeaseResult.Wait, 0UL), (Answer(Lease(_second, "page")), Token(Lease(_second, "page"))));
        ReceivedReply filled = Fill(_first, "page", token, "new");
        Assert.Equal(Status.Ok, filled.Status);
        ReceivedReply hit = _second.Ask((f, id) => RequestWriter.LeaseGet(f, id, "page"u8, LongLease, returnVersion: true));
        Assert.Equal((LeaseResult.Hit, 0UL, filled.Version), (Answer(hit), Token(hit), hit.Version));
        Assert.Equal("new"u8.ToArray(), hit.Value[8..]);
    }

    [Fact]
    public void Write_under_a_token_that_has_ended_is_refused()
    {
        ulong token = Granted(_first, "raced");
        _second.Set("raced", [2]);
        Assert.Equal(Status.LeaseLost, Fill(_first, "raced", token, "old").Status);
        Assert.Equal([2], _second.Get("raced").Value);

        token = Granted(_first, "deleted");
        Assert.Equal(Status.NotFound, _second.Delete("deleted").Status);
        Assert.Equal(Status.LeaseLost, Fill(_first, "deleted", token, "old").Status);
        Assert.Equal(Status.LeaseLost, Fill(_first, "never granted", 99, "x").Status);
    }

    [Fact]
    public void Grant_that_was_given_back_goes_to_the_next()
    {
        ulong token = Granted(_first, "released");
        Assert.Equal(Status.Ok, Release(_first, "released", token).Status);
        Assert.Equal(Status.LeaseLost, Release(_first, "released", token).Status);
        Assert.NotEqual(token, Granted(_second, "released"));
    }

    [Fact]
    public void Grant_ends_at_its_deadline_and_not_with_its_connection()
    {
        using (TestClient gone = fixture.Node.Connect())
        {
            Assert.Equal(LeaseResult.Fill, Answer(Lease(gone, "deadline", 300)));
        }

        LeaseResult answer = Answer(Lease(_first, "deadline"));
        for (int tries = 0; answer == LeaseResult.Wait && tries < 500; tries++)
        {
            Thread.Sleep(10);
            answer = Answer(Lease(_first, "deadline"));
        }

        Assert.Equal(LeaseResult.Fill, answer);
    }

    [Fact]
    public void Value_made_stale_is_gone_for_all_but_leases()
    {
        Assert.Equal(Status.NotFound, _first.Ask((f, id) => RequestWriter.MakeStale(f, id, "stale"u8)).Status);
        _first.Set("stale", [1]);
        Assert.Equal(Status.Ok, _first.Ask((f, id) => RequestWriter.MakeStale(f, id, "stale"u8)).Status);
        Assert.Equal(Status.NotFound, _first.Get("stale").Status);
        Assert.Equal(LeaseResult.Fill, Answer(Lease(_first, "stale")));
    }

    [Fact]
    public void Stale_value_is_given_to_those_who_do_not_fill()
    {
        using RunningNode node = RunningNode.Start(fixture.Backend, "--stale-time", "60");
        using TestClient first = node.Connect();
        using TestClient second = node.Connect();
        SetTerms terms = new(TimeToLiveMillis: 50) { KeepStale = true };
        Assert.Equal(Status.Ok, first.Ask((f, id) => RequestWriter.Set(f, id, "aging"u8, "old"u8, terms)).Status);
        while (first.Get("aging").Status == Status.Ok)
        {
            Thread.Sleep(5);
        }

        ReceivedReply filler = Lease(first, "aging");
        ReceivedReply taker = Lease(second, "aging");
        Assert.Equal((LeaseResult.StaleFill, LeaseResult.Stale), (Answer(filler), Answer(taker)));
        Assert.Equal("old"u8.ToArray(), filler.Value[8..]);
        Assert.Equal("old"u8.ToArray(), taker.Value[8..]);
        Assert.Equal(0UL, Token(taker));
        Assert.Equal(Status.Ok, Fill(first, "aging", Token(filler), "new").Status);
        Assert.Equal(LeaseResult.Hit, Answer(Lease(second, "aging")));
        Assert.Equal(Status.Ok, second.Ask((f, id) => RequestWriter.MakeStale(f, id, "aging"u8)).Status);
        Assert.Equal(Status.NotFound, second.Get("aging").Status);
        Assert.Equal(LeaseResult.StaleFill, Answer(Lease(second, "aging")));
        Assert.Equal(0, node.Stop());
    }

    private static LeaseResult Answer(ReceivedReply reply)
    {
        Assert.Equal((Opcode.LeaseGet, Status.Ok), (reply.Opcode, reply.Status));
        return (LeaseResult)reply.Argument;
    }

    private static ulong Token(ReceivedReply reply) => BinaryPrimitives.ReadUInt64LittleEndian(reply.Value);

    private static ulong Granted(TestClient client, string key)
    {
        ReceivedReply reply = Lease(client, key);
        Assert.Equal(LeaseResult.Fill, Answer(reply));
        Assert.Equal((8, false), (reply.Value.Length, reply.HasVersion));
        return Token(reply);
    }

    private static ReceivedReply Lease(TestClient client, string key, uint millis = LongLease) =>
        client.Ask((f, id) => RequestWriter.LeaseGet(f, id, TestClient.Key(key), millis));

    private static ReceivedReply Release(TestClient client, string key, ulong token) =>
        client.Ask((f, id) => RequestWriter.LeaseRelease(f, id, TestClient.Key(key), token));

    private static ReceivedReply Fill(TestClient client, string key, ulong token, string value) =>
        client.Ask((f, id) => RequestWriter.Set(
            f, id, TestClient.Key(key), TestClient.Key(value), new SetTerms { LeaseToken = token, ReturnVersion = true }));
}
