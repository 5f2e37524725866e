using System.Text;

namespace FastCache.Protocol.Tests;

/// <summary>A request as plain values: made at random, written by <see cref="RequestWriter"/>, read from a
/// <see cref="Request"/>.</summary>
internal sealed record PlainRequest(Opcode Opcode, uint Id)
{
    public byte[] Key { get; init; } = [];

    public byte[] Value { get; init; } = [];

    public byte[][] Keys { get; init; } = [];

    /// <summary>Of a batched set: as many as there are keys.</summary>
    public byte[][] Values { get; init; } = [];

    public ulong TimeToLiveMillis { get; init; }

    public SetMode Mode { get; init; }

    /// <summary>The version that is expected, or with IfNewer the one that comes from elsewhere.</summary>
    public ulong ExpectedVersion { get; init; }

    public bool ReturnVersion { get; init; }

    public bool IsForCopy { get; init; }

    public bool Quiet { get; init; }

    public uint Features { get; init; }

    public ushort Shard { get; init; }

    public SetExtras Extras { get; init; }

    public ulong SlidingLimitMillis { get; init; }

    public ulong LeaseToken { get; init; }

    public ulong TotalLength { get; init; }

    public CountExtras CountExtras { get; init; }

    public ulong Amount { get; init; }

    public ulong Initial { get; init; }

    /// <summary>Milliseconds of a lease, the id of a stream, on or off, how much a scan looks at.</summary>
    public uint Argument { get; init; }

    public ulong Start { get; init; }

    public ulong Length { get; init; }

    public ulong Credit { get; init; }

    public ulong Cursor { get; init; }

    public static readonly Opcode[] Opcodes =
    [
        Opcode.Hello, Opcode.Ping, Opcode.Stats, Opcode.Topology, Opcode.Cluster, Opcode.Scan, Opcode.Get, Opcode.BatchGet, Opcode.Set,
        Opcode.Delete, Opcode.Touch, Opcode.GetRange, Opcode.LeaseGet, Opcode.LeaseRelease, Opcode.MakeStale,
        Opcode.Count, Opcode.Append, Opcode.Prepend, Opcode.BatchSet, Opcode.SetBegin, Opcode.SetPiece,
        Opcode.SetCommit, Opcode.SetAbort, Opcode.GetStream, Opcode.Credit, Opcode.StreamCancel, Opcode.Track,
    ];

    private static readonly Opcode[] Quietable =
    [
        Opcode.Get, Opcode.BatchGet, Opcode.Set, Opcode.Delete, Opcode.Touch, Opcode.GetRange, Opcode.LeaseRelease,
        Opcode.MakeStale, Opcode.Count, Opcode.Append, Opcode.Prepend, Opcode.BatchSet, Opcode.SetPiece,
        Opcode.SetCommit, Opcode.SetAbort,
    ];

    private static readonly Opcode[] Copyable = [Opcode.Get, Opcode.Set, Opcode.Delete, Opcode.GetRange, Opcode.LeaseGet];

    private static readonly Opcode[] Versioned =
    [
        Opcode.Get, Opcode.BatchGet, Opcode.Set, Opcode.GetRange, Opcode.LeaseGet, Opcode.Count, Opcode.Append,
        Opcode.Prepend, Opcode.BatchSet, Opcode.SetCommit,
    ];

    private static readonly Opcode[] Keyless =
    [
        Opcode.Hello, Opcode.Ping, Opcode.Stats, Opcode.Topology, Opcode.Cluster, Opcode.Scan, Opcode.BatchGet, Opcode.BatchSet,
        Opcode.SetPiece, Opcode.SetCommit, Opcode.SetAbort, Opcode.Credit, Opcode.StreamCancel, Opcode.Track,
    ];

    public static bool HasKey(Opcode opcode) => !Keyless.Contains(opcode);

