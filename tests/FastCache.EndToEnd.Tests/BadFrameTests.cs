using System.Net.Sockets;
using System.Text;
using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests;

/// <summary>Bad input on one connection: the error frame arrives, and another connection is served as before.</summary>
/// <remarks>
/// Every try is a fresh connection: hello and frame in one write, then the client ends its side and reads to the end. What
/// must come follows from the protocol's own decoder, which has its tests against a plain one.
/// </remarks>
public abstract class BadFrameTests : IDisposable
{
    private const uint Id = 0x01020304;
    private const int ConnectionsAtOnce = 64;
    private static readonly ProtocolLimits Limits = new(250, TestClient.MaxValueBytes, 1024);
    private static readonly byte[] Hello = Frame(frame => RequestWriter.Hello(frame, Id));

    private readonly NodeFixture _fixture;
    private readonly TestClient _other;

    protected BadFrameTests(NodeFixture fixture)
    {
        _fixture = fixture;
        _other = fixture.Node.Connect();
        _other.Set("good", [42]);
    }

    private static readonly Opcode[] Keyed =
    [
        Opcode.Get, Opcode.Set, Opcode.Delete, Opcode.Touch, Opcode.GetRange, Opcode.LeaseGet, Opcode.LeaseRelease,
        Opcode.MakeStale, Opcode.Count, Opcode.Append, Opcode.Prepend, Opcode.SetBegin, Opcode.GetStream,
    ];

    private static readonly Opcode[] All =
    [
        Opcode.Hello, Opcode.Ping, Opcode.Stats, Opcode.Topology, Opcode.Cluster, Opcode.Scan, Opcode.BatchGet, Opcode.BatchSet,
        Opcode.SetPiece, Opcode.SetCommit, Opcode.SetAbort, Opcode.Credit, Opcode.StreamCancel, Opcode.Track, .. Keyed,
    ];

    public static TheoryData<Opcode> Opcodes => [.. All];

