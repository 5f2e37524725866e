using System.Buffers.Binary;

namespace FastCache.Protocol.Tests.Properties;

public sealed class ReplyProperties
{
    [Fact]
    public void Random_reply_comes_back_as_it_was_written() => Property.Holds(20_000, (random, memory) =>
    {
        PlainReply written = PlainReply.Random(random);
        byte[] frame = written.ToFrame();
        ReadOnlySpan<byte> input = memory.Place([.. frame, .. random.Bytes(random.Next(20))]);
        Assert.Equal(DecodeResult.Ok, ReplyDecoder.Read(input, out Reply reply));
        Assert.Equal(frame.Length, reply.FrameLength);
        Assert.Equal(frame.AsSpan(FcpLimits.HeaderBytes), reply.Body);
        Assert.Equal(written.ToString(), PlainReply.Of(reply).ToString());
    });

    [Fact]
    public void Reply_cut_at_any_offset_needs_more() => Property.Holds(5_000, (random, memory) =>
    {
        byte[] frame = PlainReply.Random(random).ToFrame();
        for (int cut = 0; cut < frame.Length; cut++)
        {
            Assert.Equal(DecodeResult.NeedMore, ReplyDecoder.Read(memory.Place(frame.AsSpan(0, cut)), out Reply reply));
            Assert.Equal(cut < FcpLimits.HeaderBytes ? FcpLimits.HeaderBytes : frame.Length, reply.FrameLength);
        }
    });

    [Fact]
    public void Every_value_of_every_header_byte_is_a_reply_inside_the_input_or_refused() =>
        Property.Holds(200, (random, memory) =>
        {
            byte[] frame = PlainReply.Random(random).ToFrame();
            for (int at = 0; at < FcpLimits.HeaderBytes; at++)
            {
                byte[] mutant = [.. frame];
                for (int value = 0; value < 256; value++)
                {
                    mutant[at] = (byte)value;
                    IsJudgedByItsHeader(memory.Place(mutant));
                }
            }
        });

    private static void IsJudgedByItsHeader(ReadOnlySpan<byte> input)
    {
        DecodeResult result = ReplyDecoder.Read(input, out Reply reply);
        long bodyLength = BinaryPrimitives.ReadUInt32LittleEndian(input[4..]);
        bool valid = input[0] == FcpLimits.ReplyMagic
            && input[3] < 8
            && bodyLength <= FcpLimits.MaxReplyBodyBytes
            && (input[3] % 2 == 0 || bodyLength >= 8);
        DecodeResult expected = !valid ? DecodeResult.Fatal
            : input.Length < 16 + bodyLength ? DecodeResult.NeedMore
            : DecodeResult.Ok;
        Assert.Equal(expected, result);
        Assert.Equal(result == DecodeResult.Fatal, ReplyDecoder.Explain(input).Length > 0);
        if (result == DecodeResult.Ok)
        {
            Assert.Equal(bodyLength, reply.Body.Length);
            Assert.Equal(bodyLength - (reply.HasVersion ? 8 : 0), reply.Value.Length);
        }
    }
}
