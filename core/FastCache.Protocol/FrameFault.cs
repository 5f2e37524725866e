using System.Text;

namespace FastCache.Protocol;

/// <summary>What can be found out about a request; everything after <see cref="ValueTooLarge"/> is fatal.</summary>
internal enum FrameFault : byte
{
    None,
    Incomplete,
    ValueTooLarge,

    Magic,
    Opcode,
    Flags,
    DeleteMode,
    KeyLength,
    KeyNotAllowed,
    BatchCount,
    Looks,
    LeaseMillis,
    OnOff,
    ArgumentBits,
    CountTimeToLive,
    SlidingWithoutTimeToLive,
    LimitWithoutSliding,
    IfNewerMode,
    Argument,
    BodyTooLong,
    BodyLength,

    HelloVersion,
    TimeToLive,
    SlidingLimit,
    LeaseToken,
    BatchKeyLength,
    BatchTooShort,
    BatchTooLong,
}

/// <summary>The words for a fault: what was found, and what is allowed.</summary>
internal static class FaultText
{
    private static readonly string Opcodes = string.Join(", ", Enum.GetValues<Opcode>()
        .Where(opcode => OpcodeRule.Of(opcode) is not null)
        .Select(opcode => $"{opcode} 0x{(byte)opcode:X2}"));

    internal static Status StatusOf(FrameFault fault) => fault switch
    {
        FrameFault.Opcode => Status.UnknownOpcode,
        FrameFault.KeyLength or FrameFault.BatchKeyLength => Status.BadKeyLength,
        FrameFault.BodyTooLong => Status.FrameTooLarge,
        FrameFault.HelloVersion => Status.UnsupportedVersion,
        _ => Status.Malformed,
    };

