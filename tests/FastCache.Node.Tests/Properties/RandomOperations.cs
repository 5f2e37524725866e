using System.Text;
using FastCache.Protocol;

namespace FastCache.Node.Tests.Properties;

/// <summary>Draws the requests of one connection.</summary>
/// <param name="random">Decides.</param>
/// <param name="limits">What the node allows.</param>
/// <param name="prefix">Keeps the keys of connections apart.</param>
/// <param name="typicalValueBytes">Most values are shorter; a few are up to the largest and beyond.</param>
internal sealed unsafe class RandomOperations(Random random, ProtocolLimits limits, string prefix, int typicalValueBytes)
{
    private const ulong AnHour = 3_600_000;
    private uint _id;
    private bool _saidHello;

    public PlainOperation Next(PlainCache cache)
    {
        uint id = NextId();
        if (!_saidHello)
        {
            _saidHello = true;
            return new(Opcode.Hello, id);
        }

        byte[] key = Key();
        switch (random.Next(20))
        {
            case 0:
                return new(Opcode.Ping, id) { Value = Bytes(random.Next(FcpLimits.MaxPingBytes + 1)) };
            case 1 when random.Next(4) == 0:
                return new(Opcode.Stats, id);
            case 2 or 3 when random.Next(3) == 0:
                int keys = random.Next(8) == 0 ? random.Next(1, 200) : random.Next(1, 40);
                return new(Opcode.BatchGet, id)
                {
                    Keys = [.. Enumerable.Range(0, keys).Select(_ => Key())],
                    ReturnVersion = random.Next(2) == 0,
                };
            case <= 9:
                return new(Opcode.Get, id) { Keys = [key], ReturnVersion = random.Next(2) == 0 };
            case 10 or 11:
                bool always = random.Next(2) == 0;
                return new(Opcode.Delete, id)
                {
                    Keys = [key],
                    Mode = always ? SetMode.Always : SetMode.IfVersion,
                    ExpectedVersion = always ? 0 : Version(cache, key),
                };
            case 12:
                return new(Opcode.Touch, id) { Keys = [key], TimeToLiveMillis = random.Next(2) == 0 ? 0 : AnHour };
            default:
                SetMode mode = random.Next(2) == 0 ? SetMode.Always : (SetMode)random.Next(4);
                return Set(id) with
                {
                    Mode = mode,
                    ExpectedVersion = mode == SetMode.IfVersion ? Version(cache, key) : 0,
                    TimeToLiveMillis = random.Next(4) == 0 ? AnHour : 0,
                    ReturnVersion = random.Next(2) == 0,
                    Keys = [key],
                };
        }
    }

    /// <summary>A set without conditions.</summary>
    public PlainOperation Set(uint id)
    {
        int length = random.Next(24) switch
        {
            0 => 0,
            1 => limits.MaxValueBytes - random.Next(3),
            2 => limits.MaxValueBytes + random.Next(1, 3_000),
            _ => random.Next(typicalValueBytes),
        };
        return new(Opcode.Set, id) { Keys = [Key()], Value = Bytes(length) };
    }

    /// <summary>A frame that ends the conversation.</summary>
    public PlainOperation Bad()
    {
        uint id = NextId();
        if (!_saidHello && random.Next(2) == 0)
        {
            return Fatal(new PlainOperation(Opcode.Get, id) { Keys = [Key()] }.Encode(), id, Status.HandshakeRequired, SessionFault.HandshakeRequired);
        }

        byte[] hello = new PlainOperation(Opcode.Hello, id).Encode();
        if (_saidHello && random.Next(6) == 0)
        {
            return Fatal(hello, id, Status.Malformed, SessionFault.RepeatedHello);
        }

        while (true)
        {
            byte[] frame = random.Next(4) == 0 ? [.. hello] : Set(id).Encode();
            frame[random.Next(FcpLimits.HeaderBytes)] = (byte)random.Next(256);
            fixed (byte* start = frame)
            {
                if (RequestDecoder.Read(new ReadOnlySpan<byte>(start, frame.Length), limits, out _) == DecodeResult.Fatal)
                {
                    string text = RequestDecoder.Explain(frame, limits, out Status status, out id);
                    return Fatal(frame, id, status, text);
                }
            }
        }
    }

    private static PlainOperation Fatal(byte[] frame, uint id, Status status, string text) =>
        new(Opcode.Error, id) { BadFrame = frame, FatalStatus = status, FatalText = text };

    private uint NextId() => random.Next(10) == 0 ? (uint)random.NextInt64(1L << 32) : _id++;

    private ulong Version(PlainCache cache, byte[] key) =>
        cache.KnownVersion(key) is ulong known and not 0 && random.Next(3) != 0 ? known : (ulong)random.Next(1, 1_000);

    private byte[] Key()
    {
        string name = $"{prefix}{random.Next(12)}";
        return Encoding.Latin1.GetBytes(random.Next(6) == 0 ? name.PadRight(FcpLimits.MaxKeyBytes, '#') : name);
    }

    private byte[] Bytes(int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
