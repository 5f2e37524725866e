using System.Buffers.Binary;

namespace FastCache.Protocol.Tests;

/// <summary>docs/protocol.md once more, written to be read: what <see cref="RequestDecoder"/> must find.</summary>
internal static class PlainDecoder
{
    private sealed record Rule(int Flags, bool HasKey, long LongestBody);

    /// <returns>The result, and the status if it is fatal.</returns>
    public static (DecodeResult Result, Status Status) Read(byte[] input, ProtocolLimits limits)
    {
        if (input.Length > 0 && input[0] != 0xFC)
        {
            return Fatal(Status.Malformed);
        }

        if (input.Length < 16)
        {
            return (DecodeResult.NeedMore, Status.Ok);
        }

        int opcode = input[1], flags = input[2], keyLength = input[3];
        long bodyLength = BinaryPrimitives.ReadUInt32LittleEndian(input.AsSpan(4));
        long argument = BinaryPrimitives.ReadUInt32LittleEndian(input.AsSpan(12));
        int maxKey = limits.MaxKeyBytes;
        Rule? rule = opcode switch
        {
            0x01 => new(0x00, false, 8),
            0x02 => new(0x00, false, 256),
            0x03 => new(0x00, false, 0),
            0x10 => new(0x40, true, maxKey),
            0x11 => new(0x40, false, limits.MaxBatchKeys * (maxKey + 1)),
            0x12 => new(0x47, true, 64 * 1024 * 1024),
            0x13 => new(0x03, true, maxKey + 8),
            0x14 => new(0x04, true, maxKey + 8),
            _ => null,
        };
        if (rule is null)
        {
            return Fatal(Status.UnknownOpcode);
        }

        int mode = opcode is 0x12 or 0x13 ? flags & 3 : 0;
        if ((flags | rule.Flags) != rule.Flags || (opcode == 0x13 && mode is 1 or 2))
        {
            return Fatal(Status.Malformed);
        }

        if (rule.HasKey ? keyLength < 1 || keyLength > maxKey : keyLength != 0)
        {
            return Fatal(rule.HasKey ? Status.BadKeyLength : Status.Malformed);
        }

        if (opcode == 0x11 ? argument < 1 || argument > limits.MaxBatchKeys : argument != 0)
        {
            return Fatal(Status.Malformed);
        }

        if (bodyLength > rule.LongestBody)
        {
            return Fatal(Status.FrameTooLarge);
        }

        bool hasTimeToLive = (flags & 4) != 0;
        long valueLength = bodyLength - (hasTimeToLive ? 8 : 0) - (mode == 3 ? 8 : 0) - keyLength;
        bool lengthFits = opcode switch
        {
            0x01 => bodyLength == 8,
            0x02 or 0x03 => true,
            0x11 => bodyLength >= 2 * argument && bodyLength <= (maxKey + 1) * argument,
            0x12 => valueLength >= 0,
            _ => valueLength == 0,
        };
        if (!lengthFits)
        {
            return Fatal(Status.Malformed);
        }

        if (opcode == 0x12 && valueLength > limits.MaxValueBytes)
        {
            return (DecodeResult.ValueTooLarge, Status.Ok);
        }

        return input.Length < 16 + bodyLength
            ? (DecodeResult.NeedMore, Status.Ok)
            : ReadBody(opcode, hasTimeToLive, argument, input[16..(int)(16 + bodyLength)], maxKey);
    }

    private static (DecodeResult Result, Status Status) ReadBody(
        int opcode, bool hasTimeToLive, long argument, byte[] body, int maxKey)
    {
        if (opcode == 0x01 && (body[0] != 1 || body[1] != 0))
        {
            return Fatal(Status.UnsupportedVersion);
        }

        if (opcode == 0x01 && (body[2] != 0 || body[3] != 0))
        {
            return Fatal(Status.Malformed);
        }

        if (hasTimeToLive && BinaryPrimitives.ReadUInt64LittleEndian(body) is 0 or > 549_755_813_888)
        {
            return Fatal(Status.Malformed);
        }

        int at = 0;
        for (long key = 0; opcode == 0x11 && key < argument; key++)
        {
            if (at == body.Length)
            {
                return Fatal(Status.Malformed);
            }

            if (body[at] == 0 || body[at] > maxKey)
            {
                return Fatal(Status.BadKeyLength);
            }

            at += 1 + body[at];
            if (at > body.Length)
            {
                return Fatal(Status.Malformed);
            }
        }

        return opcode == 0x11 && at != body.Length ? Fatal(Status.Malformed) : (DecodeResult.Ok, Status.Ok);
    }

    private static (DecodeResult Result, Status Status) Fatal(Status status) => (DecodeResult.Fatal, status);
}