    public static PlainRequest Random(Random random, Opcode? opcode = null)
    {
        PlainRequest request = new(opcode ?? Opcodes[random.Next(Opcodes.Length)], (uint)random.NextInt64(1L << 32));
        request = request with
        {
            Key = HasKey(request.Opcode) ? RandomKey(random) : [],
            IsForCopy = random.Next(3) == 0 && Copyable.Contains(request.Opcode),
            Quiet = random.Next(2) == 0 && Quietable.Contains(request.Opcode),
            ReturnVersion = random.Next(2) == 0 && Versioned.Contains(request.Opcode),
        };
        ulong timeToLive = random.Next(3) == 0 ? 0 : Life(random);
        ulong version = (ulong)random.NextInt64() * 2 + 1;
        return request.Opcode switch
        {
            Opcode.Hello => request with { Features = (uint)random.NextInt64(1L << 32), Shard = (ushort)random.Next(65536) },
            Opcode.Ping => request with { Value = random.Bytes(random.Next(FcpLimits.MaxPingBytes + 1)) },
            Opcode.BatchGet => request with { Keys = RandomKeys(random) },
            Opcode.Set => Terms(request, random) with { Value = random.Bytes(random.Next(random.Next(2) == 0 ? 4 : 300)) },
            Opcode.Delete => request with
            {
                Mode = version % 4 == 1 ? SetMode.IfVersion : SetMode.Always,
                ExpectedVersion = version % 4 == 1 ? version : 0,
            },
            Opcode.Touch => request with { TimeToLiveMillis = timeToLive },
            Opcode.GetRange => request with { Start = version, Length = (uint)random.NextInt64(1L << 32) },
            Opcode.LeaseGet => request with { Argument = 1 + (uint)random.Next(3_600_000) },
            Opcode.LeaseRelease => request with { LeaseToken = version },
            Opcode.Count => Counter(request with { Amount = version }, random),
            Opcode.Append or Opcode.Prepend => request with { Value = random.Bytes(random.Next(300)) },
            Opcode.BatchSet => Entries(request with { TimeToLiveMillis = timeToLive, Keys = RandomKeys(random) }, random),
            Opcode.SetBegin => Terms(request, random) with { TotalLength = version },
            Opcode.SetPiece => request with { Argument = (uint)random.Next(), Value = random.Bytes(random.Next(300)) },
            Opcode.SetCommit or Opcode.SetAbort or Opcode.StreamCancel => request with { Argument = (uint)random.Next() },
            Opcode.GetStream => request with { Start = version, Length = version / 3, Credit = (uint)random.Next() },
            Opcode.Credit => request with { Argument = (uint)random.Next(), Credit = version },
            Opcode.Track => request with { Argument = (uint)random.Next(2) },
            Opcode.Cluster => request with { Argument = (uint)random.NextInt64(1L << 32) },
            Opcode.Scan => request with
            {
                Argument = 1 + (uint)random.Next(FcpLimits.MaxBatchKeys),
                Cursor = random.Next(2) == 0 ? 0 : version,
                Value = random.Next(2) == 0 ? [] : RandomKey(random),
            },
            _ => request,
        };
    }

    public static PlainRequest Of(in Request request)
    {
        List<byte[]> keys = [];
        List<byte[]> values = [];
        int offset = 0;
        for (uint i = 0; i < request.Argument && request.Opcode is Opcode.BatchGet or Opcode.BatchSet; i++)
        {
            ReadOnlySpan<byte> value = default;
            keys.Add(request.Opcode == Opcode.BatchGet
                ? request.ReadBatchKey(ref offset).ToArray()
                : request.ReadBatchEntry(ref offset, out value).ToArray());
            values.Add(value.ToArray());
        }

        Opcode opcode = request.Opcode;
        bool isSet = opcode is Opcode.Set or Opcode.SetBegin;
        bool isRange = opcode is Opcode.GetRange or Opcode.GetStream;
        return new(opcode, request.Id)
        {
            Key = request.Key.ToArray(),
            Value = HasValue(opcode) || opcode == Opcode.Scan ? request.Value.ToArray() : [],
            Keys = [.. keys],
            Values = opcode == Opcode.BatchSet ? [.. values] : [],
            TimeToLiveMillis = request.TimeToLiveMillis,
            Mode = request.Mode,
            ExpectedVersion = isSet && (request.SetExtras & SetExtras.IfNewer) != 0 ? request.NewVersion : request.ExpectedVersion,
            ReturnVersion = request.ReturnVersion,
            Quiet = request.IsQuiet,
            IsForCopy = request.IsForCopy,
            Features = opcode == Opcode.Hello ? request.Hello.Features : 0,
            Shard = opcode == Opcode.Hello ? request.Hello.Shard : (ushort)0,
            Extras = isSet ? request.SetExtras : 0,
            SlidingLimitMillis = isSet ? request.SlidingLimitMillis : 0,
            LeaseToken = isSet || opcode == Opcode.LeaseRelease ? request.LeaseToken : 0,
            TotalLength = opcode == Opcode.SetBegin ? request.TotalLength : 0,
            CountExtras = opcode == Opcode.Count ? request.CountExtras : 0,
            Amount = opcode == Opcode.Count ? request.Amount : 0,
            Initial = opcode == Opcode.Count ? request.Initial ?? 0 : 0,
            Argument = HasPlainArgument(opcode) ? request.Argument : 0,
            Start = isRange ? request.RangeStart : 0,
            Length = isRange ? request.RangeLength : 0,
            Credit = opcode is Opcode.GetStream or Opcode.Credit ? request.Credit : 0,
            Cursor = opcode == Opcode.Scan ? request.Cursor : 0,
        };
    }

