using System.Buffers.Binary;
using FastCache.Io;
using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests;

/// <summary>Values that are written and read piece by piece.</summary>
public abstract class ValueStreamTests : IDisposable
{
    private const int PieceBytes = FcpLimits.MaxPieceBytes;
    private readonly IoBackend _backend;
    private readonly RunningNode _node;
    private readonly TestClient _client;

    protected ValueStreamTests(IoBackend backend)
    {
        _backend = backend;
        _node = RunningNode.Start(backend, "--memory", "512MiB");
        _client = _node.Connect();
    }

    public void Dispose()
    {
        _client.Dispose();
        using (_node)
        {
            Assert.Equal(0, _node.Stop());
        }

        GC.SuppressFinalize(this);
    }

    [Fact]
    public void Fifty_mebibytes_flow_in_and_out_while_small_gets_are_answered_in_between()
    {
        byte[] value = TestClient.Bytes(50 << 20, 1);
        _client.Set("small", [7]);
        uint stream = Begin("film", value.Length);
        int sent = 0;
        for (int piece = 0; sent < value.Length; piece++)
        {
            int length = Math.Min(PieceBytes, value.Length - sent);
            int from = sent;
            _client.Tell((f, id) => RequestWriter.SetPiece(f, id, stream, value.AsSpan(from, length), quiet: true));
            sent += length;
            if (piece % 50 == 0)
            {
                Assert.Equal([7], _client.Get("small").Value);
                Assert.Equal(Status.NotFound, _client.Get("film").Status);
            }
        }

        ulong version = _client.Ask((f, id) => RequestWriter.SetCommit(f, id, stream, returnVersion: true)).Version;
        uint read = _client.Tell((f, id) => RequestWriter.GetStream(f, id, "film"u8, uint.MaxValue));
        Assert.Equal((version, (long)value.Length), Opening(_client.Read()));
        int got = 0;
        int answered = 0;
        int answeredBeforeEnd = 0;
        uint get = _client.Tell((f, id) => RequestWriter.Get(f, id, "small"u8));
        while (got < value.Length)
        {
            ReceivedReply reply = _client.Read();
            if (reply.Id == get)
            {
                Assert.Equal([7], reply.Value);
                answered++;
                answeredBeforeEnd = value.Length - got > PieceBytes ? answered : answeredBeforeEnd;
                get = _client.Tell((f, id) => RequestWriter.Get(f, id, "small"u8));
                continue;
            }

            Assert.Equal((read, Opcode.GetStream, got + reply.Value.Length < value.Length), (reply.Id, reply.Opcode, reply.HasMore));
            Assert.InRange(reply.Value.Length, 1, PieceBytes);
            Assert.True(reply.Value.AsSpan().SequenceEqual(value.AsSpan(got, reply.Value.Length)), $"other bytes at {got}");
            got += reply.Value.Length;
        }

        Assert.True(answeredBeforeEnd > 3, $"only {answeredBeforeEnd} gets were answered while the value came");
    }

