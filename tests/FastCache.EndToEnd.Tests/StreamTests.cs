using System.Diagnostics;
using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests;

/// <summary>Requests as a stream: pipelines, splits, large values, readers that are slow.</summary>
public abstract class StreamTests(NodeFixture fixture) : IDisposable
{
    private readonly TestClient _client = fixture.Node.Connect();

    public void Dispose()
    {
        _client.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void A_pipeline_of_thousands_of_requests_in_one_write_is_answered_in_order()
    {
        const int requests = 20_000;
        using MemoryStream pipeline = new();
        for (uint i = 0; i < requests; i++)
        {
            byte[] key = TestClient.Key($"pipe {i % 100}");
            uint id = i;
            pipeline.Write(_client.Frame(frame => id % 4 == 0
                ? RequestWriter.Set(frame, id, key, BitConverter.GetBytes(id))
                : RequestWriter.Get(frame, id, key)));
        }

        Background sending = new(() => _client.Send(pipeline.ToArray()));
        uint[] values = new uint[100];
        for (uint i = 0; i < requests; i++)
        {
            ReceivedReply reply = _client.Read();
            Assert.Equal(i, reply.Id);
            if (i % 4 == 0)
            {
                values[i % 100] = i;
            }
            else if (reply.Status == Status.Ok)
            {
                Assert.Equal(values[i % 100], BitConverter.ToUInt32(reply.Value));
            }

            Assert.True(reply.Status == Status.Ok || i % 100 % 4 != 0, $"request {i}: {reply.Status}");
        }

        Assert.True(sending.Ends(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void A_client_that_shuts_its_sending_side_still_gets_all_its_replies()
    {
        const int requests = 200;
        byte[] value = TestClient.Bytes(100 << 10, 4);
        _client.Set("half", value);
        using TestClient client = fixture.Node.Connect();
        using MemoryStream pipeline = new();
        for (uint i = 0; i < requests; i++)
        {
            pipeline.Write(client.Frame(frame => RequestWriter.Get(frame, i, TestClient.Key("half"))));
        }

        client.Send(pipeline.ToArray());
        client.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        for (uint i = 0; i < requests; i++)
        {
            ReceivedReply reply = client.Read();
            Assert.Equal(i, reply.Id);
            Assert.True(reply.Value.AsSpan().SequenceEqual(value), $"request {i}");
        }

        Assert.Null(client.ReadOrEnd());
    }

    [Fact]
    public void A_frame_split_at_any_offset_is_one_request()
    {
        using TestClient other = fixture.Node.Connect();
        ReadOnlyMemory<byte>[] keys = [TestClient.Key("split"), TestClient.Key("no split")];
        byte[][] frames =
        [
            _client.Frame(frame => RequestWriter.Set(frame, 1, keys[0].Span, [1, 2, 3, 4, 5], timeToLiveMillis: 60_000)),
            _client.Frame(frame => RequestWriter.Get(frame, 2, keys[0].Span)),
            _client.Frame(frame => RequestWriter.BatchGet(frame, 3, keys)),
            _client.Frame(frame => RequestWriter.Ping(frame, 4, [7, 8])),
        ];
        foreach (byte[] frame in frames)
        {
            for (int cut = 1; cut < frame.Length; cut++)
            {
                _client.Send(frame.AsSpan(0, cut));
                // Answered on the other connection, so the first part was there before: no delay could be more certain.
                other.Ping([]);
                _client.Send(frame.AsSpan(cut));
                ReceivedReply reply = _client.Read();
                Assert.Equal((Status.Ok, (uint)frame[8]), (reply.Status, reply.Id));
                Assert.True(reply.Opcode is not (Opcode.Get or Opcode.BatchGet) || reply.Value is [1, 2, 3, 4, 5]);
                Assert.True(reply.Opcode != Opcode.BatchGet || _client.Read() is { Status: Status.NotFound, IsLast: true });
            }
        }
    }

    [Fact]
    public void A_frame_of_single_bytes_is_one_request()
    {
        using TestClient other = fixture.Node.Connect();
        foreach (byte single in _client.Frame(frame => RequestWriter.Ping(frame, 4, [7, 8])))
        {
            _client.Send([single]);
            other.Ping([]);
        }

        Assert.Equal([7, 8], _client.Read().Value);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100 << 10)]
    [InlineData(TestClient.MaxValueBytes)]
    public void Values_of_every_size_come_back(int length)
    {
        byte[] value = TestClient.Bytes(length, length);
        Assert.Equal(Status.Ok, _client.Set("sized", value).Status);
        Assert.True(_client.Get("sized").Value.AsSpan().SequenceEqual(value));
        Assert.Equal(Status.Ok, _client.Delete("sized").Status);
    }

    [Theory]
    [InlineData(TestClient.MaxValueBytes + 1)]
    [InlineData(2 << 20)]
    public void A_value_that_is_too_large_is_refused_and_the_connection_lives_on(int length)
    {
        long before = _client.Stats()["values_refused"];
        _client.Set("large", [1]);
        byte[] frame = _client.Frame(frame => RequestWriter.Set(frame, 5, TestClient.Key("large"), new byte[length]));
        byte[] ping = _client.Frame(frame => RequestWriter.Ping(frame, 6));
        _client.Send([.. frame, .. ping]);
        ReceivedReply reply = _client.Read();
        Assert.Equal((Opcode.Set, Status.ValueTooLarge, 5u), (reply.Opcode, reply.Status, reply.Id));
        Assert.Contains("1048576", reply.Text, StringComparison.Ordinal);
        Assert.Equal(6u, _client.Read().Id);
        Assert.Equal([1], _client.Get("large").Value);
        Assert.Equal(1, _client.Stats()["values_refused"] - before);
    }

    [Fact]
    public void The_longest_skippable_body_is_skipped()
    {
        byte[] header = _client.Frame(frame => RequestWriter.Set(frame, 5, TestClient.Key("k"), []))[..16];
        BitConverter.TryWriteBytes(header.AsSpan(4), FcpLimits.MaxSkippableBodyBytes);
        _client.Send(header);
        Assert.Equal(Status.ValueTooLarge, _client.Read().Status);
        byte[] megabyte = new byte[1 << 20];
        megabyte.AsSpan().Fill(FcpLimits.RequestMagic);
        for (int i = 0; i < 64; i++)
        {
            _client.Send(megabyte);
        }

        _client.CheckServed();
    }

    [Fact]
    public void The_frame_timeout_does_not_count_against_a_peer_that_is_slow_to_read()
    {
        const int requests = 200;
        using RunningNode node = RunningNode.Start(fixture.Backend, "--frame-timeout", "1");
        using TestClient slow = node.Connect();
        byte[] value = TestClient.Bytes(500_000, 1);
        Assert.Equal(Status.Ok, slow.Set("large", value).Status);
        for (uint i = 0; i < requests; i++)
        {
            slow.Send(slow.Frame(frame => RequestWriter.Get(frame, i, TestClient.Key("large"))));
        }

        // It reads some, so that the node goes on with the requests it has put aside, and stops again for longer than a
        // frame may take. Every one of its requests is whole.
        ReadReplies(0, 60);
        Stopwatch clock = Stopwatch.StartNew();
        using TestClient other = node.Connect();
        while (clock.Elapsed < TimeSpan.FromSeconds(3.5))
        {
            other.CheckServed();
            Thread.Sleep(50);
        }

        ReadReplies(60, requests);

        void ReadReplies(uint first, uint end)
        {
            for (uint i = first; i < end; i++)
            {
                ReceivedReply reply = slow.Read();
                Assert.Equal(i, reply.Id);
                Assert.True(value.AsSpan().SequenceEqual(reply.Value));
            }
        }
    }

    [Fact]
    public void A_slow_reader_of_large_batches_gets_every_byte_right()
    {
        const int keyCount = 24;
        const int batches = 12;
        byte[][] values = [.. Enumerable.Range(0, keyCount).Select(i => TestClient.Bytes((i * 37_000) + 1_000, i))];
        ReadOnlyMemory<byte>[] keys = [.. Enumerable.Range(0, keyCount).Select(i => (ReadOnlyMemory<byte>)TestClient.Key($"slow {i}"))];
        for (int i = 0; i < keyCount; i++)
        {
            Assert.Equal(Status.Ok, _client.Set($"slow {i}", values[i]).Status);
        }

        using TestClient other = fixture.Node.Connect();
        for (uint batch = 0; batch < batches; batch++)
        {
            _client.Send(_client.Frame(frame => RequestWriter.BatchGet(frame, batch, keys)));
        }

        for (uint i = 0; i < batches * keyCount; i++)
        {
            if (i % 4 == 0)
            {
                other.CheckServed();
            }

            ReceivedReply reply = _client.Read();
            Assert.Equal((i / keyCount, i % keyCount), (reply.Id, reply.Argument));
            Assert.True(reply.Value.AsSpan().SequenceEqual(values[i % keyCount]), $"reply {i}");
        }
    }

    [Fact]
    public void A_client_that_sends_far_ahead_of_its_reading_is_slowed_down_and_not_cut_off()
    {
        const int requests = 200_000;
        byte[] payload = TestClient.Bytes(FcpLimits.MaxPingBytes, 3);
        Background sending = new(() =>
        {
            byte[] ping = new byte[FcpLimits.HeaderBytes + payload.Length];
            using MemoryStream some = new();
            for (uint i = 0; i < requests; i++)
            {
                RequestWriter.Ping(ping, i, payload);
                some.Write(ping);
                if (some.Length > 1 << 20 || i == requests - 1)
                {
                    _client.Send(some.GetBuffer().AsSpan(0, (int)some.Length));
                    some.SetLength(0);
                }
            }
        });
        // The node must have stopped reading before the first reply is read.
        Assert.False(sending.Ends(TimeSpan.FromSeconds(1)));
        for (uint i = 0; i < requests; i++)
        {
            ReceivedReply reply = _client.Read();
            Assert.Equal(i, reply.Id);
            Assert.True(reply.Value.AsSpan().SequenceEqual(payload));
        }

        Assert.True(sending.Ends(TimeSpan.FromSeconds(10)));
    }
}
