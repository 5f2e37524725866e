using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace FastCache.Protocol.Tests.Examples;

public sealed class RequestDecoderTests : IDisposable
{
    private static readonly ProtocolLimits Limits = ProtocolLimits.Default;
    private readonly GuardedMemory _memory = new();

    public static TheoryData<Opcode> Opcodes => [.. PlainRequest.Opcodes];

    public void Dispose() => _memory.Dispose();

    [Fact]
    public void Request_is_small_and_holds_no_reference()
    {
        Assert.Equal(24, Unsafe.SizeOf<Request>());
        Assert.False(RuntimeHelpers.IsReferenceOrContainsReferences<Request>());
    }

    [Fact]
    public void Text_protocol_is_refused_at_its_first_byte()
    {
        Assert.Equal(DecodeResult.Fatal, RequestDecoder.Read(_memory.Place("G"u8), Limits, out _));
        string text = RequestDecoder.Explain(_memory.Place("G"u8), Limits, out Status status, out uint id);
        Assert.Equal("magic byte is 0x47, must be 0xFC: this port speaks FCP version 1", text);
        Assert.Equal((Status.Malformed, 0u), (status, id));
    }

    [Fact]
    public void Bad_header_is_refused_before_its_body_is_there()
    {
        byte[] frame = RequestOf(Opcode.Set);
        frame[2] = 0x10;
        Assert.Equal(DecodeResult.NeedMore, Read(frame.AsSpan(0, 15), out _));
        Assert.Equal(DecodeResult.Fatal, Read(frame.AsSpan(0, 16), out _));
    }

    [Theory]
    [MemberData(nameof(Opcodes))]
    public void Body_of_4_GiB_is_refused_with_the_header(Opcode opcode)
    {
        byte[] header = RequestOf(opcode)[..16];
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(4), uint.MaxValue);
        Assert.Equal(DecodeResult.Fatal, Read(header, out _));
        RequestDecoder.Explain(_memory.Place(header), Limits, out Status status, out uint id);
        Assert.Equal((Status.FrameTooLarge, 7u), (status, id));
    }

    [Theory]
    [InlineData(1024, DecodeResult.NeedMore)]
    [InlineData(1025, DecodeResult.ValueTooLarge)]
    [InlineData(FcpLimits.MaxSkippableBodyBytes - 3, DecodeResult.ValueTooLarge)]
    [InlineData(FcpLimits.MaxSkippableBodyBytes - 2, DecodeResult.Fatal)]
    public void Value_above_the_limit_is_skippable_up_to_64_MiB_of_body(int valueLength, DecodeResult expected)
    {
        byte[] header = RequestOf(Opcode.Set)[..16];
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4), 3 + valueLength);
        ReadOnlySpan<byte> input = _memory.Place(header);
        Assert.Equal(expected, RequestDecoder.Read(input, new(250, 1024, 10), out Request request));
        if (expected != DecodeResult.Fatal)
        {
            Assert.Equal((7u, 16 + 3 + valueLength), (request.Id, request.FrameLength));
        }
    }

    [Fact]
    public void Value_limit_does_not_count_key_version_and_time_to_live()
    {
        byte[] buffer = new byte[200];
        int length = RequestWriter.Set(buffer, 1, "key"u8, new byte[100], 5, SetMode.IfVersion, 9);
        ReadOnlySpan<byte> input = _memory.Place(buffer.AsSpan(0, length));
        Assert.Equal(DecodeResult.Ok, RequestDecoder.Read(input, new(3, 100, 1), out _));
        Assert.Equal(DecodeResult.ValueTooLarge, RequestDecoder.Read(input, new(3, 99, 1), out _));
        Assert.Equal(DecodeResult.Fatal, RequestDecoder.Read(input, new(2, 100, 1), out _));
    }

    [Fact]
    public void Frames_of_a_pipeline_are_read_one_after_another()
    {
        byte[] pipeline = [.. PlainRequest.Opcodes.SelectMany(RequestOf)];
        ReadOnlySpan<byte> input = _memory.Place(pipeline);
        List<Opcode> read = [];
        while (RequestDecoder.Read(input, Limits, out Request request) == DecodeResult.Ok)
        {
            read.Add(request.Opcode);
            input = input[request.FrameLength..];
        }

        Assert.Equal(PlainRequest.Opcodes, read);
        Assert.True(input.IsEmpty);
    }

    [Fact]
    public void Batch_of_1024_longest_keys_is_read_key_by_key()
    {
        byte[] buffer = new byte[16 + FcpLimits.MaxBatchKeys * 251];
        byte[] key = new byte[250];
        BatchGetWriter batch = new(buffer, 3);
        for (int i = 0; i < FcpLimits.MaxBatchKeys; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(key, i);
            batch.Add(key);
        }

        Assert.False(batch.TryAdd(key));
        Assert.Equal(buffer.Length, batch.Finish());
        Assert.Equal(DecodeResult.Ok, Read(buffer, out Request request));
        int offset = 0;
        for (int i = 0; i < FcpLimits.MaxBatchKeys; i++)
        {
            Assert.Equal(i, BinaryPrimitives.ReadInt32LittleEndian(request.ReadBatchKey(ref offset)));
        }
    }

    [Fact]
    public void Decoding_allocates_nothing()
    {
        byte[] pipeline = [.. PlainRequest.Opcodes.SelectMany(RequestOf)];
        ReadOnlySpan<byte> input = _memory.Place(pipeline);
        DecodeAll(input);
        AllocationProbe probe = new();
        while (probe.Next())
        {
            for (int i = 0; i < 1000; i++)
            {
                DecodeAll(input);
            }
        }

        Assert.Equal(0, probe.LeastBytes);
    }

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(251, 1, 1)]
    [InlineData(1, -1, 1)]
    [InlineData(1, FcpLimits.MaxValueBytes + 1, 1)]
    [InlineData(1, 1, 0)]
    [InlineData(1, 1, 1025)]
    public void Limits_of_a_node_stay_inside_those_of_the_protocol(
        int maxKeyBytes, int maxValueBytes, int maxBatchKeys) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new ProtocolLimits(maxKeyBytes, maxValueBytes, maxBatchKeys));

    private static void DecodeAll(ReadOnlySpan<byte> input)
    {
        while (RequestDecoder.Read(input, Limits, out Request request) == DecodeResult.Ok)
        {
            input = input[request.FrameLength..];
        }
    }

    private static byte[] RequestOf(Opcode opcode)
    {
        PlainRequest request = new(opcode, 7);
        return (opcode switch
        {
            Opcode.BatchGet => request with { Keys = [[1], [2, 3]] },
            Opcode.BatchSet => request with { Keys = [[1], [2, 3]], Values = [[], [4]] },
            Opcode.LeaseGet => request with { Key = [1, 2, 3], Argument = 1 },
            Opcode.Scan => request with { Argument = 1 },
            Opcode.LeaseRelease => request with { Key = [1, 2, 3], LeaseToken = 1 },
            _ when PlainRequest.HasKey(opcode) => request with { Key = [1, 2, 3] },
            _ => request,
        }).ToFrame();
    }

    private DecodeResult Read(ReadOnlySpan<byte> bytes, out Request request) =>
        RequestDecoder.Read(_memory.Place(bytes), Limits, out request);
}