    public int Write(Span<byte> destination)
    {
        int length = WriteForPrimary(destination);
        if (IsForCopy)
        {
            RequestWriter.MakeForCopy(destination);
        }

        return length;
    }

    private int WriteForPrimary(Span<byte> destination) => Opcode switch
    {
        Opcode.Hello => RequestWriter.Hello(destination, Id, Features, Shard),
        Opcode.Ping => RequestWriter.Ping(destination, Id, Value),
        Opcode.Stats => RequestWriter.Stats(destination, Id),
        Opcode.Topology => RequestWriter.Topology(destination, Id),
        Opcode.Cluster => RequestWriter.Cluster(destination, Id, Argument),
        Opcode.Scan => RequestWriter.Scan(destination, Id, Cursor, (int)Argument, Value),
        Opcode.Get => RequestWriter.Get(destination, Id, Key, ReturnVersion, Quiet),
        Opcode.BatchGet => RequestWriter.BatchGet(
            destination, Id, Keys.Select(key => new ReadOnlyMemory<byte>(key)).ToArray(), ReturnVersion, Quiet),
        Opcode.Set when Extras == SetExtras.None && !Quiet => RequestWriter.Set(
            destination, Id, Key, Value, TimeToLiveMillis, Mode, ExpectedVersion, ReturnVersion),
        Opcode.Set => RequestWriter.Set(destination, Id, Key, Value, SetTerms),
        Opcode.Delete when Mode == SetMode.IfVersion =>
            RequestWriter.Delete(destination, Id, Key, ExpectedVersion, Quiet),
        Opcode.Delete => RequestWriter.Delete(destination, Id, Key, Quiet),
        Opcode.Touch => RequestWriter.Touch(destination, Id, Key, TimeToLiveMillis, Quiet),
        Opcode.GetRange => RequestWriter.GetRange(destination, Id, Key, Start, (uint)Length, ReturnVersion, Quiet),
        Opcode.LeaseGet => RequestWriter.LeaseGet(destination, Id, Key, Argument, ReturnVersion),
        Opcode.LeaseRelease => RequestWriter.LeaseRelease(destination, Id, Key, LeaseToken, Quiet),
        Opcode.MakeStale => RequestWriter.MakeStale(destination, Id, Key, Quiet),
        Opcode.Count => RequestWriter.Count(
            destination,
            Id,
            Key,
            Amount,
            CountExtras & ~CountExtras.HasInitial,
            (CountExtras & CountExtras.HasInitial) != 0 ? Initial : null,
            TimeToLiveMillis,
            ReturnVersion,
            Quiet),
        Opcode.Append => RequestWriter.Append(destination, Id, Key, Value, ReturnVersion, Quiet),
        Opcode.Prepend => RequestWriter.Prepend(destination, Id, Key, Value, ReturnVersion, Quiet),
        Opcode.BatchSet => WriteEntries(destination),
        Opcode.SetBegin => RequestWriter.SetBegin(destination, Id, Key, TotalLength, SetTerms),
        Opcode.SetPiece => RequestWriter.SetPiece(destination, Id, Argument, Value, Quiet),
        Opcode.SetCommit => RequestWriter.SetCommit(destination, Id, Argument, ReturnVersion, Quiet),
        Opcode.SetAbort => RequestWriter.SetAbort(destination, Id, Argument, Quiet),
        Opcode.GetStream => RequestWriter.GetStream(destination, Id, Key, (uint)Credit, Start, Length),
        Opcode.Credit => RequestWriter.Credit(destination, Id, Argument, Credit),
        Opcode.StreamCancel => RequestWriter.StreamCancel(destination, Id, Argument),
        Opcode.Track => RequestWriter.Track(destination, Id, Argument == 1),
        _ => throw new InvalidOperationException($"no request has opcode {Opcode}"),
    };

