using System.Buffers.Binary;
using FastCache.Protocol;
using FastCache.Protocol.Tests;

namespace FastCache.Bench.Fuzz;

/// <summary><see cref="ReplyDecoder"/> against the rules of docs/protocol.md, before a page that nobody may touch.</summary>
internal sealed class ReplyDecoderTarget : IFuzzTarget
{
    private readonly GuardedMemory _atEnd = new();

    public FuzzCorpus Corpus { get; } = FuzzCorpus.OfReplies();

    public int MostConversations => 1;

    public void Run(FuzzInput input, Discoveries discoveries)
    {
        Random random = new(input.Seed);
        foreach (byte[] bytes in ByteRun.Cut(input, random))
        {
            ReadOnlySpan<byte> rest = bytes;
            while (Check(rest, random, discoveries) is int length && length > 0 && length < rest.Length)
            {
                rest = rest[length..];
            }
        }
    }

    public void Dispose() => _atEnd.Dispose();

    /// <returns>Bytes of the frame; 0 if there is none.</returns>
    private int Check(ReadOnlySpan<byte> bytes, Random random, Discoveries discoveries)
    {
        int cut = random.Next(bytes.Length + 1);
        DecodeResult part = ReplyDecoder.Read(_atEnd.Place(bytes[..cut]), out _);
        ReadOnlySpan<byte> input = _atEnd.Place(bytes);
        DecodeResult result = ReplyDecoder.Read(input, out Reply reply);
        DecodeResult expected = Expected(bytes);
        Require(result == expected, $"Read says {result}, the rules {expected}");
        Require(part == DecodeResult.NeedMore || part == result, $"Read says {part} to the first {cut} bytes, and {result} to all {bytes.Length}");
        string text = ReplyDecoder.Explain(input);
        Require((text.Length > 0) == (result == DecodeResult.Fatal), $"the text for {result} is '{text}'");
        if (result == DecodeResult.NeedMore)
        {
            // The length is known with the header.
            int least = bytes.Length < FcpLimits.HeaderBytes ? FcpLimits.HeaderBytes : bytes.Length + 1;
            Require(
                reply.FrameLength >= least && reply.FrameLength <= FcpLimits.HeaderBytes + FcpLimits.MaxReplyBodyBytes,
                $"a frame of {reply.FrameLength} bytes in an input of {bytes.Length}");
        }

        discoveries.Note(0, ((ulong)result << 48) | (result == DecodeResult.Ok ? Kind(bytes) : 0), System.Text.Encoding.UTF8.GetBytes(text));
        if (result != DecodeResult.Ok)
        {
            return 0;
        }

        Require(
            reply.FrameLength <= bytes.Length && reply.Body.Overlaps(input, out _) == (reply.Body.Length > 0)
            && reply.Body.SequenceEqual(bytes[FcpLimits.HeaderBytes..reply.FrameLength]),
            "the body is not the input's");

        // Errors are written with a text, which a wrong byte would change.
        PlainReply read = PlainReply.Of(reply);
        Require(
            reply.Status.IsError() || bytes[..reply.FrameLength].SequenceEqual(read.ToFrame()),
            $"written again it has other bytes: {read}");
        return reply.FrameLength;
    }

    private static ulong Kind(ReadOnlySpan<byte> bytes) => bytes[1] | ((ulong)bytes[2] << 8) | ((ulong)bytes[3] << 16);

    private static DecodeResult Expected(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return DecodeResult.NeedMore;
        }

        if (bytes[0] != 0xFD)
        {
            return DecodeResult.Fatal;
        }

        if (bytes.Length < 16)
        {
            return DecodeResult.NeedMore;
        }

        long body = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        bool isVersioned = (bytes[3] & 1) != 0;
        return bytes[3] > 7 || body > 64 << 20 || (isVersioned && body < 8) ? DecodeResult.Fatal
            : bytes.Length < 16 + body ? DecodeResult.NeedMore
            : DecodeResult.Ok;
    }

    private static void Require(bool holds, string fault) => FuzzFaultException.Require(holds, fault);
}
