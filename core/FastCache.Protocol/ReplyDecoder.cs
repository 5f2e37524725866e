using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastCache.Protocol;

/// <summary>Finds the reply at the start of a client's received bytes.</summary>
public static class ReplyDecoder
{
    private const ReplyFlags KnownFlags = ReplyFlags.VersionPresent | ReplyFlags.Last | ReplyFlags.More;
    private const ulong FixedBits = 0xFF | (0xFFUL & ~(ulong)KnownFlags) << 24;

    /// <summary>Decodes the frame at the start of <paramref name="input"/>.</summary>
    /// <param name="input">Received bytes; <paramref name="reply"/> is a view of them.</param>
    /// <param name="reply">Complete after <see cref="DecodeResult.Ok"/>; after <see cref="DecodeResult.NeedMore"/> only
    /// FrameLength is set.</param>
    /// <returns>
    /// <see cref="DecodeResult.Ok"/>, <see cref="DecodeResult.NeedMore"/>, or <see cref="DecodeResult.Fatal"/> for a
    /// wrong
    /// magic byte, an unknown flag, a body above <see cref="FcpLimits.MaxReplyBodyBytes"/>, or one too short for its
    /// version.
    /// </returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DecodeResult Read(ReadOnlySpan<byte> input, out Reply reply)
    {
        if (input.Length < FcpLimits.HeaderBytes)
        {
            reply = default;
            return input.IsEmpty || input[0] == FcpLimits.ReplyMagic ? DecodeResult.NeedMore : DecodeResult.Fatal;
        }

        ref byte frame = ref MemoryMarshal.GetReference(input);
        ulong head = Unsafe.ReadUnaligned<ulong>(ref frame);
        ulong tail = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref frame, 8));
        ulong bodyLength = head >> 32;
        ulong shortestBody = ((head >> 24) & (ulong)ReplyFlags.VersionPresent) * FcpLimits.VersionBytes;
        if ((head & FixedBits) != FcpLimits.ReplyMagic
            || bodyLength > FcpLimits.MaxReplyBodyBytes
            || bodyLength < shortestBody)
        {
            reply = default;
            return DecodeResult.Fatal;
        }

        bool complete = (ulong)(uint)input.Length >= FcpLimits.HeaderBytes + bodyLength;
        reply = new(head, tail, complete ? input.Slice(FcpLimits.HeaderBytes, (int)bodyLength) : default);
        return complete ? DecodeResult.Ok : DecodeResult.NeedMore;
    }

    /// <summary>Says what is wrong with an input that <see cref="Read"/> answered with
    /// <see cref="DecodeResult.Fatal"/>.</summary>
    /// <returns>A text for a log or an exception; empty if the input is not fatal.</returns>
    public static string Explain(ReadOnlySpan<byte> input)
    {
        if (Read(input, out _) != DecodeResult.Fatal)
        {
            return "";
        }

        if (input[0] != FcpLimits.ReplyMagic)
        {
            return $"magic byte is 0x{input[0]:X2}, must be 0x{FcpLimits.ReplyMagic:X2}: this is not an FCP reply";
        }

        if ((input[3] & ~(byte)KnownFlags) != 0)
        {
            return $"reply flags are 0x{input[3]:X2}; version {FcpLimits.Version} knows bits 0x{(byte)KnownFlags:X2}";
        }

        uint bodyLength = MemoryMarshal.Read<uint>(input[4..]);
        return bodyLength > FcpLimits.MaxReplyBodyBytes
            ? $"bodyLength of a reply is {bodyLength}; allowed are at most {FcpLimits.MaxReplyBodyBytes}"
            : $"bodyLength of a reply with a version is {bodyLength}; at least {FcpLimits.VersionBytes} are needed";
    }
}