    [Fact]
    public void Large_value_is_refused_by_frames_and_read_by_range()
    {
        byte[] value = Store("large", 3 << 20);
        ReceivedReply get = _client.Get("large");
        Assert.Equal(Status.ValueTooLarge, get.Status);
        Assert.Equal("the value has 3145728 bytes, and a reply at most 1048576; read it with GetRange or GetStream", get.Text);
        _client.Set("near", [1]);
        ReadOnlyMemory<byte>[] keys = [TestClient.Key("near"), TestClient.Key("large"), TestClient.Key("large")];
        _client.Tell((f, id) => RequestWriter.BatchGet(f, id, keys));
        Assert.Equal((Status.Ok, false), (_client.Read().Status, false));
        ReceivedReply second = _client.Read();
        ReceivedReply third = _client.Read();
        Assert.Equal((Status.ValueTooLarge, 1u, false), (second.Status, second.Argument, second.IsLast));
        Assert.Equal((Status.ValueTooLarge, 2u, true), (third.Status, third.Argument, third.IsLast));
        Assert.Equal(Status.ValueTooLarge, _client.Ask((f, id) => RequestWriter.LeaseGet(f, id, "large"u8, 1_000)).Status);

        List<byte> read = [];
        while (read.Count < value.Length)
        {
            ReceivedReply range = _client.Ask((f, id) => RequestWriter.GetRange(f, id, "large"u8, (ulong)read.Count));
            Assert.Equal(value.Length, BinaryPrimitives.ReadInt64LittleEndian(range.Value));
            Assert.Equal(1 << 20, range.Value.Length - 8);
            read.AddRange(range.Value.AsSpan(8));
        }

        Assert.True(read.SequenceEqual(value));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1_000)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(200_000)]
    public void Value_of_any_length_flows_in_and_out(int length)
    {
        byte[] value = Store("any", length);
        Assert.True(_client.Get("any").Value.AsSpan().SequenceEqual(value));
        _client.Tell((f, id) => RequestWriter.GetStream(f, id, "any"u8, uint.MaxValue));
        ReceivedReply opening = _client.Read();
        Assert.Equal(length, Opening(opening).Length);
        Assert.Equal(length > 0, opening.HasMore);
        Assert.True(ReadPieces(length).AsSpan().SequenceEqual(value));
        _client.CheckServed();
    }

    [Theory]
    [InlineData(100, 500)]
    [InlineData(100_000, 500)]
    [InlineData(100_000, 99_900)]
    [InlineData(100_000, 0)]
    public void Part_of_a_value_can_be_read(int total, int length)
    {
        byte[] value = Store("part", total);
        int start = total / 10;
        int expected = length == 0 ? total - start : Math.Min(length, total - start);
        _client.Tell((f, id) => RequestWriter.GetStream(f, id, "part"u8, uint.MaxValue, (ulong)start, (ulong)length));
        Assert.Equal(total, Opening(_client.Read()).Length);
        Assert.True(ReadPieces(expected).AsSpan().SequenceEqual(value.AsSpan(start, expected)));
        _client.Tell((f, id) => RequestWriter.GetStream(f, id, "part"u8, 1, (ulong)total));
        Assert.False(_client.Read().HasMore);
        Assert.Equal(Status.RangeOutOfValue, _client.Ask((f, id) => RequestWriter.GetStream(f, id, "part"u8, 1, (ulong)total + 1)).Status);
        Assert.Equal(0, _client.Stats()["streams_open"]);
    }

    [Fact]
    public void Node_sends_no_more_than_credit_was_given()
    {
        byte[] value = Store("credit", 1_000_000);
        uint stream = _client.Tell((f, id) => RequestWriter.GetStream(f, id, "credit"u8, 0));
        Opening(_client.Read());
        int got = 0;
        for (int credit = 1; got < value.Length; credit *= 7)
        {
            Assert.Equal(Opcode.Ping, _client.Ping([1]).Opcode); // Nothing comes before new credit.
            int given = credit;
            _client.Tell((f, id) => RequestWriter.Credit(f, id, stream, (ulong)given));
            byte[] bytes = ReadPieces(Math.Min(given, value.Length - got), isWhole: got + given >= value.Length);
            Assert.True(bytes.AsSpan().SequenceEqual(value.AsSpan(got, bytes.Length)));
            got += bytes.Length;
        }

        _client.Tell((f, id) => RequestWriter.Credit(f, id, stream, 5));
        _client.Tell((f, id) => RequestWriter.Credit(f, id, 4_711, ulong.MaxValue));
        _client.CheckServed();
    }

    [Fact]
    public void Stream_that_is_read_keeps_its_version_when_the_key_changes()
    {
        byte[] value = Store("pinned", 2_000_000);
        byte[] small = TestClient.Bytes(50_000, 9);
        _client.Set("small pinned", small);
        uint large = _client.Tell((f, id) => RequestWriter.GetStream(f, id, "pinned"u8, 0));
        Opening(_client.Read());
        uint little = _client.Tell((f, id) => RequestWriter.GetStream(f, id, "small pinned"u8, 0));
        Opening(_client.Read());
        _client.Set("pinned", [1]);
        _client.Delete("small pinned");
        _client.Tell((f, id) => RequestWriter.Credit(f, id, little, ulong.MaxValue));
        Assert.True(ReadPieces(small.Length).AsSpan().SequenceEqual(small));
        _client.Tell((f, id) => RequestWriter.Credit(f, id, large, ulong.MaxValue));
        Assert.True(ReadPieces(value.Length).AsSpan().SequenceEqual(value));
        Assert.Equal([1], _client.Get("pinned").Value);
    }

    [Fact]
    public void Several_streams_share_a_connection()
    {
        byte[][] values = [.. Enumerable.Range(0, 8).Select(i => Store($"several {i}", 500_000 + i))];
        Dictionary<uint, (byte[] Value, int Got)> open = [];
        List<byte> requests = [];
        for (int i = 0; i < values.Length; i++)
        {
            byte[] key = TestClient.Key($"several {i}");
            uint id = 1_000_000 + (uint)i;
            requests.AddRange(_client.Frame(f => RequestWriter.GetStream(f, id, key, uint.MaxValue)));
            open[id] = (values[i], 0);
        }

        // Together, so that none has begun to send long before the others are there.
        _client.Send([.. requests]);

        HashSet<uint> beforeFirstEnd = [];
        bool hasEnded = false;
        while (open.Count > 0)
        {
            ReceivedReply reply = _client.Read();
            if (reply.HasVersion)
            {
                continue;
            }

            (byte[] value, int got) = open[reply.Id];
            Assert.True(reply.Value.AsSpan().SequenceEqual(value.AsSpan(got, reply.Value.Length)));
            open[reply.Id] = (value, got + reply.Value.Length);
            hasEnded |= !reply.HasMore;
            if (!reply.HasMore)
            {
                Assert.Equal(value.Length, open[reply.Id].Got);
                open.Remove(reply.Id);
            }

            if (!hasEnded)
            {
                beforeFirstEnd.Add(reply.Id);
            }
        }

        Assert.Equal(values.Length, beforeFirstEnd.Count);
    }

    [Fact]
    public void Stream_abandoned_by_closing_frees_what_it_held()
    {
        Store("abandoned", 10 << 20);
        using (TestClient gone = _node.Connect())
        {
            gone.Tell((f, id) => RequestWriter.SetBegin(f, id, "unfinished"u8, 20 << 20));
            Assert.Equal(Status.Ok, gone.Read().Status);
            gone.Tell((f, id) => RequestWriter.SetPiece(f, id, 1, new byte[PieceBytes], quiet: true));
            gone.Tell((f, id) => RequestWriter.SetBegin(f, id, "short unfinished"u8, 10));
            Assert.Equal(Status.Ok, gone.Read().Status);
            gone.Tell((f, id) => RequestWriter.GetStream(f, id, "abandoned"u8, 1_000));
            Opening(gone.Read());
            Assert.Equal(3, _client.Stats()["streams_open"]);
        }

        for (int tries = 0; _client.Stats()["streams_open"] > 0; tries++)
        {
            Assert.True(tries < 500, "the streams stay open");
            Thread.Sleep(10);
        }

        Assert.Equal(Status.NotFound, _client.Get("unfinished").Status);
        Assert.Equal(Status.Ok, _client.Delete("abandoned").Status);
    }

    [Fact]
    public void Slow_reader_of_a_stream_holds_up_nobody_and_loses_nothing()
    {
        byte[] value = Store("slow", 30 << 20);
        using TestClient slow = _node.Connect();
        slow.Tell((f, id) => RequestWriter.GetStream(f, id, "slow"u8, uint.MaxValue));
        for (int i = 0; i < 20; i++)
        {
            Thread.Sleep(10);
            _client.CheckServed();
        }

        Assert.Equal(value.Length, Opening(slow.Read()).Length);
        Assert.True(ReadPieces(value.Length, slow).AsSpan().SequenceEqual(value));
        slow.CheckServed();
    }

    [Fact]
    public void Client_that_shuts_its_sending_side_gets_the_rest_of_its_streams()
    {
        byte[] value = Store("half", 5 << 20);
        using TestClient half = _node.Connect();
        half.Tell((f, id) => RequestWriter.GetStream(f, id, "half"u8, uint.MaxValue));
        half.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        Opening(half.Read());
        Assert.True(ReadPieces(value.Length, half).AsSpan().SequenceEqual(value));
        Assert.Null(half.ReadOrEnd());
    }

    [Fact]
    public void Cancelled_stream_sends_nothing_more()
    {
        Store("cancelled", 1_000_000);
        uint stream = _client.Tell((f, id) => RequestWriter.GetStream(f, id, "cancelled"u8, 100));
        Opening(_client.Read());
        Assert.Equal(100, _client.Read().Value.Length);
        Assert.Equal(Status.Ok, _client.Ask((f, id) => RequestWriter.StreamCancel(f, id, stream)).Status);
        _client.Tell((f, id) => RequestWriter.Credit(f, id, stream, 1_000));
        Assert.Equal(Status.NoSuchStream, _client.Ask((f, id) => RequestWriter.StreamCancel(f, id, stream)).Status);
        _client.CheckServed();
        Assert.Equal(Status.NotFound, _client.Ask((f, id) => RequestWriter.GetStream(f, id, "not there"u8, 1)).Status);
    }

    [Fact]
    public void Aborted_value_leaves_what_was_there()
    {
        foreach (int length in (int[])[10, 1_000_000])
        {
            _client.Set("aborted", [1]);
            uint stream = Begin("aborted", length);
            Assert.Equal(Status.Ok, _client.Ask((f, id) => RequestWriter.SetPiece(f, id, stream, new byte[10])).Status);
            Assert.Equal(Status.Ok, _client.Ask((f, id) => RequestWriter.SetAbort(f, id, stream)).Status);
            Assert.Equal(Status.NoSuchStream, _client.Ask((f, id) => RequestWriter.SetCommit(f, id, stream)).Status);
            Assert.Equal([1], _client.Get("aborted").Value);
        }
    }

    [Fact]
    public void Commit_decides_by_the_conditions_of_the_beginning()
    {
        foreach (int length in (int[])[5, 100_000])
        {
            _client.Delete("conditional");
            uint stream = Begin("conditional", length, new SetTerms(Mode: SetMode.IfAbsent));
            Assert.Equal(Status.StreamIncomplete, _client.Ask((f, id) => RequestWriter.SetCommit(f, id, stream)).Status);
            for (int sent = 0; sent < length; sent += PieceBytes)
            {
                byte[] piece = new byte[Math.Min(PieceBytes, length - sent)];
                _client.Tell((f, id) => RequestWriter.SetPiece(f, id, stream, piece, quiet: true));
            }

            _client.Set("conditional", [1]);
            Assert.Equal(Status.Exists, _client.Ask((f, id) => RequestWriter.SetCommit(f, id, stream)).Status);
            Assert.Equal(Status.NoSuchStream, _client.Ask((f, id) => RequestWriter.SetCommit(f, id, stream)).Status);
            Assert.Equal([1], _client.Get("conditional").Value);
        }

        Assert.Equal(
            Status.Exists,
            _client.Ask((f, id) => RequestWriter.SetBegin(f, id, "conditional"u8, 100_000, new(Mode: SetMode.IfAbsent))).Status);
    }

    [Fact]
    public void Rules_of_streams_are_told_when_they_are_broken()
    {
        uint stream = Begin("rules", 100);
        Assert.Equal(Status.StreamIdInUse, _client.Call(f => RequestWriter.SetBegin(f, stream, "other"u8, 5)).Status);
        Assert.Equal(Status.StreamIdInUse, _client.Call(f => RequestWriter.GetStream(f, stream, "other"u8, 5)).Status);
        Assert.Equal(Status.NoSuchStream, _client.Ask((f, id) => RequestWriter.StreamCancel(f, id, stream)).Status);
        Assert.Equal(Status.NoSuchStream, _client.Ask((f, id) => RequestWriter.SetPiece(f, id, stream + 100, [])).Status);
        ReceivedReply tooMuch = _client.Ask((f, id) => RequestWriter.SetPiece(f, id, stream, new byte[101], quiet: true));
        Assert.Equal((Status.RangeOutOfValue, SessionFault.PieceOutOfValue), (tooMuch.Status, tooMuch.Text));
        Assert.Equal(Status.NoSuchStream, _client.Ask((f, id) => RequestWriter.SetPiece(f, id, stream, [], quiet: true)).Status);
        Assert.Equal(Status.ValueTooLarge, _client.Ask((f, id) => RequestWriter.SetBegin(f, id, "rules"u8, 1UL << 40)).Status);
        Assert.Equal(Status.ValueTooLarge, _client.Ask((f, id) => RequestWriter.SetBegin(f, id, "rules"u8, ulong.MaxValue)).Status);
        for (int i = 0; i < 16; i++)
        {
            Begin($"rules {i}", i * 10_000);
        }

        Assert.Equal(Status.TooManyOpen, _client.Ask((f, id) => RequestWriter.SetBegin(f, id, "rules"u8, 1)).Status);
        Assert.Equal(Status.TooManyOpen, _client.Ask((f, id) => RequestWriter.GetStream(f, id, "rules"u8, 1)).Status);
        Assert.Equal(16, _client.Stats()["streams_open"]);
        _client.CheckServed();
    }

    [Theory]
    [InlineData(1_000)]
    [InlineData(1_000_000)]
    public void Streams_that_stand_still_are_ended_and_the_connection_goes_on(int length)
    {
        using RunningNode node = RunningNode.Start(_backend, "--stream-timeout", "1");
        using TestClient client = node.Connect();
        client.Set("read", TestClient.Bytes(length, 1));
        uint writing = client.Tell((f, id) => RequestWriter.SetBegin(f, id, "written"u8, (ulong)length));
        Assert.Equal(Status.Ok, client.Read().Status);
        uint reading = client.Tell((f, id) => RequestWriter.GetStream(f, id, "read"u8, 100));
        Assert.Equal(length, Opening(client.Read()).Length);
        Assert.Equal(100, client.Read().Value.Length);
        Assert.Equal(2, client.Stats()["streams_open"]);

        ReceivedReply[] ends = [.. new[] { client.Read(), client.Read() }.OrderBy(reply => reply.Opcode)];
        Assert.Equal([(Opcode.SetBegin, writing), (Opcode.GetStream, reading)], ends.Select(reply => (reply.Opcode, reply.Id)));
        Assert.All(ends, reply => Assert.Equal((Status.StreamTimedOut, SessionFault.StreamTimedOut, false), (reply.Status, reply.Text, reply.HasMore)));

        Dictionary<string, long> stats = client.Stats();
        Assert.Equal((0, 2), (stats["streams_open"], stats["stream_timeouts"]));
        Assert.Equal(Status.NoSuchStream, client.Ask((f, id) => RequestWriter.SetPiece(f, id, writing, [1])).Status);
        Assert.Equal(Status.NoSuchStream, client.Ask((f, id) => RequestWriter.StreamCancel(f, id, reading)).Status);
        Assert.Equal(Status.NotFound, client.Get("written").Status);
        client.CheckServed();
    }

    [Fact]
    public void Streams_that_move_slowly_but_steadily_are_not_ended()
    {
        const int steps = 14;
        using RunningNode node = RunningNode.Start(_backend, "--stream-timeout", "2");
        using TestClient client = node.Connect();
        byte[] value = TestClient.Bytes(steps, 1);
        client.Set("read", value);
        uint writing = client.Tell((f, id) => RequestWriter.SetBegin(f, id, "written"u8, steps));
        Assert.Equal(Status.Ok, client.Read().Status);
        uint reading = client.Tell((f, id) => RequestWriter.GetStream(f, id, "read"u8, 0));
        Assert.Equal(steps, Opening(client.Read()).Length);
        for (int step = 0; step < steps; step++)
        {
            Thread.Sleep(250);
            int from = step;
            Assert.Equal(Status.Ok, client.Ask((f, id) => RequestWriter.SetPiece(f, id, writing, value.AsSpan(from, 1))).Status);
            client.Tell((f, id) => RequestWriter.Credit(f, id, reading, 1));
            Assert.Equal([value[step]], client.Read().Value);
        }

        Assert.Equal(Status.Ok, client.Ask((f, id) => RequestWriter.SetCommit(f, id, writing)).Status);
        Assert.Equal(value, client.Get("written").Value);
        Assert.Equal(0, client.Stats()["stream_timeouts"]);
    }

    private static (ulong Version, long Length) Opening(ReceivedReply reply)
    {
        Assert.Equal((Opcode.GetStream, Status.Ok, true), (reply.Opcode, reply.Status, reply.HasVersion));
        return (reply.Version, BinaryPrimitives.ReadInt64LittleEndian(reply.Value));
    }

    private uint Begin(string key, long length, SetTerms terms = default)
    {
        uint stream = _client.Tell((f, id) => RequestWriter.SetBegin(f, id, TestClient.Key(key), (ulong)length, terms));
        ReceivedReply reply = _client.Read();
        Assert.Equal((Opcode.SetBegin, Status.Ok, stream), (reply.Opcode, reply.Status, reply.Id));
        return stream;
    }

    private byte[] Store(string key, int length)
    {
        byte[] value = TestClient.Bytes(length, length);
        uint stream = Begin(key, length);
        for (int sent = 0; sent < length; sent += PieceBytes)
        {
            int from = sent;
            _client.Tell((f, id) => RequestWriter.SetPiece(
                f, id, stream, value.AsSpan(from, Math.Min(PieceBytes, length - from)), quiet: true));
        }

        Assert.Equal(Status.Ok, _client.Ask((f, id) => RequestWriter.SetCommit(f, id, stream)).Status);
        return value;
    }

    private byte[] ReadPieces(int length, TestClient? client = null, bool isWhole = true)
    {
        byte[] bytes = new byte[length];
        int got = 0;
        while (got < length)
        {
            ReceivedReply piece = (client ?? _client).Read();
            Assert.Equal((Opcode.GetStream, Status.Ok), (piece.Opcode, piece.Status));
            piece.Value.CopyTo(bytes, got);
            got += piece.Value.Length;
            Assert.Equal(got < length || !isWhole, piece.HasMore);
        }

        return bytes;
    }
}
