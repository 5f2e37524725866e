using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace FastCache.Protocol;

/// <summary>What a request must look like, as docs/protocol.md says, in the order in which it is checked.</summary>
internal static class FrameRules
{
    /// <summary>The flags of the gets and sets that <see cref="RequestDecoder"/> accepts without walking the rules.</summary>
    internal const RequestFlags PlainGetFlags = RequestFlags.ReturnVersion;

    /// <inheritdoc cref="PlainGetFlags"/>
    internal const RequestFlags PlainSetFlags =
        RequestFlags.ModeMask | RequestFlags.HasTimeToLive | RequestFlags.ReturnVersion;

    private const SetExtras AllSetExtras = SetExtras.Sliding | SetExtras.KeepStale | SetExtras.HasSlidingLimit
        | SetExtras.HasLeaseToken | SetExtras.IfNewer;

    private const CountExtras AllCountExtras = CountExtras.Checked | CountExtras.Subtract | CountExtras.HasInitial;

    /// <summary>Where the key of a plain set starts in the body: behind a time to live (bit 2) and an expected version
    /// (bits 0 and 1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint KeyOffset(uint flags) => ((flags & 4) << 1) + ((flags & (flags >> 1) & 1) << 3);

    /// <summary>Where the key starts in the body of any request: behind all its fields. At most 40.</summary>
    /// <remarks>Of header fields that are not allowed only those bits count that are.</remarks>
    internal static uint KeyOffset(Opcode opcode, uint flags, uint argument)
    {
        OpcodeRule rule = OpcodeRule.Of(opcode) ?? default;
        uint offset = rule.FieldBytes + KeyOffset(flags & (uint)rule.Flags);
        return rule.Argument switch
        {
            ArgumentKind.SetExtras => offset + SetFields((SetExtras)argument, flags),
            ArgumentKind.CountExtras => offset + (((CountExtras)argument & CountExtras.HasInitial) != 0 ? 8u : 0),
            _ => offset,
        };
    }

    /// <summary>Whether the body has no time to live, or one in range.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static unsafe bool TimeToLiveFits(RequestFlags flags, byte* body) =>
        (flags & RequestFlags.HasTimeToLive) == 0
        || Unsafe.ReadUnaligned<ulong>(body) - 1 < FcpLimits.MaxTimeToLiveMillis;

    /// <summary>The argument bits that an opcode knows, where they are bits.</summary>
    internal static uint AllowedArgumentBits(Opcode opcode) =>
        opcode == Opcode.Count ? (uint)AllCountExtras : (uint)AllSetExtras;

    /// <summary>The longest body that an opcode ever allows, whatever its other fields say.</summary>
    internal static int MaxBodyBytes(Opcode opcode, in ProtocolLimits limits)
    {
        OpcodeRule rule = OpcodeRule.Of(opcode) ?? default;
        int fields = rule.FieldBytes
            + ((rule.Flags & RequestFlags.HasTimeToLive) != 0 ? FcpLimits.TimeToLiveBytes : 0)
            + ((rule.Flags & RequestFlags.ModeMask) != 0 ? FcpLimits.VersionBytes : 0)
            + (rule.Argument switch { ArgumentKind.SetExtras => 16, ArgumentKind.CountExtras => 8, _ => 0 })
            + (rule.HasKey ? limits.MaxKeyBytes : 0);
        return rule.Tail switch
        {
            TailKind.Hello => FcpLimits.HelloRequestBytes,
            TailKind.Ping => FcpLimits.MaxPingBytes,
            TailKind.Prefix => rule.FieldBytes + limits.MaxKeyBytes,
            TailKind.Keys => limits.MaxBatchBodyBytes,
            TailKind.Entries => limits.MaxBatchSetBodyBytes,
            TailKind.Value => FcpLimits.MaxSkippableBodyBytes,
            TailKind.Piece => FcpLimits.MaxPieceBytes,
            _ => fields,
        };
    }

    /// <summary>The shortest and longest body that fits the other fields of the header.</summary>
    internal static (long Min, long Max) BodyRange(in Request request, in ProtocolLimits limits)
    {
        long fixedBytes = request.KeyOffset + request.KeyLength;
        TailKind tail = (OpcodeRule.Of(request.Opcode) ?? default).Tail;
        return tail switch
        {
            TailKind.None => (fixedBytes, fixedBytes),
            TailKind.Hello => (FcpLimits.HelloRequestBytes, FcpLimits.HelloRequestBytes),
            TailKind.Keys => (2L * request.Argument, (1L + limits.MaxKeyBytes) * request.Argument),
            TailKind.Entries => (
                fixedBytes + ((1L + FcpLimits.BatchEntryBytes) * request.Argument), limits.MaxBatchSetBodyBytes),
            _ => (fixedBytes, MaxBodyBytes(request.Opcode, limits)),
        };
    }