    public void Dispose()
    {
        _other.Dispose();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [MemberData(nameof(Opcodes))]
    public void Every_header_byte_of_every_opcode_may_have_any_value(Opcode opcode)
    {
        byte[] good = Good(opcode);
        List<byte[]> frames = [];
        for (int offset = 0; offset < FcpLimits.HeaderBytes; offset++)
        {
            // The four bytes of the id may be anything; one value of each is enough. Opcode, flags and key length: all.
            int step = offset is >= 8 and < 12 ? 255 : offset is >= 1 and <= 3 ? 1 : 5;
            for (int value = 0; value < 256; value += step)
            {
                byte[] frame = [.. good];
                frame[offset] = (byte)value;
                frames.Add(frame);
            }
        }

        CheckAll(opcode == Opcode.Hello ? [] : Hello, frames);
    }

    [Theory]
    [MemberData(nameof(Opcodes))]
    public void A_frame_cut_at_any_offset_ends_with_its_connection(Opcode opcode)
    {
        byte[] good = Good(opcode);
        CheckAll(opcode == Opcode.Hello ? [] : Hello, [.. Enumerable.Range(0, good.Length).Select(cut => good[..cut])]);
    }

    [Fact]
    public void Lengths_up_to_4_GiB_are_refused_or_waited_for_but_never_believed()
    {
        List<byte[]> frames = [];
        foreach (Opcode opcode in All)
        {
            foreach (uint length in (uint[])[uint.MaxValue, uint.MaxValue - 15, 1u << 31, (1u << 31) - 1, (64u << 20) + 1, 64u << 20, 1u << 20])
            {
                byte[] frame = Good(opcode);
                BitConverter.TryWriteBytes(frame.AsSpan(4), length);
                frames.Add(frame);
            }
        }

        CheckAll(Hello, frames);
    }

    [Fact]
    public void Keys_of_length_0_and_251_to_255_are_refused()
    {
        List<byte[]> frames = [];
        foreach (int length in (int[])[0, 251, 252, 253, 254, 255])
        {
            foreach (Opcode opcode in Keyed)
            {
                byte[] frame = [.. Good(opcode)[..16], .. new byte[length]];
                (frame[2], frame[3], frame[4]) = (0, (byte)length, (byte)length);
                (frame[5], frame[6], frame[7]) = (0, 0, 0);
                frames.Add(frame);
            }

            byte[] batch = Frame(frame => RequestWriter.BatchGet(frame, Id, [new byte[100], new byte[250], new byte[250]]));
            batch[117] = (byte)length;
            frames.Add(batch);
            byte[] entries = Good(Opcode.BatchSet);
            entries[24] = (byte)length;
            frames.Add(entries);
        }

        Assert.All(frames, frame => Assert.Equal(Status.BadKeyLength, Expected(frame).Status));
        CheckAll(Hello, frames);
    }

    [Fact]
    public void Bodies_that_break_their_rules_are_refused()
    {
        List<byte[]> frames = [];
        foreach (ulong timeToLive in (ulong[])[0, FcpLimits.MaxTimeToLiveMillis + 1, ulong.MaxValue])
        {
            foreach (Opcode opcode in (Opcode[])[Opcode.Set, Opcode.Touch, Opcode.Count, Opcode.BatchSet, Opcode.SetBegin])
            {
                byte[] frame = Good(opcode);
                BitConverter.TryWriteBytes(frame.AsSpan(16), timeToLive);
                frames.Add(frame);
            }

            byte[] limit = Good(Opcode.SetBegin);
            BitConverter.TryWriteBytes(limit.AsSpan(24), timeToLive);
            frames.Add(limit);
        }

        foreach ((Opcode opcode, int offset) in ((Opcode, int)[])[(Opcode.SetBegin, 32), (Opcode.LeaseRelease, 16)])
        {
            byte[] frame = Good(opcode);
            frame.AsSpan(offset, 8).Clear();
            frames.Add(frame);
        }

        Assert.All(frames, frame => Assert.Equal(Status.Malformed, Expected(frame).Status));
        byte[] entries = Good(Opcode.BatchSet);
        for (int value = 0; value < 256; value++)
        {
            for (int offset = 24; offset < 29; offset++)
            {
                byte[] frame = [.. entries];
                frame[offset] = (byte)value;
                frames.Add(frame);
            }
        }

        byte[] batch = Good(Opcode.BatchGet);
        for (int keyLength = 0; keyLength < 256; keyLength++)
        {
            byte[] frame = [.. batch];
            frame[16] = (byte)keyLength;
            frames.Add(frame);
        }

        CheckAll(Hello, frames);
    }

    [Fact]
    public void Other_protocols_are_told_what_this_port_speaks()
    {
        byte[][] openings =
        [
            "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), "*1\r\n$4\r\nPING\r\n"u8.ToArray(), "get key\r\n"u8.ToArray(),
            [0x16, 0x03, 0x01, 0x02, 0x00], [0x80], [0x00], [FcpLimits.ReplyMagic], TestClient.Bytes(100_000, 1),
        ];
        CheckAll([], openings);
        CheckAll(Hello, openings);
        using TestClient client = new(_fixture.Node.EndPoint, hello: false);
        client.Send(openings[0]);
        ReceivedReply reply = client.Read();
        Assert.Equal((Opcode.Error, Status.Malformed, 0u), (reply.Opcode, reply.Status, reply.Id));
        Assert.Contains("FCP", reply.Text, StringComparison.Ordinal);
        Assert.Null(client.ReadOrEnd());
    }

    [Fact]
    public void A_value_sent_before_hello_or_after_a_bad_frame_is_not_stored()
    {
        byte[] set = Frame(frame => RequestWriter.Set(frame, Id, TestClient.Key("intruder"), [1]));
        Check([], set, new(Status.HandshakeRequired, Id, SessionFault.HandshakeRequired, 1));
        Check([], [.. Hello, .. Hello, .. set], new(Status.Malformed, Id, SessionFault.RepeatedHello, 2));
        byte[] unknown = [.. set];
        unknown[1] = 0x7F;
        Check(Hello, [.. unknown, .. set], Expected(unknown));
        byte[] tooLarge = Frame(frame => RequestWriter.Set(frame, Id, TestClient.Key("intruder"), []));
        BitConverter.TryWriteBytes(tooLarge.AsSpan(4), 2 << 20);
        Check([], tooLarge, new(Status.HandshakeRequired, Id, SessionFault.HandshakeRequired, 1));
        Assert.Equal(Status.NotFound, _other.Get("intruder").Status);
    }

    [Fact]
    public void Other_versions_are_told_which_one_the_node_speaks()
    {
        foreach (ushort version in (ushort[])[0, 2, 256, 65535])
        {
            byte[] hello = Frame(frame => RequestWriter.Hello(frame, Id, new HelloRequest(version, 0)));
            Assert.Equal(Status.UnsupportedVersion, Expected(hello).Status);
            CheckAll([], [hello]);
        }

        byte[] shard = [.. Hello];
        shard[18] = 9;
        CheckAll([], [shard]);
    }

    [Fact]
    public void The_error_arrives_although_the_peer_goes_on_sending()
    {
        using TestClient client = _fixture.Node.Connect();
        byte[] bad = Good(Opcode.Get);
        bad[2] = 0xFF;
        client.Send([.. bad, .. TestClient.Bytes(3 << 20, 9)]);
        ReceivedReply reply = client.Read();
        Assert.Equal((Opcode.Error, Status.Malformed, Id), (reply.Opcode, reply.Status, reply.Id));
        Assert.Contains("flags of Get are 0xFF", reply.Text, StringComparison.Ordinal);
        Assert.Null(client.ReadOrEnd());
        _other.CheckServed();
    }

    /// <summary>What must come: the status and text of the last frame, and how many frames in all; Ok: nothing fatal.</summary>
    /// <param name="Status">Of the last frame, if it is fatal.</param>
    /// <param name="LastId">Its id.</param>
    /// <param name="Text">Its text.</param>
    /// <param name="Replies">How many frames come at least.</param>
    /// <param name="Optional">How many more may come: what quiet requests say, and pieces.</param>
    private sealed record Outcome(Status Status, uint LastId, string Text, int Replies, int Optional = 0)
    {
        /// <summary>Whether there is a whole valid request.</summary>
        public bool HasRequest { get; init; }
    }

    /// <summary>A valid frame that changes nothing which others rely on.</summary>
    private static byte[] Good(Opcode opcode)
    {
        byte[] key = TestClient.Key("bad:key");
        return opcode switch
        {
            Opcode.Hello => [.. Hello],
            Opcode.Ping => Frame(frame => RequestWriter.Ping(frame, Id, [1, 2, 3, 4, 5])),
            Opcode.Stats => Frame(frame => RequestWriter.Stats(frame, Id)),
            Opcode.Get => Frame(frame => RequestWriter.Get(frame, Id, key, returnVersion: true)),
            Opcode.BatchGet => Frame(frame => RequestWriter.BatchGet(frame, Id, [key, new byte[] { 1 }, key])),
            Opcode.Set => Frame(frame => RequestWriter.Set(
                frame, Id, key, new byte[20], timeToLiveMillis: 60_000, SetMode.IfVersion, expectedVersion: 5, returnVersion: true)),
            Opcode.Delete => Frame(frame => RequestWriter.Delete(frame, Id, key, 5)),
            Opcode.Touch => Frame(frame => RequestWriter.Touch(frame, Id, key, 60_000)),
            Opcode.Topology => Frame(frame => RequestWriter.Topology(frame, Id)),
            Opcode.Cluster => Frame(frame => RequestWriter.Cluster(frame, Id, 0)),
            Opcode.Scan => Frame(frame => RequestWriter.Scan(frame, Id, 0, 100, key)),
            Opcode.GetRange => Frame(frame => RequestWriter.GetRange(frame, Id, key, 2, 5)),
            Opcode.LeaseGet => Frame(frame => RequestWriter.LeaseGet(frame, Id, key, 5)),
            Opcode.LeaseRelease => Frame(frame => RequestWriter.LeaseRelease(frame, Id, key, 77)),
            Opcode.MakeStale => Frame(frame => RequestWriter.MakeStale(frame, Id, key)),
            Opcode.Count => Frame(frame => RequestWriter.Count(
                frame, Id, key, 1, CountExtras.Checked, initial: 5, initialTimeToLiveMillis: 60_000)),
            Opcode.Append => Frame(frame => RequestWriter.Append(frame, Id, key, [1, 2])),
            Opcode.Prepend => Frame(frame => RequestWriter.Prepend(frame, Id, key, [1, 2])),
            Opcode.BatchSet => Frame(frame => Entries(frame, key)),
            Opcode.SetBegin => Frame(frame => RequestWriter.SetBegin(frame, Id, key, 10, new SetTerms(60_000)
            {
                Sliding = true,
                SlidingLimitMillis = 90_000,
                LeaseToken = 5,
                KeepStale = true,
            })),
            Opcode.SetPiece => Frame(frame => RequestWriter.SetPiece(frame, Id, 1, [1, 2, 3])),
            Opcode.SetCommit => Frame(frame => RequestWriter.SetCommit(frame, Id, 1)),
            Opcode.SetAbort => Frame(frame => RequestWriter.SetAbort(frame, Id, 1)),
            Opcode.GetStream => Frame(frame => RequestWriter.GetStream(frame, Id, key, 1_000)),
            Opcode.Credit => Frame(frame => RequestWriter.Credit(frame, Id, 1, 5)),
            Opcode.StreamCancel => Frame(frame => RequestWriter.StreamCancel(frame, Id, 1)),
            Opcode.Track => Frame(frame => RequestWriter.Track(frame, Id, on: true)),
            _ => throw new InvalidOperationException($"{opcode}"),
        };
    }

    private static int Entries(Span<byte> frame, byte[] key)
    {
        BatchSetWriter batch = new(frame, Id, timeToLiveMillis: 60_000);
        batch.TryAdd(key, [1, 2, 3]);
        batch.TryAdd([1], []);
        return batch.Finish();
    }

    /// <summary>How many replies a valid request has at least, and how many more it may have.</summary>
    private static (int Replies, int Optional) RepliesTo(in Request request) => request.Opcode switch
    {
        Opcode.Credit => (0, 0),
        Opcode.GetStream => (1, 1),
        Opcode.BatchGet or Opcode.BatchSet when request.IsQuiet => (1, (int)request.Argument - 1),
        Opcode.BatchGet or Opcode.BatchSet => ((int)request.Argument, 0),
        _ => request.IsQuiet ? (0, 1) : (1, 0),
    };

    private static byte[] Frame(TestClient.Write write)
    {
        byte[] frame = new byte[4_096];
        return frame[..write(frame)];
    }

    /// <summary>What one frame alone, after a hello, must lead to.</summary>
    private static unsafe Outcome Expected(byte[] bytes)
    {
        fixed (byte* start = bytes)
        {
            ReadOnlySpan<byte> input = new(start, bytes.Length);
            DecodeResult result = RequestDecoder.Read(input, Limits, out Request request);
            switch (result)
            {
                case DecodeResult.Ok:
                    (int replies, int optional) = RepliesTo(request);
                    // The mutation may have left bytes behind the frame: they are the next one.
                    Outcome rest = Expected(bytes[request.FrameLength..]);
                    return rest with { Replies = replies + rest.Replies, Optional = optional + rest.Optional, HasRequest = true };
                case DecodeResult.ValueTooLarge:
                    return new(Status.Ok, request.Id, "", 1) { HasRequest = true };
                case DecodeResult.NeedMore:
                    return new(Status.Ok, 0, "", 0);
                default:
                    string text = RequestDecoder.Explain(input, Limits, out Status status, out uint id);
                    Assert.NotEmpty(text);
                    return new(status, id, text, 1);
            }
        }
    }

    private void CheckAll(byte[] opening, IReadOnlyList<byte[]> frames)
    {
        foreach (byte[][] batch in frames.Chunk(ConnectionsAtOnce))
        {
            TestClient[] clients = [.. batch.Select(_ => new TestClient(_fixture.Node.EndPoint, hello: false))];
            for (int i = 0; i < batch.Length; i++)
            {
                Begin(clients[i], [.. opening, .. batch[i]]);
            }

            _other.CheckServed();
            for (int i = 0; i < batch.Length; i++)
            {
                Outcome expected = Expected(batch[i]);
                bool isHello = opening.Length > 0 && batch[i].Length == Hello.Length && expected is { Status: Status.Ok, Replies: 1 } && batch[i][1] == (byte)Opcode.Hello;
                bool isEarly = opening.Length == 0 && expected is { Status: Status.Ok, HasRequest: true }
                    && batch[i][1] != (byte)Opcode.Hello;
                expected = isHello ? new(Status.Malformed, BitConverter.ToUInt32(batch[i], 8), SessionFault.RepeatedHello, 1)
                    : isEarly ? new(Status.HandshakeRequired, BitConverter.ToUInt32(batch[i], 8), SessionFault.HandshakeRequired, 1)
                    : expected;
                End(clients[i], expected with { Replies = expected.Replies + (opening.Length > 0 ? 1 : 0) }, Convert.ToHexString(batch[i].AsSpan(0, Math.Min(40, batch[i].Length))));
            }
        }
    }

    private void Check(byte[] opening, byte[] frame, Outcome expected)
    {
        using TestClient client = new(_fixture.Node.EndPoint, hello: false);
        Begin(client, [.. opening, .. frame]);
        End(client, expected with { Replies = expected.Replies + (opening.Length > 0 ? 1 : 0) }, Convert.ToHexString(frame));
        _other.CheckServed();
    }

    private static void Begin(TestClient client, byte[] bytes)
    {
        client.Send(bytes);
        client.Socket.Shutdown(SocketShutdown.Send);
    }

    private static void End(TestClient client, Outcome expected, string name)
    {
        using (client)
        {
            List<ReceivedReply> replies = [];
            while (client.ReadOrEnd() is ReceivedReply reply)
            {
                replies.Add(reply);
            }

            Assert.True(
                replies.Count >= expected.Replies && replies.Count <= expected.Replies + expected.Optional,
                $"{name}: {replies.Count} replies, not {expected.Replies} and up to {expected.Optional} more");
            bool isFatal = expected.Status != Status.Ok;
            foreach (ReceivedReply reply in isFatal ? replies.SkipLast(1) : replies)
            {
                Assert.False(reply.Status.IsFatal(), $"{name}: {reply.Status} {reply.Text}");
            }

            if (isFatal)
            {
                ReceivedReply reply = replies[^1];
                Assert.Equal((name, Opcode.Error, expected.Status), (name, reply.Opcode, reply.Status));
                Assert.Equal((name, expected.LastId, expected.Text), (name, reply.Id, reply.Text));
                Assert.InRange(Encoding.UTF8.GetByteCount(reply.Text), 1, FcpLimits.MaxErrorTextBytes);
            }
        }
    }
}
