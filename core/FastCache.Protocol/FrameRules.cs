using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace FastCache.Protocol;

/// <summary>What a request must look like, as docs/protocol.md says, in the order in which it is checked.</summary>
internal static class FrameRules
{
    internal const RequestFlags GetFlags = RequestFlags.ReturnVersion;
    internal const RequestFlags SetFlags =
        RequestFlags.ModeMask | RequestFlags.HasTimeToLive | RequestFlags.ReturnVersion;

    /// <summary>Where the key starts in the body: behind a time to live (bit 2) and an expected version (bits 0 and
    /// 1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint KeyOffset(uint flags) => ((flags & 4) << 1) + ((flags & (flags >> 1) & 1) << 3);

    /// <summary>Whether the body has no time to live, or one in range.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static unsafe bool TimeToLiveFits(RequestFlags flags, byte* body) =>
        (flags & RequestFlags.HasTimeToLive) == 0
        || Unsafe.ReadUnaligned<ulong>(body) - 1 < FcpLimits.MaxTimeToLiveMillis;

    /// <summary>The flags that an opcode knows.</summary>
    internal static RequestFlags AllowedFlags(Opcode opcode) => opcode switch
    {
        Opcode.Get or Opcode.BatchGet => GetFlags,
        Opcode.Set => SetFlags,
        Opcode.Delete => RequestFlags.ModeMask,
        Opcode.Touch => RequestFlags.HasTimeToLive,
        _ => RequestFlags.None,
    };

    /// <summary>Whether keyLength must be the length of a key, rather than 0.</summary>
    internal static bool NeedsKey(Opcode opcode) =>
        opcode is Opcode.Get or Opcode.Set or Opcode.Delete or Opcode.Touch;

    /// <summary>The longest body that an opcode ever allows, whatever its other fields say.</summary>
    internal static int MaxBodyBytes(Opcode opcode, in ProtocolLimits limits) => opcode switch
    {
        Opcode.Hello => FcpLimits.HelloRequestBytes,
        Opcode.Ping => FcpLimits.MaxPingBytes,
        Opcode.Get => limits.MaxKeyBytes,
        Opcode.BatchGet => limits.MaxBatchBodyBytes,
        Opcode.Set => FcpLimits.MaxSkippableBodyBytes,
        Opcode.Delete => FcpLimits.VersionBytes + limits.MaxKeyBytes,
        Opcode.Touch => FcpLimits.TimeToLiveBytes + limits.MaxKeyBytes,
        _ => 0,
    };

    /// <summary>The shortest and longest body that fits the other fields of the header.</summary>
    internal static (long Min, long Max) BodyRange(in Request request, in ProtocolLimits limits)
    {
        long fixedBytes = request.KeyOffset + request.KeyLength;
        return request.Opcode switch
        {
            Opcode.Hello => (FcpLimits.HelloRequestBytes, FcpLimits.HelloRequestBytes),
            Opcode.Ping => (0, FcpLimits.MaxPingBytes),
            Opcode.BatchGet => (2L * request.Argument, (1L + limits.MaxKeyBytes) * request.Argument),
            Opcode.Set => (fixedBytes, FcpLimits.MaxSkippableBodyBytes),
            _ => (fixedBytes, fixedBytes),
        };
    }

    /// <summary>Checks everything that the header alone tells.</summary>
    internal static FrameFault CheckHeader(in Request request, in ProtocolLimits limits)
    {
        Opcode opcode = request.Opcode;
        if (opcode is not (Opcode.Hello or Opcode.Ping or Opcode.Stats or Opcode.BatchGet) && !NeedsKey(opcode))
        {
            return FrameFault.Opcode;
        }

        if ((request.Flags & ~AllowedFlags(opcode)) != 0)
        {
            return FrameFault.Flags;
        }

        if (opcode == Opcode.Delete && request.Mode is SetMode.IfAbsent or SetMode.IfPresent)
        {
            return FrameFault.DeleteMode;
        }

        if (NeedsKey(opcode))
        {
            if (request.KeyLength == 0 || request.KeyLength > limits.MaxKeyBytes)
            {
                return FrameFault.KeyLength;
            }
        }
        else if (request.KeyLength != 0)
        {
            return FrameFault.KeyNotAllowed;
        }

        if (opcode == Opcode.BatchGet)
        {
            if (request.Argument == 0 || request.Argument > (uint)limits.MaxBatchKeys)
            {
                return FrameFault.BatchCount;
            }
        }
        else if (request.Argument != 0)
        {
            return FrameFault.Argument;
        }

        long bodyLength = request.WireBodyLength;
        if (bodyLength > MaxBodyBytes(opcode, limits))
        {
            return FrameFault.BodyTooLong;
        }

        (long min, long max) = BodyRange(request, limits);
        if (bodyLength < min || bodyLength > max)
        {
            return FrameFault.BodyLength;
        }

        return opcode == Opcode.Set && bodyLength - min > limits.MaxValueBytes
            ? FrameFault.ValueTooLarge
            : FrameFault.None;
    }

    /// <summary>Checks the contents of a body that is there in full, behind a header that passed.</summary>
    internal static unsafe FrameFault CheckBody(in Request request, in ProtocolLimits limits)
    {
        switch (request.Opcode)
        {
            case Opcode.Hello:
                return HelloRequest.Read(request.Value).Version != FcpLimits.Version
                    ? FrameFault.HelloVersion
                    : FrameFault.None;

            case Opcode.Set or Opcode.Touch:
                return TimeToLiveFits(request.Flags, request.Body)
                    ? FrameFault.None
                    : FrameFault.TimeToLive;

            case Opcode.BatchGet:
                return CheckBatch(request, limits, out _, out _);

            default:
                return FrameFault.None;
        }
    }

    /// <summary>Walks the keys of a batched get: each in range, together exactly the body.</summary>
    /// <param name="request">A batched get whose header passed.</param>
    /// <param name="limits">What this node allows.</param>
    /// <param name="index">The first key that is wrong, if one is.</param>
    /// <param name="keyLength">The length that it claims.</param>
    internal static FrameFault CheckBatch(
        in Request request, in ProtocolLimits limits, out int index, out int keyLength)
    {
        Debug.Assert(request.Opcode == Opcode.BatchGet);
        ReadOnlySpan<byte> rest = request.Value;
        keyLength = 0;
        for (index = 0; index < (int)request.Argument; index++)
        {
            if (rest.IsEmpty)
            {
                return FrameFault.BatchTooShort;
            }

            keyLength = rest[0];
            if (keyLength == 0 || keyLength > limits.MaxKeyBytes)
            {
                return FrameFault.BatchKeyLength;
            }

            if (keyLength >= rest.Length)
            {
                return FrameFault.BatchTooShort;
            }

            rest = rest[(1 + keyLength)..];
        }

        return rest.IsEmpty ? FrameFault.None : FrameFault.BatchTooLong;
    }
}