    public byte[] ToFrame()
    {
        int contents = Key.Length + Value.Length + Keys.Sum(key => 5 + key.Length) + Values.Sum(value => value.Length);
        byte[] buffer = new byte[FcpLimits.MaxSetOverheadBytes + 8 + contents];
        return buffer[..Write(buffer)];
    }

    /// <summary>The meaning column of docs/protocol-vectors.txt.</summary>
    public override string ToString()
    {
        StringBuilder text = new($"{Opcode} id={Id}");
        Append(Opcode == Opcode.Hello, $" version=1 features=0x{Features:X8}");
        Append(Shard > 0, $" shard={Shard}");
        Append(HasPlainArgument(Opcode), $" {ArgumentName(Opcode)}={Argument}");
        Append(Key.Length > 0, $" key={Text(Key)}");
        Append(Keys.Length > 0, $" keys={string.Join(',', Keys.Select(Text))}");
        Append(Values.Length > 0, $" values={string.Join(',', Values.Select(Text))}");
        Append(Opcode == Opcode.Scan, $" cursor={Cursor}");
        Append(Opcode == Opcode.Scan && Value.Length > 0, $" prefix={Text(Value)}");
        Append(HasValue(Opcode), $" value={Text(Value)}");
        Append(Opcode is Opcode.GetRange or Opcode.GetStream, $" start={Start} length={Length}");
        Append(Opcode is Opcode.GetStream or Opcode.Credit, $" credit={Credit}");
        Append(Opcode == Opcode.SetBegin, $" totalLength={TotalLength}");
        Append(Opcode == Opcode.Count, $" amount={Amount}");
        Append((CountExtras & CountExtras.Checked) != 0, " checked");
        Append((CountExtras & CountExtras.Subtract) != 0, " subtract");
        Append((CountExtras & CountExtras.HasInitial) != 0, $" initial={Initial}");
        Append(TimeToLiveMillis > 0, $" ttl={TimeToLiveMillis}");
        Append((Extras & SetExtras.Sliding) != 0, " sliding");
        Append(SlidingLimitMillis > 0, $" slidingLimit={SlidingLimitMillis}");
        Append((Extras & SetExtras.KeepStale) != 0, " keepStale");
        Append(LeaseToken > 0, $" leaseToken={LeaseToken}");
        Append((Extras & SetExtras.IfNewer) != 0, $" ifNewer={ExpectedVersion}");
        Append(Mode != SetMode.Always, $" mode={Mode}");
        Append(Mode == SetMode.IfVersion, $" expected={ExpectedVersion}");
        Append(ReturnVersion, " returnVersion");
        Append(IsForCopy, " copy");
        Append(Quiet, " quiet");
        return text.ToString();

        void Append(bool present, string part) => text.Append(present ? part : "");
    }

    /// <summary>ASCII text, with a run of one letter as letter*count, and all else as 0x and hex.</summary>
    public static string Text(byte[] bytes) =>
        bytes.Length > 16 && bytes.All(b => b == bytes[0]) ? $"{(char)bytes[0]}*{bytes.Length}"
        : bytes.All(b => b is > 0x20 and < 0x7F) ? $"'{Encoding.ASCII.GetString(bytes)}'"
        : $"0x{Convert.ToHexString(bytes)}";

