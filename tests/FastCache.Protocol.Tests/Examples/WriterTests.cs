using System.Text;

namespace FastCache.Protocol.Tests.Examples;

public sealed class WriterTests
{
    private static readonly byte[] Buffer = new byte[4096];

    [Theory]
    [InlineData(0)]
    [InlineData(251)]
    public void Key_of_a_wrong_length_is_not_written(int length)
    {
        byte[] key = new byte[length];
        Assert.Throws<ArgumentOutOfRangeException>(() => RequestWriter.Get(Buffer, 1, key));
        Assert.Throws<ArgumentOutOfRangeException>(() => RequestWriter.Set(Buffer, 1, key, []));
        Assert.Throws<ArgumentOutOfRangeException>(() => RequestWriter.Delete(Buffer, 1, key));
        Assert.Throws<ArgumentOutOfRangeException>(() => RequestWriter.Touch(Buffer, 1, key));
        Assert.Throws<ArgumentOutOfRangeException>(() => RequestWriter.BatchGet(Buffer, 1, [key]));
    }

    [Fact]
    public void Request_that_no_node_accepts_is_not_written()
    {
        const ulong TooLong = FcpLimits.MaxTimeToLiveMillis + 1;
        Assert.Throws<ArgumentOutOfRangeException>(() => RequestWriter.Ping(Buffer, 1, new byte[257]));
        Assert.Throws<ArgumentOutOfRangeException>(() => RequestWriter.Touch(Buffer, 1, "k"u8, TooLong));
        Assert.Throws<ArgumentOutOfRangeException>(() => RequestWriter.Set(Buffer, 1, "k"u8, "v"u8, TooLong));
        Assert.Throws<ArgumentOutOfRangeException>(() => RequestWriter.Set(Buffer, 1, "k"u8, "v"u8, mode: (SetMode)4));
        Assert.Throws<ArgumentException>(() => RequestWriter.Set(Buffer, 1, "k"u8, "v"u8, expectedVersion: 1));
        Assert.Throws<InvalidOperationException>(() => RequestWriter.BatchGet(Buffer, 1, []));
    }

    [Fact]
    public void Terms_that_no_node_accepts_are_not_written()
    {
        SetTerms[] bad =
        [
            new(FcpLimits.MaxTimeToLiveMillis + 1), new(0, (SetMode)4), new(Version: 1), new() { Sliding = true },
            new(1) { SlidingLimitMillis = 1 }, new(1) { Sliding = true, SlidingLimitMillis = FcpLimits.MaxTimeToLiveMillis + 1 },
            new(0, SetMode.IfAbsent, 1) { IfNewer = true },
        ];
        Assert.All(bad, terms => Assert.ThrowsAny<ArgumentException>(() => RequestWriter.Set(Buffer, 1, "k"u8, "v"u8, terms)));
        Assert.All(bad, terms => Assert.ThrowsAny<ArgumentException>(() => RequestWriter.SetBegin(Buffer, 1, "k"u8, 1, terms)));
        SetTerms forCommit = new() { Quiet = true };
        Assert.Throws<ArgumentException>(() => RequestWriter.SetBegin(Buffer, 1, "k"u8, 1, forCommit));
    }

    [Fact]
    public void Numbers_that_no_node_accepts_are_not_written()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => RequestWriter.LeaseGet(Buffer, 1, "k"u8, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => RequestWriter.LeaseGet(Buffer, 1, "k"u8, 3_600_001));
        Assert.Throws<ArgumentOutOfRangeException>(() => RequestWriter.LeaseRelease(Buffer, 1, "k"u8, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => RequestWriter.SetPiece(Buffer, 1, 1, new byte[65_537]));
        Assert.Throws<ArgumentOutOfRangeException>(() => RequestWriter.Count(Buffer, 1, "k"u8, 1, CountExtras.HasInitial));
        Assert.Throws<ArgumentException>(() => RequestWriter.Count(Buffer, 1, "k"u8, 1, initialTimeToLiveMillis: 1));
        Assert.Throws<InvalidOperationException>(() => new BatchSetWriter(Buffer, 1).Finish());
    }

    [Fact]
    public void Error_text_is_cut_between_characters()
    {
        byte[] buffer = new byte[16 + FcpLimits.MaxErrorTextBytes];
        int length = ReplyWriter.WriteError(buffer, Opcode.Get, Status.Malformed, 9, "x" + new string('é', 400));
        Assert.Equal(16 + FcpLimits.MaxErrorTextBytes - 1, length);
        Assert.Equal(DecodeResult.Ok, ReplyDecoder.Read(buffer.AsSpan(0, length), out Reply reply));
        Assert.Equal((Opcode.Error, Status.Malformed, 9u), (reply.Opcode, reply.Status, reply.Id));
        Assert.Equal("x" + new string('é', 255), Encoding.UTF8.GetString(reply.Body));
    }

    [Fact]
    public void Error_text_is_cut_to_the_room_that_there_is()
    {
        byte[] buffer = new byte[18];
        Assert.Equal(18, ReplyWriter.WriteError(buffer, Opcode.Set, Status.OutOfMemory, 9, "full"));
        Assert.Equal((byte)Opcode.Set, buffer[1]);
        Assert.Throws<ArgumentException>(() => ReplyWriter.WriteError(buffer, Opcode.Set, Status.NotFound, 9, ""));
        Assert.Throws<ArgumentException>(
            () => ReplyWriter.WriteError(new byte[15], Opcode.Set, Status.OutOfMemory, 9, ""));
    }

    [Fact]
    public void Hello_reply_carries_the_limits_of_the_node()
    {
        HelloReply hello = HelloReply.Of(new ProtocolLimits(100, 5_000, 64), features: 6) with
        {
            Shard = 3,
            ShardCount = 4,
            MaxOpenStreams = 16,
            MaxStreamedValueBytes = 1UL << 33,
        };
        int length = ReplyWriter.WriteHello(Buffer, 5, hello);
        Assert.Equal(56, length);
        Assert.Equal(DecodeResult.Ok, ReplyDecoder.Read(Buffer.AsSpan(0, length), out Reply reply));
        Assert.Equal(hello, HelloReply.Read(reply.Body));
        Assert.Equal(new HelloReply(1, 6, 100, 5_000, 64, 64 << 20), HelloReply.Read(reply.Body[..24]));
    }

    [Fact]
    public void Versioned_reply_is_written_only_by_the_method_that_takes_the_version()
    {
        Assert.Throws<ArgumentException>(
            () => ReplyWriter.Write(Buffer, Opcode.Get, Status.Ok, 1, "value"u8, ReplyFlags.VersionPresent));
        Assert.Throws<ArgumentException>(() => ReplyWriter.WriteVersioned(new byte[23], Opcode.Get, Status.Ok, 1, 2));
        Assert.Throws<ArgumentException>(() => ReplyWriter.Write(new byte[15], Opcode.Get, Status.NotFound, 1));
    }
}
