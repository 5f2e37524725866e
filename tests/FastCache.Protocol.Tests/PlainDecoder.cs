using System.Buffers.Binary;

namespace FastCache.Protocol.Tests;

/// <summary>docs/protocol.md once more, written to be read: what <see cref="RequestDecoder"/> must find.</summary>
internal static class PlainDecoder
{
    /// <param name="Flags">Flags allowed.</param>
    /// <param name="HasKey">Whether keyLength is a key's.</param>
    /// <param name="Fields">Bytes before the key, without those that flags or argument bits bring.</param>
    /// <param name="Longest">Longest body.</param>
    private sealed record Rule(int Flags, bool HasKey, int Fields, long Longest);

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
            0x01 => new(0x00, false, 8, 8),
            0x02 => new(0x00, false, 0, 256),
            0x03 or 0x04 or 0x05 => new(0x00, false, 0, 0),
            0x06 => new(0x00, false, 8, maxKey + 8),
            0x10 => new(0xE0, true, 0, maxKey),
            0x11 => new(0xC0, false, 0, limits.MaxBatchKeys * (maxKey + 1)),
            0x12 => new(0xE7, true, 0, 64 * 1024 * 1024),
            0x13 => new(0xA3, true, 0, maxKey + 8),
            0x14 => new(0x84, true, 0, maxKey + 8),
            0x15 => new(0xE0, true, 8, maxKey + 8),
            0x16 => new(0x60, true, 0, maxKey),
            0x17 => new(0x80, true, 8, maxKey + 8),
            0x18 => new(0x80, true, 0, maxKey),
            0x19 => new(0xC4, true, 8, maxKey + 24),
            0x1A or 0x1B => new(0xC0, true, 0, 64 * 1024 * 1024),
            0x1C => new(0xC4, false, 0, 13 + maxKey + limits.MaxValueBytes),
            0x20 => new(0x07, true, 8, maxKey + 40),
            0x21 => new(0x80, false, 0, 64 * 1024),
            0x22 => new(0xC0, false, 0, 0),
            0x23 => new(0x80, false, 0, 0),
            0x24 => new(0x00, true, 16, maxKey + 16),
            0x25 => new(0x00, false, 8, 8),
            0x26 or 0x27 => new(0x00, false, 0, 0),
            _ => null,
        };
        if (rule is null)
        {
            return Fatal(Status.UnknownOpcode);
        }

        int mode = flags & 3;
        if ((flags | rule.Flags) != rule.Flags || (opcode == 0x13 && mode is 1 or 2))
        {
            return Fatal(Status.Malformed);
        }

        if (rule.HasKey ? keyLength < 1 || keyLength > maxKey : keyLength != 0)
        {
            return Fatal(rule.HasKey ? Status.BadKeyLength : Status.Malformed);
        }

        if (!ArgumentIsAllowed(opcode, flags, argument, limits.MaxBatchKeys))
        {
            return Fatal(Status.Malformed);
        }

        if (bodyLength > rule.Longest)
        {
            return Fatal(Status.FrameTooLarge);
        }

        int fields = rule.Fields + ExtraFields(opcode, flags, argument);
        long rest = bodyLength - fields - keyLength;
        bool lengthFits = opcode switch
        {
            0x02 or 0x21 => true,
            0x11 => bodyLength >= 2 * argument && bodyLength <= (maxKey + 1) * argument,
            0x06 or 0x12 or 0x1A or 0x1B => rest >= 0,
            0x1C => rest >= 6 * argument,
            _ => rest == 0,
        };
        if (!lengthFits)
        {
            return Fatal(Status.Malformed);
        }

        if (opcode is 0x12 or 0x1A or 0x1B && rest > limits.MaxValueBytes)
        {
            return (DecodeResult.ValueTooLarge, Status.Ok);
        }

        return input.Length < 16 + bodyLength
            ? (DecodeResult.NeedMore, Status.Ok)
            : ReadBody(opcode, flags, argument, input[16..(int)(16 + bodyLength)], maxKey);
    }

    private static bool ArgumentIsAllowed(int opcode, int flags, long argument, int maxBatchKeys)
    {
        bool hasTimeToLive = (flags & 4) != 0;
        return opcode switch
        {
            0x06 or 0x11 or 0x1C => argument >= 1 && argument <= maxBatchKeys,
            0x12 or 0x20 => argument <= 0x1F
                && (!Bit(argument, 0x01) || hasTimeToLive)
                && (!Bit(argument, 0x04) || Bit(argument, 0x01))
                && (!Bit(argument, 0x10) || (flags & 3) == 0),
            0x05 or 0x15 or 0x21 or 0x22 or 0x23 or 0x24 or 0x25 or 0x26 => true,
            0x16 => argument is >= 1 and <= 3_600_000,
            0x19 => argument <= 7 && (!hasTimeToLive || Bit(argument, 0x04)),
            0x27 => argument <= 1,
            _ => argument == 0,
        };
    }

    private static int ExtraFields(int opcode, int flags, long argument)
    {
        int count = Bit(flags, 4) ? 1 : 0;
        count += (flags & 3) == 3 ? 1 : 0;
        if (opcode is 0x12 or 0x20)
        {
            count += (Bit(argument, 0x04) ? 1 : 0) + (Bit(argument, 0x08) ? 1 : 0) + (Bit(argument, 0x10) ? 1 : 0);
        }

        return 8 * (count + (opcode == 0x19 && Bit(argument, 0x04) ? 1 : 0));
    }

    private static (DecodeResult Result, Status Status) ReadBody(
        int opcode, int flags, long argument, byte[] body, int maxKey)
    {
        if (opcode == 0x01 && (body[0] != 1 || body[1] != 0))
        {
            return Fatal(Status.UnsupportedVersion);
        }

        int at = 0;
        if (Bit(flags, 4))
        {
            at += 8;
            if (!IsLife(body))
            {
                return Fatal(Status.Malformed);
            }
        }

        if (opcode is 0x12 or 0x20)
        {
            at += (flags & 3) == 3 || Bit(argument, 0x10) ? 8 : 0;
            if (Bit(argument, 0x04))
            {
                if (!IsLife(body.AsSpan(at)))
                {
                    return Fatal(Status.Malformed);
                }

                at += 8;
            }

            if (Bit(argument, 0x08) && BinaryPrimitives.ReadUInt64LittleEndian(body.AsSpan(at)) == 0)
            {
                return Fatal(Status.Malformed);
            }
        }

        if (opcode == 0x17 && BinaryPrimitives.ReadUInt64LittleEndian(body) == 0)
        {
            return Fatal(Status.Malformed);
        }

        return opcode is 0x11 or 0x1C
            ? ReadBatch(opcode == 0x1C, argument, body, at, maxKey)
            : (DecodeResult.Ok, Status.Ok);
    }

    private static (DecodeResult Result, Status Status) ReadBatch(
        bool hasValues, long entries, byte[] body, long at, int maxKey)
    {
        int lengths = hasValues ? 5 : 1;
        for (long entry = 0; entry < entries; entry++)
        {
            if (at + lengths > body.Length)
            {
                return Fatal(Status.Malformed);
            }

            int keyLength = body[at];
            if (keyLength == 0 || keyLength > maxKey)
            {
                return Fatal(Status.BadKeyLength);
            }

            at += lengths + keyLength + (hasValues ? BinaryPrimitives.ReadUInt32LittleEndian(body.AsSpan((int)at + 1)) : 0);
            if (at > body.Length)
            {
                return Fatal(Status.Malformed);
            }
        }

        return at != body.Length ? Fatal(Status.Malformed) : (DecodeResult.Ok, Status.Ok);
    }

    private static bool IsLife(ReadOnlySpan<byte> field) =>
        BinaryPrimitives.ReadUInt64LittleEndian(field) is >= 1 and <= 549_755_813_888;

    private static bool Bit(long word, long bit) => (word & bit) != 0;

    private static (DecodeResult Result, Status Status) Fatal(Status status) => (DecodeResult.Fatal, status);
}
