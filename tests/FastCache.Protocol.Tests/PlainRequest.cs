using System.Text;

namespace FastCache.Protocol.Tests;

/// <summary>A request as plain values: made at random, written by <see cref="RequestWriter"/>, read from a
/// <see cref="Request"/>.</summary>
internal sealed record PlainRequest(Opcode Opcode, uint Id)
{
    public byte[] Key { get; init; } = [];

    public byte[] Value { get; init; } = [];

    public byte[][] Keys { get; init; } = [];

    public ulong TimeToLiveMillis { get; init; }

    public SetMode Mode { get; init; }

    public ulong ExpectedVersion { get; init; }

    public bool ReturnVersion { get; init; }

    public uint Features { get; init; }

    public static readonly Opcode[] Opcodes =
    [
        Opcode.Hello, Opcode.Ping, Opcode.Stats, Opcode.Get, Opcode.BatchGet, Opcode.Set, Opcode.Delete, Opcode.Touch,
    ];

    public static PlainRequest Random(Random random, Opcode? opcode = null)
    {
        PlainRequest request = new(opcode ?? Opcodes[random.Next(Opcodes.Length)], (uint)random.NextInt64(1L << 32));
        ulong timeToLive = random.Next(3) switch
        {
            0 => 0,
            1 => (ulong)random.NextInt64(1, 100_000),
            _ => FcpLimits.MaxTimeToLiveMillis - (ulong)random.Next(2),
        };
        SetMode mode = (SetMode)random.Next(4);
        ulong version = (ulong)random.NextInt64() * 2 + 1;
        return request.Opcode switch
        {
            Opcode.Hello => request with { Features = (uint)random.NextInt64(1L << 32) },
            Opcode.Ping => request with { Value = random.Bytes(random.Next(FcpLimits.MaxPingBytes + 1)) },
            Opcode.Get => request with { Key = RandomKey(random), ReturnVersion = random.Next(2) == 0 },
            Opcode.BatchGet => request with
            {
                Keys = [.. Enumerable.Range(0, random.Next(1, 12)).Select(_ => RandomKey(random))],
                ReturnVersion = random.Next(2) == 0,
            },
            Opcode.Set => request with
            {
                Key = RandomKey(random),
                Value = random.Bytes(random.Next(random.Next(2) == 0 ? 4 : 300)),
                TimeToLiveMillis = timeToLive,
                Mode = mode,
                ExpectedVersion = mode == SetMode.IfVersion ? version : 0,
                ReturnVersion = random.Next(2) == 0,
            },
            Opcode.Delete => request with
            {
                Key = RandomKey(random),
                Mode = version % 4 == 1 ? SetMode.IfVersion : SetMode.Always,
                ExpectedVersion = version % 4 == 1 ? version : 0,
            },
            Opcode.Touch => request with { Key = RandomKey(random), TimeToLiveMillis = timeToLive },
            _ => request,
        };
    }

    public static PlainRequest Of(in Request request)
    {
        List<byte[]> keys = [];
        if (request.Opcode == Opcode.BatchGet)
        {
            int offset = 0;
            for (uint i = 0; i < request.Argument; i++)
            {
                keys.Add(request.ReadBatchKey(ref offset).ToArray());
            }
        }

        return new(request.Opcode, request.Id)
        {
            Key = request.Key.ToArray(),
            Value = request.Opcode is Opcode.Set or Opcode.Ping ? request.Value.ToArray() : [],
            Keys = [.. keys],
            TimeToLiveMillis = request.TimeToLiveMillis,
            Mode = request.Mode,
            ExpectedVersion = request.ExpectedVersion,
            ReturnVersion = request.ReturnVersion,
            Features = request.Opcode == Opcode.Hello ? HelloRequest.Read(request.Value).Features : 0,
        };
    }

    public int Write(Span<byte> destination) => Opcode switch
    {
        Opcode.Hello => RequestWriter.Hello(destination, Id, Features),
        Opcode.Ping => RequestWriter.Ping(destination, Id, Value),
        Opcode.Stats => RequestWriter.Stats(destination, Id),
        Opcode.Get => RequestWriter.Get(destination, Id, Key, ReturnVersion),
        Opcode.BatchGet => RequestWriter.BatchGet(
            destination, Id, Keys.Select(key => new ReadOnlyMemory<byte>(key)).ToArray(), ReturnVersion),
        Opcode.Set => RequestWriter.Set(
            destination, Id, Key, Value, TimeToLiveMillis, Mode, ExpectedVersion, ReturnVersion),
        Opcode.Delete when Mode == SetMode.IfVersion => RequestWriter.Delete(destination, Id, Key, ExpectedVersion),
        Opcode.Delete => RequestWriter.Delete(destination, Id, Key),
        Opcode.Touch => RequestWriter.Touch(destination, Id, Key, TimeToLiveMillis),
        _ => throw new InvalidOperationException($"no request has opcode {Opcode}"),
    };

    public byte[] ToFrame()
    {
        int contents = Key.Length + Value.Length + Keys.Sum(key => 1 + key.Length);
        byte[] buffer = new byte[FcpLimits.MaxSetOverheadBytes + contents];
        return buffer[..Write(buffer)];
    }

    /// <summary>The meaning column of docs/protocol-vectors.txt.</summary>
    public override string ToString()
    {
        StringBuilder text = new($"{Opcode} id={Id}");
        Append(Opcode == Opcode.Hello, $" version=1 features=0x{Features:X8}");
        Append(Key.Length > 0, $" key={Text(Key)}");
        Append(Keys.Length > 0, $" keys={string.Join(',', Keys.Select(Text))}");
        Append(Opcode is Opcode.Set or Opcode.Ping, $" value={Text(Value)}");
        Append(TimeToLiveMillis > 0, $" ttl={TimeToLiveMillis}");
        Append(Mode != SetMode.Always, $" mode={Mode}");
        Append(Mode == SetMode.IfVersion, $" expected={ExpectedVersion}");
        Append(ReturnVersion, " returnVersion");
        return text.ToString();

        void Append(bool present, string part) => text.Append(present ? part : "");
    }

    /// <summary>ASCII text, with a run of one letter as letter*count, and all else as 0x and hex.</summary>
    public static string Text(byte[] bytes) =>
        bytes.Length > 16 && bytes.All(b => b == bytes[0]) ? $"{(char)bytes[0]}*{bytes.Length}"
        : bytes.All(b => b is > 0x20 and < 0x7F) ? $"'{Encoding.ASCII.GetString(bytes)}'"
        : $"0x{Convert.ToHexString(bytes)}";

    private static byte[] RandomKey(Random random) => random.Bytes(random.Next(8) switch
    {
        0 => 1,
        1 => FcpLimits.MaxKeyBytes,
        2 => random.Next(1, FcpLimits.MaxKeyBytes + 1),
        _ => random.Next(1, 24),
    });
}
