using System.Buffers.Binary;

namespace FastCache.Protocol.Tests.Properties;

public sealed class RequestProperties
{
    private static readonly ProtocolLimits Limits = ProtocolLimits.Default;

    [Fact]
    public void Random_request_comes_back_as_it_was_written() => Property.Holds(20_000, (random, memory) =>
    {
        PlainRequest written = PlainRequest.Random(random);
        byte[] frame = written.ToFrame();
        byte[] rest = random.Bytes(random.Next(20));
        ReadOnlySpan<byte> input = memory.Place([.. frame, .. rest]);
        Assert.Equal(DecodeResult.Ok, RequestDecoder.Read(input, Limits, out Request request));
        Assert.Equal(frame.Length, request.FrameLength);
        Assert.Equal(written.Key.Length, request.KeyLength);
        Assert.Equal(written.ToString(), PlainRequest.Of(request).ToString());
        Assert.Equal(frame, PlainRequest.Of(request).ToFrame());
    });

    [Fact]
    public void Frame_cut_at_any_offset_needs_more() => Property.Holds(3_000, (random, memory) =>
    {
        byte[] frame = PlainRequest.Random(random).ToFrame();
        for (int cut = 0; cut < frame.Length; cut++)
        {
            ReadOnlySpan<byte> input = memory.Place(frame.AsSpan(0, cut));
            Assert.Equal(DecodeResult.NeedMore, RequestDecoder.Read(input, Limits, out Request request));
            Assert.Equal(cut < FcpLimits.HeaderBytes ? FcpLimits.HeaderBytes : frame.Length, request.FrameLength);
            Assert.Equal("", RequestDecoder.Explain(input, Limits, out Status status, out _));
            Assert.Equal(Status.Ok, status);
        }
    });

    [Fact]
    public void Every_value_of_every_header_byte_is_valid_or_refused() => Property.Holds(300, (random, memory) =>
    {
        byte[] frame = PlainRequest.Random(random).ToFrame();
        for (int at = 0; at < FcpLimits.HeaderBytes; at++)
        {
            byte[] mutant = [.. frame];
            for (int value = 0; value < 256; value++)
            {
                mutant[at] = (byte)value;
                AgreesWithThePlainDecoder(mutant, Limits, memory);
            }
        }
    });

    [Fact]
    public void Every_value_of_a_body_byte_is_valid_or_refused() => Property.Holds(2_000, (random, memory) =>
    {
        byte[] frame = PlainRequest.Random(random).ToFrame();
        if (frame.Length > FcpLimits.HeaderBytes)
        {
            // The first bytes of a body are the ones with rules.
            int at = FcpLimits.HeaderBytes + random.Next(Math.Min(41, frame.Length - FcpLimits.HeaderBytes));
            for (int value = 0; value < 256; value++)
            {
                frame[at] = (byte)value;
                AgreesWithThePlainDecoder(frame, Limits, memory);
            }
        }
    });

    [Fact]
    public void Random_header_fields_and_limits_are_judged_like_the_plain_decoder_does() =>
        Property.Holds(400_000, (random, memory) =>
        {
            ProtocolLimits limits = new(random.Next(1, 251), random.Next(3) * random.Next(200), random.Next(1, 40));
            byte[] input = random.Bytes(random.Next(16, 200));
            input[0] = FcpLimits.RequestMagic;
            input[1] = (byte)PlainRequest.Opcodes[random.Next(PlainRequest.Opcodes.Length)];
            input[2] &= (byte)(random.Next(3) switch { 0 => 0xE7, 1 => 0x04, _ => 0xC0 });
            input[3] = (byte)(random.Next(2) == 0 ? 0 : random.Next(256));
            uint bodyLength = random.Next(4) switch
            {
                0 => input[3],
                1 => (uint)random.Next(input.Length),
                2 => (uint)(input.Length - 16),
                _ => (uint)random.NextInt64(1L << 32),
            };
            BinaryPrimitives.WriteUInt32LittleEndian(input.AsSpan(4), bodyLength);
            uint argument = random.Next(3) == 0 ? (uint)random.Next(50) : 0;
            BinaryPrimitives.WriteUInt32LittleEndian(input.AsSpan(12), argument);
            AgreesWithThePlainDecoder(input, limits, memory);
        });

    [Fact]
    public void Random_bytes_never_decode_to_more_than_the_input() => Property.Holds(50_000, (random, memory) =>
    {
        byte[] input = random.Bytes(random.Next(64));
        if (input.Length > 0 && random.Next(8) != 0)
        {
            input[0] = FcpLimits.RequestMagic;
        }

        AgreesWithThePlainDecoder(input, Limits, memory);
    });

    [Fact]
    public void Frame_that_does_not_fit_its_destination_leaves_it_untouched() =>
        Property.Holds(2_000, (random, memory) =>
        {
            PlainRequest request = PlainRequest.Random(random);
            int length = request.ToFrame().Length;
            Assert.Equal(length, request.Write(memory.Room(length)));
            if (request.Opcode is not (Opcode.BatchGet or Opcode.BatchSet))
            {
                byte[] shorter = new byte[random.Next(length)];
                Assert.Throws<ArgumentException>(() => request.Write(shorter));
                Assert.All(shorter, b => Assert.Equal(0, b));
            }
        });

    private static void AgreesWithThePlainDecoder(byte[] bytes, ProtocolLimits limits, GuardedMemory memory)
    {
        ReadOnlySpan<byte> input = memory.Place(bytes);
        DecodeResult result = RequestDecoder.Read(input, limits, out Request request);
        string text = RequestDecoder.Explain(input, limits, out Status status, out uint id);
        (DecodeResult expected, Status expectedStatus) = PlainDecoder.Read(bytes, limits);
        if (result != expected || status != expectedStatus || (text.Length > 0) != (result == DecodeResult.Fatal))
        {
            Assert.Fail(
                $"{Convert.ToHexString(bytes)} {limits}: {result} {status} '{text}'; want {expected} {expectedStatus}");
        }

        Assert.Equal(result, RequestDecoder.ReadChecked(input, limits, out Request slow));
        bool headerRead = bytes.Length >= FcpLimits.HeaderBytes && bytes[0] == FcpLimits.RequestMagic;
        Assert.Equal(headerRead ? BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(8)) : 0, id);
        switch (result)
        {
            case DecodeResult.Ok:
                Assert.Equal(bytes.AsSpan(0, request.FrameLength), PlainRequest.Of(request).ToFrame().AsSpan());
                Assert.Equal(PlainRequest.Of(slow).ToString(), PlainRequest.Of(request).ToString());
                break;
            case DecodeResult.NeedMore:
                Assert.True(request.FrameLength > bytes.Length);
                break;
            case DecodeResult.ValueTooLarge:
                Assert.Equal(id, request.Id);
                Assert.Equal(16 + (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(4)), request.FrameLength);
                break;
            default:
                Assert.True(status.IsFatal() && text.Length <= FcpLimits.MaxErrorTextBytes);
                break;
        }
    }
}
