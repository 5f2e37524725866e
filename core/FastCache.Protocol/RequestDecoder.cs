using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastCache.Protocol;

/// <summary>Finds the request at the start of a connection's received bytes.</summary>
/// <remarks>
/// <para>
/// <see cref="Read"/> accepts whole, valid gets and sets without anything special at once; everything else goes through
/// <see cref="ReadChecked"/>, which is the rules of docs/protocol.md in their order. The short cuts accept nothing that it would not (a test holds
/// them to that).
/// </para>
/// <code>
/// head, the first 8 header bytes as one little-endian number:
/// bit  0       8        16      24          32                      64
///      +-------+--------+-------+-----------+-----------------------+
///      | magic | opcode | flags | keyLength | bodyLength            |
///      +-------+--------+-------+-----------+-----------------------+
/// tail, the last 8:
///      +------------------------------------+-----------------------+
///      | requestId                          | argument              |
///      +------------------------------------+-----------------------+
/// </code>
/// Stateless: that the first frame is a hello and that there is only one is for the connection's session to see.
/// </remarks>
public static unsafe class RequestDecoder
{
    private const ulong GetPattern = FcpLimits.RequestMagic | ((ulong)Opcode.Get << 8);
    private const ulong GetFixedBits = 0xFFFF | (0xFFUL & ~(ulong)FrameRules.PlainGetFlags) << 16;
    private const ulong SetPattern = FcpLimits.RequestMagic | ((ulong)Opcode.Set << 8);
    private const ulong SetFixedBits = 0xFFFF | (0xFFUL & ~(ulong)FrameRules.PlainSetFlags) << 16;

    /// <summary>Decodes the frame at the start of <paramref name="input"/>.</summary>
    /// <param name="input">Received bytes, in memory that does not move while <paramref name="request"/> is
    /// used.</param>
    /// <param name="limits">What this node allows.</param>
    /// <param name="request">See <see cref="DecodeResult"/> for which of its members are valid.</param>
    /// <returns>
    /// <see cref="DecodeResult.Fatal"/> as soon as the bytes that are wrong are there: a wrong magic byte at once, any
    /// other header field with the 16th byte, contents of the body with the whole frame. <see cref="Explain"/> says
    /// why.
    /// </returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static DecodeResult Read(ReadOnlySpan<byte> input, in ProtocolLimits limits, out Request request)
    {
        if (input.Length >= FcpLimits.HeaderBytes)
        {
            byte* frame = Address(input);
            byte* body = frame + FcpLimits.HeaderBytes;
            ulong head = Unsafe.ReadUnaligned<ulong>(frame);
            ulong tail = Unsafe.ReadUnaligned<ulong>(frame + 8);
            uint keyLength = (byte)(head >> 24);
            ulong bodyLength = head >> 32;
            bool keyFits = keyLength - 1 < (uint)limits.MaxKeyBytes;
            if ((head & GetFixedBits) == GetPattern)
            {
                if (keyFits && bodyLength == keyLength && tail >> 32 == 0
                    && (uint)input.Length >= FcpLimits.HeaderBytes + keyLength)
                {
                    request = new Request(body, head - FcpLimits.RequestMagic, tail, 0);
                    return DecodeResult.Ok;
                }
            }
            else if ((head & SetFixedBits) == SetPattern)
            {
                uint keyOffset = FrameRules.KeyOffset((byte)(head >> 16));

                // A body that is too short wraps around to a huge value length, and is refused like one.
                ulong valueLength = bodyLength - keyOffset - keyLength;
                if (keyFits && valueLength <= (uint)limits.MaxValueBytes && tail >> 32 == 0
                    && (ulong)(uint)input.Length >= FcpLimits.HeaderBytes + bodyLength
                    && FrameRules.TimeToLiveFits((RequestFlags)(byte)(head >> 16), body))
                {
                    request = new Request(body, head - FcpLimits.RequestMagic, tail, keyOffset);
                    return DecodeResult.Ok;
                }
            }
        }

        return ReadChecked(input, limits, out request);
    }

    /// <summary>Says what is wrong with an input that <see cref="Read"/> answered with
    /// <see cref="DecodeResult.Fatal"/>.</summary>
    /// <param name="input">The same bytes; more may have followed.</param>
    /// <param name="limits">The same limits.</param>
    /// <param name="status">The fatal status; <see cref="Status.Ok"/> if the input is not fatal.</param>
    /// <param name="id">The request's id; 0 if its header could not be read.</param>
    /// <returns>The text for the error reply: what was found and what is allowed. Empty if the input is not
    /// fatal.</returns>
    public static string Explain(ReadOnlySpan<byte> input, in ProtocolLimits limits, out Status status, out uint id)
    {
        FrameFault fault = Find(input, limits, out Request request);
        bool fatal = fault > FrameFault.ValueTooLarge;
        status = fatal ? FaultText.StatusOf(fault) : Status.Ok;
        id = request.Id;
        return fatal ? FaultText.Describe(fault, input, request, limits) : "";
    }

    /// <summary>All rules, one after another; what <see cref="Read"/> must agree with.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static DecodeResult ReadChecked(ReadOnlySpan<byte> input, in ProtocolLimits limits, out Request request) =>
        Find(input, limits, out request) switch
        {
            FrameFault.None => DecodeResult.Ok,
            FrameFault.Incomplete => DecodeResult.NeedMore,
            FrameFault.ValueTooLarge => DecodeResult.ValueTooLarge,
            _ => DecodeResult.Fatal,
        };

    private static FrameFault Find(ReadOnlySpan<byte> input, in ProtocolLimits limits, out Request request)
    {
        request = default;
        if (!input.IsEmpty && input[0] != FcpLimits.RequestMagic)
        {
            return FrameFault.Magic;
        }

        if (input.Length < FcpLimits.HeaderBytes)
        {
            return FrameFault.Incomplete;
        }

        byte* frame = Address(input);
        ulong head = Unsafe.ReadUnaligned<ulong>(frame) - FcpLimits.RequestMagic;
        ulong tail = Unsafe.ReadUnaligned<ulong>(frame + 8);
        uint keyOffset = FrameRules.KeyOffset((Opcode)(byte)(head >> 8), (byte)(head >> 16), (uint)(tail >> 32));
        request = new Request(null, head, tail, keyOffset);

        FrameFault fault = FrameRules.CheckHeader(request, limits);
        if (fault != FrameFault.None)
        {
            return fault;
        }

        // The header's rules bound the body to MaxSkippableBodyBytes, so FrameLength cannot overflow here.
        if (input.Length < request.FrameLength)
        {
            return FrameFault.Incomplete;
        }

        request = new Request(frame + FcpLimits.HeaderBytes, head, tail, keyOffset);
        return FrameRules.CheckBody(request, limits);
    }

    private static byte* Address(ReadOnlySpan<byte> input) =>
        (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(input));
}