    internal static string Describe(
        FrameFault fault, ReadOnlySpan<byte> input, in Request request, in ProtocolLimits limits)
    {
        Opcode opcode = request.Opcode;
        RequestFlags allowed = (OpcodeRule.Of(opcode) ?? default).Flags;
        int maxKeyBytes = limits.MaxKeyBytes;
        return fault switch
        {
            FrameFault.Magic =>
                $"magic byte is 0x{input[0]:X2}, must be 0xFC: this port speaks FCP version {FcpLimits.Version}",
            FrameFault.Opcode =>
                $"opcode 0x{(byte)opcode:X2} is unknown; requests are {Opcodes}",
            FrameFault.Flags =>
                $"flags of {opcode} are 0x{(byte)request.Flags:X2}; "
                + $"allowed bits are 0x{(byte)allowed:X2}, all others must be 0",
            FrameFault.DeleteMode =>
                $"mode of Delete is {(byte)request.Mode}; allowed are 0 (always) and 3 (if the version matches)",
            FrameFault.KeyLength =>
                $"keyLength of {opcode} is {request.KeyLength}; allowed are 1 to {maxKeyBytes}",
            FrameFault.KeyNotAllowed =>
                $"keyLength of {opcode} is {request.KeyLength}, must be 0",
            FrameFault.BatchCount =>
                $"argument of {opcode} is {request.Argument} keys; allowed are 1 to {limits.MaxBatchKeys}",
            FrameFault.Looks =>
                $"argument of {opcode} is {request.Argument} looks; allowed are 1 to {limits.MaxBatchKeys}",
            FrameFault.LeaseMillis =>
                $"argument of LeaseGet is {request.Argument} ms; allowed are 1 to {FcpLimits.MaxLeaseMillis}",
            FrameFault.OnOff =>
                $"argument of {opcode} is {request.Argument}; allowed are 0 (off) and 1 (on)",
            FrameFault.ArgumentBits =>
                $"argument of {opcode} is 0x{request.Argument:X8}; "
                + $"allowed bits are 0x{FrameRules.AllowedArgumentBits(opcode):X8}, all others must be 0",
            FrameFault.CountTimeToLive =>
                "a Count with HasTimeToLive must have HasInitial: only a new counter is given a life",
            FrameFault.SlidingWithoutTimeToLive =>
                $"a {opcode} with Sliding must have HasTimeToLive: the time that a hit gives",
            FrameFault.LimitWithoutSliding =>
                $"a {opcode} with HasSlidingLimit must have Sliding",
            FrameFault.IfNewerMode =>
                $"mode of a {opcode} with IfNewer is {(byte)request.Mode}, must be 0 (always)",
            FrameFault.Argument =>
                $"argument of {opcode} is {request.Argument}, must be 0",
            FrameFault.BodyTooLong =>
                $"bodyLength of {opcode} is {request.WireBodyLength}; "
                + $"allowed are at most {FrameRules.MaxBodyBytes(opcode, limits)}",
            FrameFault.BodyLength => DescribeBodyLength(request, limits),
            FrameFault.HelloVersion =>
                $"protocol version {request.Hello.Version} is not supported; "
                + $"this node speaks version {FcpLimits.Version}",
            FrameFault.TimeToLive =>
                $"timeToLiveMillis of {opcode} is {request.TimeToLiveMillis}; allowed are 1 to "
                + $"{FcpLimits.MaxTimeToLiveMillis}, or no flag HasTimeToLive for no expiry",
            FrameFault.SlidingLimit =>
                $"slidingLimitMillis of {opcode} is {request.SlidingLimitMillis}; allowed are 1 to "
                + $"{FcpLimits.MaxTimeToLiveMillis}, or no bit HasSlidingLimit for no limit",
            FrameFault.LeaseToken =>
                $"leaseToken of {opcode} is 0, which no grant has",
            FrameFault.BatchKeyLength or FrameFault.BatchTooShort or FrameFault.BatchTooLong =>
                DescribeBatch(request, limits),
            _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, "not a fatal fault"),
        };
    }

    private static string DescribeBodyLength(in Request request, in ProtocolLimits limits)
    {
        (long min, long max) = FrameRules.BodyRange(request, limits);
        OpcodeRule rule = OpcodeRule.Of(request.Opcode) ?? default;
        StringBuilder text = new();
        text.Append($"bodyLength of {request.Opcode} is {request.WireBodyLength}; ");
        text.Append(min == max ? $"must be {min}" : $"allowed are {min} to {max}");
        text.Append(rule.Argument == ArgumentKind.BatchCount
            ? $" for {request.Argument} keys"
            : $" for flags 0x{(byte)request.Flags:X2} and keyLength {request.KeyLength}");
        if (rule.Argument is ArgumentKind.SetExtras or ArgumentKind.CountExtras && request.Argument != 0)
        {
            text.Append($" and argument 0x{request.Argument:X8}");
        }

        return text.ToString();
    }

    private static string DescribeBatch(in Request request, in ProtocolLimits limits)
    {
        bool isGet = request.Opcode == Opcode.BatchGet;
        FrameFault fault = isGet
            ? BatchRules.CheckKeys(request, limits, out int index, out int keyLength)
            : BatchRules.CheckEntries(request, limits, out index, out keyLength);
        string what = isGet ? "key" : "entry";
        string all = isGet ? "keys" : "entries";
        string lengths = isGet ? "length bytes" : "lengths";
        return fault switch
        {
            FrameFault.BatchKeyLength =>
                $"key {index} of {request.Opcode} has length {keyLength}; allowed are 1 to {limits.MaxKeyBytes}",
            FrameFault.BatchTooShort =>
                $"{what} {index} of {request.Opcode} runs past the body of {request.WireBodyLength} bytes; "
                + $"the {all} with their {lengths} must fill it exactly",
            _ => $"the {request.Argument} {all} of {request.Opcode} end before the body of {request.WireBodyLength} bytes "
                + $"does; with their {lengths} they must fill it exactly",
        };
    }
}
