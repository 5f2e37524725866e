using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests;

/// <summary>Each opcode on keys beyond get, set, delete and touch; the conditions and lives of sets; quiet variants.</summary>
public abstract class KeyOperationTests(NodeFixture fixture) : IDisposable
{
    private const ulong VersionOf2021 = 1_609_459_200_000UL << 16;
    private readonly TestClient _client = fixture.Node.Connect();

    public void Dispose()
    {
        _client.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void Range_brings_the_bytes_and_the_length_of_the_value()
    {
        byte[] value = TestClient.Bytes(1_000, 1);
        ulong version = _client.Set("range", value).Version;
        Assert.Equal(value[100..150], Range("range", 100, 50));
        Assert.Equal(value, Range("range", 0, 0));
        Assert.Equal(value[990..], Range("range", 990, 50));
        Assert.Equal([], Range("range", 1_000, 5));
        Assert.Equal(version, _client.Ask((f, id) => RequestWriter.GetRange(f, id, "range"u8, 5, 5, returnVersion: true)).Version);

        byte[] Range(string key, ulong start, uint length)
        {
            ReceivedReply reply = _client.Ask((f, id) => RequestWriter.GetRange(f, id, TestClient.Key(key), start, length));
            Assert.Equal((Status.Ok, Opcode.GetRange), (reply.Status, reply.Opcode));
            Assert.Equal(1_000, BinaryPrimitives.ReadInt64LittleEndian(reply.Value));
            return reply.Value[8..];
        }
    }

    [Fact]
    public void Range_outside_of_a_value_or_of_no_value_is_refused()
    {
        _client.Set("short range", new byte[10]);
        ReceivedReply beyond = _client.Ask((f, id) => RequestWriter.GetRange(f, id, "short range"u8, 11));
        Assert.Equal((Status.RangeOutOfValue, "start is 11; the value has 10 bytes"), (beyond.Status, beyond.Text));
        Assert.Equal(
            Status.RangeOutOfValue, _client.Ask((f, id) => RequestWriter.GetRange(f, id, "short range"u8, ulong.MaxValue)).Status);
        Assert.Equal(Status.NotFound, _client.Ask((f, id) => RequestWriter.GetRange(f, id, "no range"u8, 0)).Status);
        _client.CheckServed();
    }

    [Fact]
    public void Counter_wraps_around_upwards_and_stops_at_0_downwards()
    {
        Assert.Equal(Status.NotFound, Count("count", 1).Status);
        Assert.Equal(7UL, Number(Count("count", 5, initial: 7)));
        Assert.Equal(12UL, Number(Count("count", 5, initial: 7)));
        Assert.Equal("12", _client.Get("count").Text);
        Assert.Equal(0UL, Number(Count("count", 13, CountExtras.Subtract)));
        Assert.Equal(ulong.MaxValue, Number(Count("count", ulong.MaxValue)));
        ReceivedReply wrapped = _client.Ask((f, id) => RequestWriter.Count(f, id, "count"u8, 3, returnVersion: true));
        Assert.Equal(2UL, Number(wrapped));
        Assert.Equal(wrapped.Version, _client.Get("count", returnVersion: true).Version);
    }

    [Fact]
    public void Checked_counter_is_signed_and_stops_at_both_ends()
    {
        Assert.Equal(-3L, (long)Number(Count("signed", 1, CountExtras.Checked, initial: unchecked((ulong)-3L))));
        Assert.Equal(-10L, (long)Number(Count("signed", 7, CountExtras.Checked | CountExtras.Subtract)));
        Assert.Equal("-10", _client.Get("signed").Text);
        ReceivedReply overflow = Count("signed", ulong.MaxValue, CountExtras.Checked | CountExtras.Subtract);
        Assert.Equal((Status.Overflow, SessionFault.Overflow), (overflow.Status, overflow.Text));
        Assert.Equal("-10", _client.Get("signed").Text);
        _client.Set("no number", "ten"u8.ToArray());
        Assert.Equal((Status.NotANumber, SessionFault.NotANumber), (Count("no number", 1).Status, Count("no number", 1).Text));
    }

    [Fact]
    public void New_counter_lives_as_long_as_it_was_given()
    {
        Stopwatch clock = Stopwatch.StartNew();
        ReceivedReply created = _client.Ask(
            (f, id) => RequestWriter.Count(f, id, "mortal count"u8, 1, initial: 1, initialTimeToLiveMillis: 200));
        Assert.Equal(1UL, Number(created));
        while (_client.Get("mortal count").Status == Status.Ok)
        {
            Assert.True(clock.ElapsedMilliseconds < 5_000, "does not expire");
        }

        // The node measures lives with a clock that is exact to a kernel tick.
        Assert.True(clock.ElapsedMilliseconds >= 190, "expired too early");
    }

    [Fact]
    public void Append_and_prepend_put_bytes_at_both_ends()
    {
        Assert.Equal(Status.NotFound, _client.Ask((f, id) => RequestWriter.Append(f, id, "text"u8, "x"u8)).Status);
        _client.Set("text", "bc"u8.ToArray());
        Assert.Equal(Status.Ok, _client.Ask((f, id) => RequestWriter.Append(f, id, "text"u8, "de"u8)).Status);
        ReceivedReply reply = _client.Ask((f, id) => RequestWriter.Prepend(f, id, "text"u8, "a"u8, returnVersion: true));
        ReceivedReply got = _client.Get("text", returnVersion: true);
        Assert.Equal(("abcde", reply.Version), (got.Text, got.Version));
        byte[] half = new byte[200 << 10];
        _client.Set("long text", half);
        ReceivedReply refused = _client.Ask((f, id) => RequestWriter.Append(f, id, "long text"u8, half));
        Assert.Equal(Status.ValueTooLarge, refused.Status);
        Assert.Contains("262144", refused.Text, StringComparison.Ordinal);
        Assert.Equal(half.Length, _client.Get("long text").Value.Length);
    }

    [Fact]
    public void Append_that_is_too_large_is_skipped()
    {
        byte[] frame = new byte[16 + 1 + TestClient.MaxValueBytes + 1];
        RequestWriter.Append(frame, 9, "k"u8, frame.AsSpan(17));
        _client.Send(frame);
        ReceivedReply reply = _client.Read();
        Assert.Equal((Opcode.Append, Status.ValueTooLarge, 9u), (reply.Opcode, reply.Status, reply.Id));
        _client.CheckServed();
    }

    [Fact]
    public void Sliding_life_starts_anew_with_every_hit_up_to_its_limit()
    {
        SetTerms terms = new(TimeToLiveMillis: 400) { Sliding = true, SlidingLimitMillis = 1_200 };
        Stopwatch clock = Stopwatch.StartNew();
        Assert.Equal(Status.Ok, _client.Ask((f, id) => RequestWriter.Set(f, id, "sliding"u8, "v"u8, terms)).Status);
        long lastHit = 0;
        while (_client.Get("sliding").Status == Status.Ok)
        {
            lastHit = clock.ElapsedMilliseconds;
            Assert.True(lastHit < 5_000, "the limit does not hold");
            Thread.Sleep(20);
        }

        // A machine that stands still for 400 ms lets it expire early, and rightly.
        Assert.True(lastHit > 600 || clock.ElapsedMilliseconds - lastHit >= 400, $"only {lastHit} ms");
    }

    [Fact]
    public void Set_if_newer_takes_the_version_from_elsewhere()
    {
        Assert.Equal(Status.Ok, SetNewer("newer", VersionOf2021).Status);
        Assert.Equal(VersionOf2021, _client.Get("newer", returnVersion: true).Version);
        Assert.Equal(Status.NotNewer, SetNewer("newer", VersionOf2021).Status);
        Assert.Equal(Status.NotNewer, SetNewer("newer", VersionOf2021 - 1).Status);
        Assert.Equal(VersionOf2021 + 1, SetNewer("newer", VersionOf2021 + 1).Version);
        ReceivedReply old = SetNewer("other newer", 1);
        Assert.Equal((Status.VersionOutOfRange, SessionFault.VersionOutOfRange), (old.Status, old.Text));
        Assert.Equal(Status.VersionOutOfRange, SetNewer("other newer", ulong.MaxValue).Status);

        ReceivedReply SetNewer(string key, ulong version) => _client.Ask((f, id) => RequestWriter.Set(
            f, id, TestClient.Key(key), "v"u8, new SetTerms(Version: version) { IfNewer = true, ReturnVersion = true }));
    }

    [Fact]
    public void Quiet_requests_are_silent_about_what_is_expected_and_a_ping_fences_them()
    {
        _client.Set("loud", [1]);
        _client.Set("quiet counter", "1"u8.ToArray());
        _client.Tell((f, id) => RequestWriter.Get(f, id, "not there"u8, quiet: true));
        _client.Tell((f, id) => RequestWriter.GetRange(f, id, "not there"u8, 0, quiet: true));
        _client.Tell((f, id) => RequestWriter.Set(f, id, "quiet"u8, "q"u8, new SetTerms { Quiet = true, ReturnVersion = true }));
        _client.Tell((f, id) => RequestWriter.Touch(f, id, "quiet"u8, 60_000, quiet: true));
        _client.Tell((f, id) => RequestWriter.Append(f, id, "quiet"u8, "r"u8, quiet: true));
        _client.Tell((f, id) => RequestWriter.Prepend(f, id, "quiet"u8, "p"u8, quiet: true));
        _client.Tell((f, id) => RequestWriter.Count(f, id, "quiet counter"u8, 1, quiet: true));
        _client.Tell((f, id) => RequestWriter.Delete(f, id, "loud"u8, quiet: true));
        Assert.Equal(Opcode.Ping, _client.Ping([1, 2]).Opcode);
        Assert.Equal(("pqr", "2"), (_client.Get("quiet").Text, _client.Get("quiet counter").Text));
        Assert.Equal(Status.NotFound, _client.Get("loud").Status);
    }

    [Fact]
    public void Quiet_requests_are_answered_when_something_else_happens()
    {
        _client.Set("there", [1]);
        Assert.Equal([1], _client.Ask((f, id) => RequestWriter.Get(f, id, "there"u8, quiet: true)).Value);
        SetTerms terms = new(Mode: SetMode.IfAbsent) { Quiet = true };
        Assert.Equal(Status.Exists, _client.Ask((f, id) => RequestWriter.Set(f, id, "there"u8, "x"u8, terms)).Status);
        Assert.Equal(Status.NotFound, _client.Ask((f, id) => RequestWriter.Delete(f, id, "gone"u8, quiet: true)).Status);
        Assert.Equal(Status.NotFound, _client.Ask((f, id) => RequestWriter.Touch(f, id, "gone"u8, quiet: true)).Status);
        Assert.Equal(Status.NotFound, _client.Ask((f, id) => RequestWriter.Append(f, id, "gone"u8, "x"u8, quiet: true)).Status);
    }

    [Fact]
    public void Quiet_batched_get_answers_what_is_there_and_the_last_one()
    {
        _client.Set("qb 1", [1]);
        _client.Set("qb 3", [3]);
        ReadOnlyMemory<byte>[] keys = [.. Enumerable.Range(0, 6).Select(i => (ReadOnlyMemory<byte>)TestClient.Key($"qb {i}"))];
        _client.Tell((f, id) => RequestWriter.BatchGet(f, id, keys, quiet: true));
        Assert.Equal((1u, Status.Ok, false), Seen(_client.Read()));
        Assert.Equal((3u, Status.Ok, false), Seen(_client.Read()));
        Assert.Equal((5u, Status.NotFound, true), Seen(_client.Read()));
        _client.CheckServed();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Batched_set_stores_every_entry(bool quiet)
    {
        const int entries = 1_000;
        _client.Tell((f, id) =>
        {
            BatchSetWriter batch = new(f, id, timeToLiveMillis: 3_600_000, returnVersion: true, quiet);
            for (int i = 0; i < entries; i++)
            {
                Assert.True(batch.TryAdd(TestClient.Key($"bs {i}"), Encoding.ASCII.GetBytes($"{i}")));
            }

            return batch.Finish();
        });
        for (uint i = quiet ? entries - 1u : 0; i < entries; i++)
        {
            ReceivedReply reply = _client.Read();
            Assert.Equal((i, Status.Ok, i == entries - 1), Seen(reply));
            Assert.True(reply is { HasVersion: true, Opcode: Opcode.BatchSet });
        }

        for (int i = 0; i < entries; i += 37)
        {
            Assert.Equal($"{i}", _client.Get($"bs {i}").Text);
        }
    }

    [Fact]
    public void Entry_that_is_too_large_is_refused_alone()
    {
        byte[] frame = new byte[TestClient.MaxValueBytes + 300];
        BatchSetWriter batch = new(frame, 5);
        Assert.True(batch.TryAdd("a"u8, new byte[TestClient.MaxValueBytes + 1]));
        Assert.True(batch.TryAdd("b"u8, [2]));
        _client.Send(frame.AsSpan(0, batch.Finish()));
        Assert.Equal((0u, Status.ValueTooLarge, false), Seen(_client.Read()));
        Assert.Equal((1u, Status.Ok, true), Seen(_client.Read()));
        Assert.Equal([2], _client.Get("b").Value);
    }

    [Fact]
    public void Topology_of_one_shard_is_one_range()
    {
        ReceivedReply reply = _client.Ask((f, id) => RequestWriter.Topology(f, id));
        Assert.Equal((Opcode.Topology, Status.Ok), (reply.Opcode, reply.Status));
        Assert.Equal([1, 0, 1, 0, 0, 0, 0xFF, 0x3F, 0, 0], reply.Value);
    }

    [Fact]
    public void Hello_for_a_shard_that_is_not_there_names_how_many_there_are()
    {
        using TestClient client = new(fixture.Node.EndPoint, hello: false);
        ReceivedReply reply = client.Ask((f, id) => RequestWriter.Hello(f, id, shard: 2));
        Assert.Equal((Status.WrongShard, 1u), (reply.Status, reply.Argument));
        Assert.Equal("shard is 2; allowed are 0 (any) to 1", reply.Text);
        client.CheckServed();
    }

    private static (uint Index, Status Status, bool IsLast) Seen(ReceivedReply reply) =>
        (reply.Argument, reply.Status, reply.IsLast);

    private static ulong Number(ReceivedReply reply)
    {
        Assert.Equal(Status.Ok, reply.Status);
        return BinaryPrimitives.ReadUInt64LittleEndian(reply.Value);
    }

    private ReceivedReply Count(string key, ulong amount, CountExtras extras = CountExtras.None, ulong? initial = null) =>
        _client.Ask((f, id) => RequestWriter.Count(f, id, TestClient.Key(key), amount, extras, initial));
}