    /// <summary>Checks everything that the header alone tells.</summary>
    internal static FrameFault CheckHeader(in Request request, in ProtocolLimits limits)
    {
        Opcode opcode = request.Opcode;
        if (OpcodeRule.Of(opcode) is not OpcodeRule rule)
        {
            return FrameFault.Opcode;
        }

        if ((request.Flags & ~rule.Flags) != 0)
        {
            return FrameFault.Flags;
        }

        if (opcode == Opcode.Delete && request.Mode is SetMode.IfAbsent or SetMode.IfPresent)
        {
            return FrameFault.DeleteMode;
        }

        if (rule.HasKey)
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

        FrameFault argument = CheckArgument(request, rule.Argument, limits);
        if (argument != FrameFault.None)
        {
            return argument;
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

        return rule.Tail == TailKind.Value && bodyLength - min > limits.MaxValueBytes
            ? FrameFault.ValueTooLarge
            : FrameFault.None;
    }

    /// <summary>Checks the contents of a body that is there in full, behind a header that passed.</summary>
    internal static unsafe FrameFault CheckBody(in Request request, in ProtocolLimits limits)
    {
        if (request.Opcode == Opcode.Hello)
        {
            return request.Hello.Version == FcpLimits.Version ? FrameFault.None : FrameFault.HelloVersion;
        }

        if (!TimeToLiveFits(request.Flags, request.Body))
        {
            return FrameFault.TimeToLive;
        }

        if (request.Opcode is Opcode.Set or Opcode.SetBegin)
        {
            if ((request.SetExtras & SetExtras.HasSlidingLimit) != 0
                && request.SlidingLimitMillis - 1 >= FcpLimits.MaxTimeToLiveMillis)
            {
                return FrameFault.SlidingLimit;
            }

            if ((request.SetExtras & SetExtras.HasLeaseToken) != 0 && request.LeaseToken == 0)
            {
                return FrameFault.LeaseToken;
            }
        }

        return request.Opcode switch
        {
            Opcode.LeaseRelease when request.LeaseToken == 0 => FrameFault.LeaseToken,
            Opcode.BatchGet => BatchRules.CheckKeys(request, limits, out _, out _),
            Opcode.BatchSet => BatchRules.CheckEntries(request, limits, out _, out _),
            _ => FrameFault.None,
        };
    }

    private static FrameFault CheckArgument(in Request request, ArgumentKind kind, in ProtocolLimits limits)
    {
        uint argument = request.Argument;
        switch (kind)
        {
            case ArgumentKind.Zero:
                return argument == 0 ? FrameFault.None : FrameFault.Argument;
            case ArgumentKind.BatchCount:
                return argument - 1 < (uint)limits.MaxBatchKeys ? FrameFault.None : FrameFault.BatchCount;
            case ArgumentKind.Looks:
                return argument - 1 < (uint)limits.MaxBatchKeys ? FrameFault.None : FrameFault.Looks;
            case ArgumentKind.LeaseMillis:
                return argument - 1 < FcpLimits.MaxLeaseMillis ? FrameFault.None : FrameFault.LeaseMillis;
            case ArgumentKind.OnOff:
                return argument <= 1 ? FrameFault.None : FrameFault.OnOff;
            case ArgumentKind.CountExtras:
                CountExtras count = (CountExtras)argument;
                return (count & ~AllCountExtras) != 0 ? FrameFault.ArgumentBits
                    : request.HasTimeToLive && (count & CountExtras.HasInitial) == 0 ? FrameFault.CountTimeToLive
                    : FrameFault.None;
            case ArgumentKind.SetExtras:
                SetExtras set = (SetExtras)argument;
                return (set & ~AllSetExtras) != 0 ? FrameFault.ArgumentBits
                    : (set & SetExtras.Sliding) != 0 && !request.HasTimeToLive ? FrameFault.SlidingWithoutTimeToLive
                    : (set & SetExtras.HasSlidingLimit) != 0 && (set & SetExtras.Sliding) == 0 ? FrameFault.LimitWithoutSliding
                    : (set & SetExtras.IfNewer) != 0 && request.Mode != SetMode.Always ? FrameFault.IfNewerMode
                    : FrameFault.None;
            default:
                Debug.Assert(kind == ArgumentKind.Any);
                return FrameFault.None;
        }
    }

    private static uint SetFields(SetExtras extras, uint flags)
    {
        // The version field is there once, for a mode of 3 or for IfNewer.
        bool hasVersion = (flags & 3) == 3;
        return ((extras & SetExtras.HasSlidingLimit) != 0 ? 8u : 0)
            + ((extras & SetExtras.HasLeaseToken) != 0 ? 8u : 0)
            + ((extras & SetExtras.IfNewer) != 0 && !hasVersion ? 8u : 0);
    }
}
