using System.Text;
using FastCache.Protocol;
using FastCache.Protocol.Tests;

namespace FastCache.Bench.Fuzz;

/// <summary><see cref="RequestDecoder"/> against its own checked path, a plain second implementation, and its writer.</summary>
/// <remarks>
/// Every input ends where a page begins that nobody may touch: a read outside of it ends the process. What is true of
/// every input:
/// 1. <see cref="RequestDecoder.Read"/>, its checked path and <see cref="PlainDecoder"/> agree, wherever the bytes lie.
/// 2. A frame that is Ok lies within the input, and its writer writes the same bytes from what was read.
/// 3. What is said of a part of the bytes is not taken back when more arrive.
/// 4. A text explains an input if and only if it is fatal.
/// </remarks>
internal sealed class RequestDecoderTarget : IFuzzTarget
{
    private const int WindowBytes = 2_048;
    private static readonly ProtocolLimits[] Limits = [ProtocolLimits.Default, new(250, 400, 1_024), new(12, 64, 5), new(1, 0, 1)];

    private readonly GuardedMemory _atEnd = new();
    private readonly GuardedMemory _elsewhere = new();

    public FuzzCorpus Corpus { get; } = FuzzCorpus.OfRequests();

    public int MostConversations => 1;

    public void Run(FuzzInput input, Discoveries discoveries)
    {
        Random random = new(input.Seed);
        ProtocolLimits limits = Limits[random.Next(Limits.Length)];
        foreach (byte[] bytes in ByteRun.Cut(input, random))
        {
            ReadOnlySpan<byte> rest = bytes;
            while (true)
            {
                int window = random.Next(8) == 0 ? rest.Length : Math.Min(rest.Length, random.Next(1, WindowBytes));
                (DecodeResult result, int length) = Check(rest[..window], limits, random, discoveries);
                if (result is not (DecodeResult.Ok or DecodeResult.ValueTooLarge) || length >= rest.Length)
                {
                    break;
                }

                rest = rest[length..];
            }
        }
    }

    public void Dispose()
    {
        _atEnd.Dispose();
        _elsewhere.Dispose();
    }

    private (DecodeResult Result, int Length) Check(ReadOnlySpan<byte> bytes, ProtocolLimits limits, Random random, Discoveries discoveries)
    {
        ReadOnlySpan<byte> input = _atEnd.Place(bytes);
        DecodeResult result = RequestDecoder.Read(input, limits, out Request request);
        DecodeResult slow = RequestDecoder.ReadChecked(input, limits, out Request checkedRequest);
        Require(result == slow, $"Read says {result}, ReadChecked {slow}");
        RequireSame(result, request, checkedRequest, "the checked path");
        string text = RequestDecoder.Explain(input, limits, out Status status, out _);
        (DecodeResult plain, Status plainStatus) = PlainDecoder.Read(bytes.ToArray(), limits);
        Require((result, status) == (plain, plainStatus), $"Read says {result} {status}, PlainDecoder {plain} {plainStatus}: {text}");
        Require((text.Length > 0) == (result == DecodeResult.Fatal), $"the text for {result} is '{text}'");
        Require(Encoding.UTF8.GetByteCount(text) <= FcpLimits.MaxErrorTextBytes, $"a text of {text.Length} letters");
        CheckLength(result, request, bytes.Length, limits);

        int shift = random.Next(1, 16);
        ReadOnlySpan<byte> moved = Move(bytes, shift);
        DecodeResult movedResult = RequestDecoder.Read(moved, limits, out Request movedRequest);
        Require(result == movedResult, $"Read says {result}, and {movedResult} {shift} bytes further");
        RequireSame(result, request, movedRequest, "another place");

        int cut = random.Next(bytes.Length + 1);
        DecodeResult part = RequestDecoder.Read(_elsewhere.Place(bytes[..cut]), limits, out Request partRequest);
        Require(
            part == DecodeResult.NeedMore || (part == result && (result != DecodeResult.Ok || partRequest.FrameLength == request.FrameLength)),
            $"Read says {part} to the first {cut} bytes, and {result} to all {bytes.Length}");
        if (result == DecodeResult.Ok)
        {
            PlainRequest read = PlainRequest.Of(request);
            Require(bytes[..request.FrameLength].SequenceEqual(read.ToFrame()), $"written again it has other bytes: {read}");
        }

        bool hasBits = result == DecodeResult.Ok && request.Opcode is Opcode.Set or Opcode.SetBegin or Opcode.Count;
        ulong bits = (ulong)request.Flags | (hasBits ? request.Argument << 8 : 0);
        bool isKnown = result is DecodeResult.Ok or DecodeResult.ValueTooLarge;
        discoveries.Note(0, ((ulong)result << 56) | ((ulong)status << 48) | (isKnown ? bits << 8 : 0) | (bytes.Length < FcpLimits.HeaderBytes ? 0 : (ulong)request.Opcode), Encoding.UTF8.GetBytes(text));
        return (result, result is DecodeResult.Ok or DecodeResult.ValueTooLarge ? request.FrameLength : 0);
    }

    private ReadOnlySpan<byte> Move(ReadOnlySpan<byte> bytes, int shift)
    {
        Span<byte> room = _elsewhere.Room(bytes.Length + shift);
        bytes.CopyTo(room);
        room[bytes.Length..].Fill(0xFF);
        return room[..bytes.Length];
    }

    private static void CheckLength(DecodeResult result, in Request request, int inputLength, in ProtocolLimits limits)
    {
        int length = request.FrameLength;
        bool fits = result switch
        {
            DecodeResult.Ok => length >= FcpLimits.HeaderBytes && length <= inputLength && length <= limits.MaxFrameBytes,
            DecodeResult.NeedMore => length > inputLength && length <= limits.MaxFrameBytes,
            DecodeResult.ValueTooLarge => length > limits.MaxValueBytes && length <= FcpLimits.HeaderBytes + FcpLimits.MaxSkippableBodyBytes,
            _ => true,
        };
        Require(fits, $"{result} with a frame of {length} bytes in an input of {inputLength}");
    }

    private static void RequireSame(DecodeResult result, in Request one, in Request other, string where)
    {
        bool isSame = result == DecodeResult.Fatal || one.FrameLength == other.FrameLength;
        if (result == DecodeResult.Ok)
        {
            isSame &= one.Opcode == other.Opcode && one.Flags == other.Flags && one.Id == other.Id && one.Argument == other.Argument
                && one.KeyOffset == other.KeyOffset && one.Key.SequenceEqual(other.Key) && one.Value.SequenceEqual(other.Value);
        }

        Require(isSame, $"{where} reads another request");
    }

    private static void Require(bool holds, string fault) => FuzzFaultException.Require(holds, fault);
}
