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
    Argument,
    BodyTooLong,
    BodyLength,

    HelloVersion,
    HelloReserved,
    TimeToLive,
    BatchKeyLength,
    BatchTooShort,
    BatchTooLong,
}

/// <summary>The words for a fault: what was found, and what is allowed.</summary>
internal static class FaultText
{
    private const string Opcodes =
        "Hello 0x01, Ping 0x02, Stats 0x03, Get 0x10, BatchGet 0x11, Set 0x12, Delete 0x13, Touch 0x14";

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
        int maxKeyBytes = limits.MaxKeyBytes;
        return fault switch
        {
            FrameFault.Magic =>
                $"magic byte is 0x{input[0]:X2}, must be 0xFC: this port speaks FCP version {FcpLimits.Version}",
            FrameFault.Opcode =>
                $"opcode 0x{(byte)opcode:X2} is unknown; requests are {Opcodes}",
            FrameFault.Flags =>
                $"flags of {opcode} are 0x{(byte)request.Flags:X2}; "
                + $"allowed bits are 0x{(byte)FrameRules.AllowedFlags(opcode):X2}, all others must be 0",
            FrameFault.DeleteMode =>
                $"mode of Delete is {(byte)request.Mode}; allowed are 0 (always) and 3 (if the version matches)",
            FrameFault.KeyLength =>
                $"keyLength of {opcode} is {request.KeyLength}; allowed are 1 to {maxKeyBytes}",
            FrameFault.KeyNotAllowed =>
                $"keyLength of {opcode} is {request.KeyLength}, must be 0",
            FrameFault.BatchCount =>
                $"argument of BatchGet is {request.Argument} keys; allowed are 1 to {limits.MaxBatchKeys}",
            FrameFault.Argument =>
                $"argument of {opcode} is {request.Argument}, must be 0",
            FrameFault.BodyTooLong =>
                $"bodyLength of {opcode} is {request.WireBodyLength}; "
                + $"allowed are at most {FrameRules.MaxBodyBytes(opcode, limits)}",
            FrameFault.BodyLength => DescribeBodyLength(request, limits),
            FrameFault.HelloVersion =>
                $"protocol version {HelloRequest.Read(request.Value).Version} is not supported; "
                + $"this node speaks version {FcpLimits.Version}",
            FrameFault.HelloReserved =>
                "reserved bytes 2 and 3 of the Hello body must be 0",
            FrameFault.TimeToLive =>
                $"timeToLiveMillis of {opcode} is {request.TimeToLiveMillis}; allowed are 1 to "
                + $"{FcpLimits.MaxTimeToLiveMillis}, or no flag HasTimeToLive for no expiry",
            FrameFault.BatchKeyLength or FrameFault.BatchTooShort or FrameFault.BatchTooLong =>
                DescribeBatch(request, limits),
            _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, "not a fatal fault"),
        };
    }

    private static string DescribeBodyLength(in Request request, in ProtocolLimits limits)
    {
        (long min, long max) = FrameRules.BodyRange(request, limits);
        StringBuilder text = new();
        text.Append($"bodyLength of {request.Opcode} is {request.WireBodyLength}; ");
        text.Append(min == max ? $"must be {min}" : $"allowed are {min} to {max}");
        text.Append(request.Opcode == Opcode.BatchGet
            ? $" for {request.Argument} keys"
            : $" for flags 0x{(byte)request.Flags:X2} and keyLength {request.KeyLength}");
        return text.ToString();
    }

    private static string DescribeBatch(in Request request, in ProtocolLimits limits)
    {
        FrameFault fault = FrameRules.CheckBatch(request, limits, out int index, out int keyLength);
        return fault switch
        {
            FrameFault.BatchKeyLength =>
                $"key {index} of BatchGet has length {keyLength}; allowed are 1 to {limits.MaxKeyBytes}",
            FrameFault.BatchTooShort =>
                $"key {index} of BatchGet runs past the body of {request.WireBodyLength} bytes; "
                + "the keys with their length bytes must fill it exactly",
            _ => $"the {request.Argument} keys of BatchGet end before the body of {request.WireBodyLength} bytes does; "
                + "with their length bytes they must fill it exactly",
        };
    }
}