    private SetTerms SetTerms => new(TimeToLiveMillis, Mode, ExpectedVersion)
    {
        Sliding = (Extras & SetExtras.Sliding) != 0,
        SlidingLimitMillis = SlidingLimitMillis,
        KeepStale = (Extras & SetExtras.KeepStale) != 0,
        LeaseToken = LeaseToken,
        IfNewer = (Extras & SetExtras.IfNewer) != 0,
        ReturnVersion = ReturnVersion,
        Quiet = Quiet,
    };

    private static bool HasValue(Opcode opcode) =>
        opcode is Opcode.Set or Opcode.Ping or Opcode.Append or Opcode.Prepend or Opcode.SetPiece;

    private static bool HasPlainArgument(Opcode opcode) => ArgumentName(opcode).Length > 0;

    private static string ArgumentName(Opcode opcode) => opcode switch
    {
        Opcode.LeaseGet => "lease",
        Opcode.SetPiece or Opcode.SetCommit or Opcode.SetAbort or Opcode.Credit or Opcode.StreamCancel => "stream",
        Opcode.Track => "on",
        Opcode.Cluster => "offset",
        Opcode.Scan => "looks",
        _ => "",
    };

    private static PlainRequest Terms(PlainRequest request, Random random)
    {
        bool isNewer = random.Next(6) == 0;
        SetMode mode = isNewer ? SetMode.Always : (SetMode)random.Next(4);
        bool isSliding = random.Next(4) == 0;
        bool isLimited = isSliding && random.Next(2) == 0;
        bool hasToken = random.Next(4) == 0;
        return request with
        {
            TimeToLiveMillis = isSliding || random.Next(2) == 0 ? Life(random) : 0,
            Mode = mode,
            ExpectedVersion = mode == SetMode.IfVersion || isNewer ? (ulong)random.NextInt64() * 2 + 1 : 0,
            SlidingLimitMillis = isLimited ? Life(random) : 0,
            LeaseToken = hasToken ? (ulong)random.NextInt64() * 2 + 1 : 0,
            Extras = (isSliding ? SetExtras.Sliding : 0)
                | (isLimited ? SetExtras.HasSlidingLimit : 0)
                | (hasToken ? SetExtras.HasLeaseToken : 0)
                | (isNewer ? SetExtras.IfNewer : 0)
                | (random.Next(4) == 0 ? SetExtras.KeepStale : 0),
        };
    }

    private static PlainRequest Counter(PlainRequest request, Random random)
    {
        CountExtras extras = (CountExtras)random.Next(8);
        bool hasInitial = (extras & CountExtras.HasInitial) != 0;
        return request with
        {
            CountExtras = extras,
            Initial = hasInitial ? (ulong)random.NextInt64() : 0,
            TimeToLiveMillis = hasInitial && random.Next(2) == 0 ? Life(random) : 0,
        };
    }

    private static PlainRequest Entries(PlainRequest request, Random random) =>
        request with { Values = [.. request.Keys.Select(_ => random.Bytes(random.Next(40)))] };

    private int WriteEntries(Span<byte> destination)
    {
        BatchSetWriter batch = new(destination, Id, TimeToLiveMillis, ReturnVersion, Quiet);
        for (int i = 0; i < Keys.Length; i++)
        {
            if (!batch.TryAdd(Keys[i], Values[i]))
            {
                throw new ArgumentException("full");
            }
        }

        return batch.Finish();
    }

    private static ulong Life(Random random) => random.Next(2) == 0
        ? (ulong)random.NextInt64(1, 100_000)
        : FcpLimits.MaxTimeToLiveMillis - (ulong)random.Next(2);

    private static byte[][] RandomKeys(Random random) =>
        [.. Enumerable.Range(0, random.Next(1, 12)).Select(_ => RandomKey(random))];

    private static byte[] RandomKey(Random random) => random.Bytes(random.Next(8) switch
    {
        0 => 1,
        1 => FcpLimits.MaxKeyBytes,
        2 => random.Next(1, FcpLimits.MaxKeyBytes + 1),
        _ => random.Next(1, 24),
    });
}
