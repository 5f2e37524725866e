using System.Text;
using FastCache.Protocol;

namespace FastCache.Node.Tests.Properties;

/// <summary>Draws the requests of one connection.</summary>
/// <param name="random">Decides.</param>
/// <param name="limits">What the node allows.</param>
/// <param name="prefix">Keeps the keys of connections apart.</param>
/// <param name="typicalValueBytes">Most values are shorter; a few are up to the largest and beyond.</param>
/// <param name="shard">What the hello wants: 0 for any shard, k for shard k - 1.</param>
/// <param name="withStreams">Whether values are streamed, which only the shard of the key does.</param>
internal sealed unsafe class RandomOperations(
    Random random, ProtocolLimits limits, string prefix, int typicalValueBytes, ushort shard = 0, bool withStreams = true)
{
    private const ulong AnHour = 3_600_000;
    private readonly List<(uint Stream, int Missing)> _writing = [];
    private uint _id;
    private bool _saidHello;

    public PlainOperation Next(PlainCache cache)
    {
        uint id = NextId();
        if (!_saidHello)
        {
            _saidHello = true;
            return new(Opcode.Hello, id) { Features = Features.Push, Shard = shard };
        }

        if (random.Next(3) == 0)
        {
            return NextOther(cache, id);
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
                    Quiet = IsQuiet(),
                };
            case <= 9:
                return new(Opcode.Get, id) { Keys = [key], ReturnVersion = random.Next(2) == 0, Quiet = IsQuiet() };
            case 10 or 11:
                bool always = random.Next(2) == 0;
                return new(Opcode.Delete, id)
                {
                    Keys = [key],
                    Mode = always ? SetMode.Always : SetMode.IfVersion,
                    ExpectedVersion = always ? 0 : Version(cache, key),
                    Quiet = IsQuiet(),
                };
            case 12:
                return new(Opcode.Touch, id)
                {
                    Keys = [key],
                    TimeToLiveMillis = random.Next(2) == 0 ? 0 : AnHour,
                    Quiet = IsQuiet(),
                };
            default:
                SetMode mode = random.Next(2) == 0 ? SetMode.Always : (SetMode)random.Next(4);
                return Set(id) with
                {
                    Mode = mode,
                    ExpectedVersion = mode == SetMode.IfVersion ? Version(cache, key) : 0,
                    TimeToLiveMillis = random.Next(4) == 0 ? AnHour : 0,
                    ReturnVersion = random.Next(2) == 0,
                    Keys = [key],
                    Quiet = IsQuiet(),
                    LeaseToken = random.Next(4) == 0 ? Token(cache, key) : 0,
                };
        }
    }

    /// <summary>More bytes for a stream of the node.</summary>
    public PlainOperation Credit(uint stream, uint bytes) => new(Opcode.Credit, NextId()) { Stream = stream, Credit = bytes };

    /// <summary>What tells that everything before it was executed.</summary>
    public PlainOperation Fence() => new(Opcode.Ping, NextId());

    private PlainOperation NextOther(PlainCache cache, uint id)
    {
        byte[] key = Key();
        bool returnVersion = random.Next(2) == 0;
        switch (random.Next(withStreams ? 12 : 7))
        {
            case 0:
                return new(Opcode.GetRange, id)
                {
                    Keys = [random.Next(4) == 0 ? LargeKey : key],
                    Start = (ulong)random.Next(random.Next(3) == 0 ? limits.MaxValueBytes * 2 : 100),
                    Length = random.Next(3) == 0 ? 0 : (uint)random.Next(1, 2 * limits.MaxValueBytes),
                    ReturnVersion = returnVersion,
                    Quiet = IsQuiet(),
                };
            case 1:
                return new(Opcode.LeaseGet, id) { Keys = [key], ReturnVersion = returnVersion };
            case 2 when random.Next(2) == 0:
                return new(Opcode.LeaseRelease, id) { Keys = [key], LeaseToken = Token(cache, key) };
            case 2:
                return new(Opcode.MakeStale, id) { Keys = [key], Quiet = IsQuiet() };
            case 3:
                CountExtras extras = (CountExtras)random.Next(4);
                return new(Opcode.Count, id)
                {
                    Keys = [random.Next(4) == 0 ? key : Encoding.Latin1.GetBytes($"{prefix}n{random.Next(3)}")],
                    Amount = random.Next(6) == 0 ? ulong.MaxValue / (ulong)random.Next(1, 4) : (ulong)random.Next(100),
                    CountExtras = extras,
                    Initial = random.Next(2) == 0 ? (ulong)random.Next(50) : null,
                    ReturnVersion = returnVersion,
                    Quiet = IsQuiet(),
                };
            case 4 or 5:
                return new(random.Next(2) == 0 ? Opcode.Append : Opcode.Prepend, id)
                {
                    Keys = [key],
                    Value = Bytes(random.Next(20) == 0 ? limits.MaxValueBytes + 1 - random.Next(2) : random.Next(60)),
                    ReturnVersion = returnVersion,
                    Quiet = IsQuiet(),
                };
            case 6:
                int entries = random.Next(1, 20);
                int longest = Math.Min(typicalValueBytes, (limits.MaxBatchSetBodyBytes / entries) - FcpLimits.MaxKeyBytes - FcpLimits.BatchEntryBytes);
                return longest < 0 ? Fence() : new(Opcode.BatchSet, id)
                {
                    Keys = [.. Enumerable.Range(0, entries).Select(_ => Key())],
                    Values = [.. Enumerable.Range(0, entries).Select(_ => Bytes(random.Next(longest + 1)))],
                    ReturnVersion = returnVersion,
                    Quiet = IsQuiet(),
                };
            case 7 when random.Next(3) == 0:
                return new(Opcode.Track, id) { On = random.Next(4) != 0 };
            case 7 when random.Next(4) == 0:
                return new(Opcode.Topology, id);
            case 7 when random.Next(2) == 0:
                return new(Opcode.Scan, id)
                {
                    Looks = random.Next(1, FcpLimits.MaxBatchKeys + 1),
                    Cursor = cache.NextCursor == 0 ? 0 : random.Next(20) == 0 ? 1UL << random.Next(64) : cache.NextCursor,
                    Value = Encoding.Latin1.GetBytes(prefix),
                };
            case 7 or 8:
                return new(Opcode.GetStream, id)
                {
                    Keys = [random.Next(3) == 0 ? LargeKey : key],
                    Start = (ulong)random.Next(random.Next(3) == 0 ? limits.MaxValueBytes * 2 : 50),
                    Length = random.Next(3) != 0 ? 0 : (uint)random.Next(1, 2 * limits.MaxValueBytes),
                    Credit = random.Next(3) == 0 ? 0 : (uint)random.Next(20_000),
                };
            case 9 when random.Next(3) == 0 && cache.Reading.Count > 0:
                return new(Opcode.StreamCancel, id) { Stream = cache.Reading.Keys.First() };
            default:
                return NextOfWriting(id, key);
        }
    }

    /// <summary>Opens a stream that writes, or goes on with one.</summary>
    private PlainOperation NextOfWriting(uint id, byte[] key)
    {
        if (_writing.Count == 0 || (_writing.Count < 3 && random.Next(8) == 0))
        {
            bool isLarge = random.Next(6) == 0;
            int total = isLarge ? random.Next(60_000, 150_000) : random.Next(3 * typicalValueBytes);
            _writing.Add((id, total));
            return new(Opcode.SetBegin, id) { Keys = [isLarge ? LargeKey : key], TotalLength = total };
        }

        int index = random.Next(_writing.Count);
        (uint stream, int rest) = _writing[index];
        bool isEarly = random.Next(12) == 0;
        if (rest == 0 || isEarly)
        {
            bool aborts = random.Next(8) == 0;
            if (rest == 0 || aborts)
            {
                _writing.RemoveAt(index);
            }

            return new(aborts ? Opcode.SetAbort : Opcode.SetCommit, id)
            {
                Stream = stream,
                ReturnVersion = !aborts && random.Next(2) == 0,
                Quiet = IsQuiet(),
            };
        }

        bool isTooLong = random.Next(30) == 0 && rest < FcpLimits.MaxPieceBytes;
        int length = isTooLong ? rest + 1 : random.Next(Math.Min(rest, rest > 10_000 ? FcpLimits.MaxPieceBytes : 3_000) + 1);
        length = random.Next(2) == 0 && !isTooLong ? Math.Min(rest, FcpLimits.MaxPieceBytes) : length;
        _writing[index] = (stream, Math.Max(0, rest - length));
        return new(Opcode.SetPiece, id) { Stream = stream, Value = Bytes(length), Quiet = random.Next(2) == 0 };
    }

    /// <summary>The key of values that the shard keeps in several chunks.</summary>
    private byte[] LargeKey => Encoding.Latin1.GetBytes($"{prefix}large");

    private bool IsQuiet() => random.Next(5) == 0;

    private ulong Token(PlainCache cache, byte[] key) =>
        cache.KnownToken(key) is ulong known and not 0 && random.Next(4) != 0 ? known : (ulong)random.Next(1, 1_000);

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
