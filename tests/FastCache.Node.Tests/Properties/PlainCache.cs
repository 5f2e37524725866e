using System.Text;
using FastCache.Core;
using FastCache.Protocol;

namespace FastCache.Node.Tests.Properties;

/// <summary>What a node must answer to one connection whose keys nobody else uses: a plain dictionary, one request after another.</summary>
internal sealed class PlainCache(ProtocolLimits limits)
{
    private readonly Dictionary<string, Entry> _entries = [];
    private readonly Dictionary<string, ulong> _tokens = [];
    private readonly Dictionary<uint, Written> _writing = [];

    /// <summary>Streams that the node is sending.</summary>
    public Dictionary<uint, Read> Reading { get; } = [];

    /// <summary>Whether the node may have no memory for a stream at any time.</summary>
    public bool MayRefuseStreams { get; init; }

    /// <summary>Where the last scan that was answered goes on.</summary>
    public ulong NextCursor { get; private set; }

    public long Hits { get; private set; }

    public long Misses { get; private set; }

    public long Sets { get; private set; }

    public long Deletes { get; private set; }

    public long Executed { get; private set; }

    /// <summary>All keys that the node has something of, an item or a grant.</summary>
    public IEnumerable<byte[]> Keys => _entries.Keys.Concat(_tokens.Keys).Distinct().Select(Encoding.Latin1.GetBytes);

    /// <summary>The version of a key as far as a reply has told it; 0 if none has.</summary>
    public ulong KnownVersion(byte[] key) => Find(key)?.Version ?? 0;

    /// <summary>The token of a key's grant as far as a reply has told it; 0 if there is none.</summary>
    public ulong KnownToken(byte[] key) => _tokens.GetValueOrDefault(Name(key));

    /// <summary>Executes a request that is never answered.</summary>
    public void ExecuteCredit() => Executed++;

    /// <summary>Executes one request, or one key of a batch, if it is quiet and gets no reply.</summary>
    /// <returns>False when there must be a reply.</returns>
    public bool TryExecuteSilently(PlainOperation operation, int index)
    {
        bool isRead = operation.Opcode is Opcode.Get or Opcode.BatchGet or Opcode.GetRange;
        bool isLastOfBatch = operation.Opcode is Opcode.BatchGet or Opcode.BatchSet && index == operation.Keys.Length - 1;
        if (!operation.Quiet || isLastOfBatch || Expected(operation, index) != (isRead ? Status.NotFound : Status.Ok))
        {
            return false;
        }

        Executed++;
        if (isRead)
        {
            Misses++;
        }
        else
        {
            Apply(operation, index, 0);
        }

        return true;
    }

    /// <summary>Takes in a piece of a stream.</summary>
    public void CheckPiece(in Reply reply)
    {
        Assert.Equal((Opcode.GetStream, Status.Ok), (reply.Opcode, reply.Status));
        Read read = Reading[reply.Id];
        Assert.InRange(reply.Body.Length, 1, FcpLimits.MaxPieceBytes);
        Assert.True(reply.Body.SequenceEqual(read.Bytes.AsSpan(read.Got, reply.Body.Length)), "a piece has other bytes");
        read.Got += reply.Body.Length;
        Assert.True(read.Got <= read.Credit, $"{read.Got} bytes for a credit of {read.Credit}");
        Assert.Equal(read.Got < read.Bytes.Length, reply.HasMore);
        if (!reply.HasMore)
        {
            Reading.Remove(reply.Id);
        }
    }

    /// <summary>Executes one request, or one key of a batch, and compares the reply with what must come.</summary>
    public void Check(PlainOperation operation, int index, in Reply reply)
    {
        bool tooLarge = operation.Opcode is Opcode.Set or Opcode.Append or Opcode.Prepend
            && operation.Value.Length > limits.MaxValueBytes;
        Executed += tooLarge || operation.BadFrame is not null ? 0 : 1;
        Assert.Equal(operation.BadFrame is null ? operation.Opcode : Opcode.Error, reply.Opcode);
        Assert.Equal(operation.Id, reply.Id);
        Assert.True(operation.Opcode is Opcode.LeaseGet or Opcode.Scan || reply.Argument == (uint)index, $"argument {reply.Argument}");
        Assert.Equal(operation.Opcode is Opcode.BatchGet or Opcode.BatchSet && index == operation.Keys.Length - 1, reply.IsLast);
        if (operation.BadFrame is not null)
        {
            Assert.Equal(operation.FatalStatus, reply.Status);
            Assert.Equal(operation.FatalText, Encoding.UTF8.GetString(reply.Body));
        }
        else if (tooLarge)
        {
            Assert.Equal(Status.ValueTooLarge, reply.Status);
            Assert.Equal(SessionFault.ValueTooLarge(limits), Encoding.UTF8.GetString(reply.Body));
        }
        else
        {
            CheckAnswer(operation, index, reply);
        }
    }

    private void CheckAnswer(PlainOperation operation, int index, in Reply reply)
    {
        switch (operation.Opcode)
        {
            case Opcode.Get or Opcode.BatchGet:
                CheckGet(operation, operation.Keys[index], reply);
                break;
            case Opcode.Set:
                CheckSet(operation, reply);
                break;
            case Opcode.GetRange:
                CheckRange(operation, reply);
                break;
            case Opcode.LeaseGet:
                CheckLease(operation, reply);
                break;
            case Opcode.GetStream:
                CheckOpening(operation, reply);
                break;
            case Opcode.SetBegin when MayRefuseStreams && reply.Status == Status.TooManyOpen:
                break;
            case Opcode.StreamCancel:
                Assert.Equal(Reading.Remove(operation.Stream) ? Status.Ok : Status.NoSuchStream, reply.Status);
                break;
            case Opcode.Topology:
                Assert.Equal(Status.Ok, reply.Status);
                break;
            case Opcode.Scan:
                CheckScan(operation, reply);
                break;
            case Opcode.Delete or Opcode.Touch or Opcode.LeaseRelease or Opcode.MakeStale or Opcode.Count or Opcode.Append
                or Opcode.Prepend or Opcode.BatchSet or Opcode.SetBegin or Opcode.SetPiece or Opcode.SetCommit
                or Opcode.SetAbort or Opcode.Track:
                CheckWrite(operation, index, reply);
                break;
            case Opcode.Ping:
                Assert.Equal(Status.Ok, reply.Status);
                Assert.True(reply.Body.SequenceEqual(operation.Value), "a ping brings other bytes back");
                break;
            case Opcode.Hello:
                Assert.Equal(Status.Ok, reply.Status);
                Assert.Equal(HelloReply.Of(limits, (uint)operation.Features), HelloReply.Read(reply.Body[..FcpLimits.ShortestHelloReplyBytes]));
                break;
            default:
                Assert.Equal(Status.Ok, reply.Status);
                Assert.Contains("\nrequests ", Encoding.UTF8.GetString(reply.Body), StringComparison.Ordinal);
                break;
        }
    }

    private void CheckGet(PlainOperation operation, byte[] key, in Reply reply)
    {
        if (Find(key) is not Entry entry)
        {
            Misses++;
            Expect(Status.NotFound, reply);
            return;
        }

        Hits++;
        if (entry.Value.Length > limits.MaxValueBytes)
        {
            Assert.Equal(Status.ValueTooLarge, reply.Status);
            return;
        }

        Assert.Equal(Status.Ok, reply.Status);
        Assert.Equal(operation.ReturnVersion, reply.HasVersion);
        Assert.True(reply.Value.SequenceEqual(entry.Value), $"another value, {reply.Value.Length} bytes instead of {entry.Value.Length}");
        if (reply.HasVersion)
        {
            Assert.True(entry.Version == 0 || entry.Version == reply.Version, "the version changed without a write");
            entry.Version = reply.Version;
        }
    }

    private void CheckSet(PlainOperation operation, in Reply reply)
    {
        Status expected = Permits(operation);
        if (expected != Status.Ok)
        {
            Expect(expected, reply);
            return;
        }

        Assert.Equal(Status.Ok, reply.Status);
        Assert.Equal(operation.ReturnVersion, reply.HasVersion);
        Assert.True(reply.Value.IsEmpty);
        ulong before = Find(operation.Keys[0])?.Version ?? 0;
        Assert.True(!reply.HasVersion || reply.Version > before, "the version does not ascend");
        Apply(operation, 0, reply.Version);
    }

    private void CheckWrite(PlainOperation operation, int index, in Reply reply)
    {
        Status expected = Expected(operation, index);
        Assert.Equal(expected, reply.Status);
        Assert.True(expected.IsError() || expected == Status.Ok || reply.Body.IsEmpty, "a body without a reason");
        if (expected == Status.Ok)
        {
            Assert.Equal(operation.ReturnVersion, reply.HasVersion);
            Assert.Equal(
                operation.Opcode == Opcode.Count ? BitConverter.GetBytes(Counted(operation)!.Value) : [], reply.Value.ToArray());
        }

        if (operation.Opcode == Opcode.SetPiece && expected == Status.RangeOutOfValue)
        {
            _writing.Remove(operation.Stream);
        }

        if (expected == Status.Ok)
        {
            Apply(operation, index, reply.Version);
        }
        else if (expected == Status.NotFound && operation.Opcode is Opcode.Delete or Opcode.MakeStale)
        {
            _tokens.Remove(Name(operation.Keys[0]));
        }
    }

    private void CheckRange(PlainOperation operation, in Reply reply)
    {
        Status expected = Expected(operation, 0);
        Assert.Equal(expected, reply.Status);
        Hits += expected == Status.NotFound ? 0 : 1;
        Misses += expected == Status.NotFound ? 1 : 0;
        if (expected == Status.Ok)
        {
            byte[] value = Find(operation.Keys[0])!.Value;
            int start = (int)operation.Start;
            int length = Math.Min(value.Length - start, limits.MaxValueBytes);
            length = operation.Length == 0 ? length : (int)Math.Min(length, operation.Length);
            Assert.Equal(operation.ReturnVersion, reply.HasVersion);
            Assert.Equal(value.Length, BitConverter.ToInt64(reply.Value));
            Assert.True(reply.Value[8..].SequenceEqual(value.AsSpan(start, length)), "another range");
        }
    }

    /// <summary>What a scan tells is there; whether it tells all, ScanProperties look.</summary>
    private void CheckScan(PlainOperation operation, in Reply reply)
    {
        if (operation.Cursor > ItemScan.LastCursor)
        {
            Assert.Equal(Status.RangeOutOfValue, reply.Status);
            return;
        }

        Assert.Equal(Status.Ok, reply.Status);
        NextCursor = BitConverter.ToUInt64(reply.Value);
        ReadOnlySpan<byte> rest = reply.Value[sizeof(ulong)..];
        for (uint i = 0; i < reply.Argument; i++)
        {
            byte[] key = rest.Slice(1, rest[0]).ToArray();
            Assert.True(Find(key) is not null, $"a scan tells of {Name(key)}, which is not there");
            rest = rest[(1 + rest[0])..];
        }

        Assert.True(rest.IsEmpty);
    }

    private void CheckLease(PlainOperation operation, in Reply reply)
    {
        Entry? entry = Find(operation.Keys[0]);
        Hits += entry is null ? 0 : 1;
        Misses += entry is null ? 1 : 0;
        if (entry is not null && entry.Value.Length > limits.MaxValueBytes)
        {
            Assert.Equal(Status.ValueTooLarge, reply.Status);
            return;
        }

        Assert.Equal(Status.Ok, reply.Status);
        Assert.Equal(entry is not null && operation.ReturnVersion, reply.HasVersion);
        Assert.True(reply.Value[8..].SequenceEqual(entry?.Value ?? []), "another value");
        LeaseResult answer = (LeaseResult)reply.Argument;
        ulong token = BitConverter.ToUInt64(reply.Value);
        bool isHeld = _tokens.ContainsKey(Name(operation.Keys[0]));
        Assert.True(answer == LeaseResult.Miss || answer == (entry is not null ? LeaseResult.Hit : isHeld ? LeaseResult.Wait : LeaseResult.Fill), $"{answer}");
        Assert.Equal(answer == LeaseResult.Fill, token != 0);
        if (token != 0)
        {
            _tokens[Name(operation.Keys[0])] = token;
        }
    }

    private void CheckOpening(PlainOperation operation, in Reply reply)
    {
        if (reply.Status == Status.TooManyOpen)
        {
            Assert.True(MayRefuseStreams || Reading.Count + _writing.Count >= 16, "there was room for a stream");
            CountLookup(operation);
            return;
        }

        Status expected = Expected(operation, 0);
        Assert.Equal(expected, reply.Status);
        CountLookup(operation);
        if (expected != Status.Ok)
        {
            return;
        }

        byte[] value = Find(operation.Keys[0])!.Value;
        int start = (int)operation.Start;
        int length = value.Length - start;
        length = operation.Length == 0 ? length : (int)Math.Min(length, operation.Length);
        Assert.True(reply.HasVersion);
        Assert.Equal(value.Length, BitConverter.ToInt64(reply.Value));
        Assert.Equal(length > 0, reply.HasMore);
        if (length > 0)
        {
            Reading[operation.Id] = new Read(value.AsSpan(start, length).ToArray()) { Credit = operation.Credit };
        }
    }

    private void CountLookup(PlainOperation operation)
    {
        Entry? entry = Find(operation.Keys[0]);
        Misses += entry is null ? 1 : 0;
        Hits += entry is null ? 0 : 1;
    }

    /// <summary>What becomes of a request that is no hello, ping or the like, and can be received.</summary>
    private Status Expected(PlainOperation operation, int index)
    {
        Entry? entry = operation.Keys.Length > 0 ? Find(operation.Keys[index]) : null;
        switch (operation.Opcode)
        {
            case Opcode.Set when operation.Value.Length > limits.MaxValueBytes:
                return Status.ValueTooLarge;
            case Opcode.Set or Opcode.Delete:
                return Permits(operation);
            case Opcode.BatchSet:
                return operation.Values[index].Length > limits.MaxValueBytes ? Status.ValueTooLarge : Status.Ok;
            case Opcode.GetRange or Opcode.GetStream:
                return entry is null ? Status.NotFound
                    : operation.Start > (ulong)entry.Value.Length ? Status.RangeOutOfValue
                    : Status.Ok;
            case Opcode.LeaseRelease:
                return KnownToken(operation.Keys[0]) == operation.LeaseToken ? Status.Ok : Status.LeaseLost;
            case Opcode.Append or Opcode.Prepend:
                return operation.Value.Length > limits.MaxValueBytes ? Status.ValueTooLarge
                    : entry is null ? Status.NotFound
                    : entry.Value.Length + operation.Value.Length > ValueEdits.MaxValueBytes ? Status.ValueTooLarge
                    : Status.Ok;
            case Opcode.Count:
                return entry is null && operation.Initial is null ? Status.NotFound
                    : entry is not null && Parse(entry, operation) is null ? Status.NotANumber
                    : Counted(operation) is null ? Status.Overflow
                    : Status.Ok;
            case Opcode.SetPiece:
                return !_writing.TryGetValue(operation.Stream, out Written? grows) ? Status.NoSuchStream
                    : grows.Bytes.Count + operation.Value.Length > grows.TotalLength ? Status.RangeOutOfValue
                    : Status.Ok;
            case Opcode.SetCommit:
                return !_writing.TryGetValue(operation.Stream, out Written? whole) ? Status.NoSuchStream
                    : whole.Bytes.Count < whole.TotalLength ? Status.StreamIncomplete
                    : Status.Ok;
            case Opcode.SetAbort:
                return _writing.ContainsKey(operation.Stream) ? Status.Ok : Status.NoSuchStream;
            case Opcode.SetBegin or Opcode.Track:
                return Status.Ok;
            default:
                return entry is null ? Status.NotFound : Status.Ok;
        }
    }

    /// <summary>Does what a request does that is Ok.</summary>
    private void Apply(PlainOperation operation, int index, ulong version)
    {
        byte[] key = operation.Keys.Length > 0 ? operation.Keys[index] : [];
        switch (operation.Opcode)
        {
            case Opcode.Set:
                Store(key, operation.Value, version);
                break;
            case Opcode.BatchSet:
                Store(key, operation.Values[index], version);
                break;
            case Opcode.Append:
                Store(key, [.. Find(key)!.Value, .. operation.Value], version);
                break;
            case Opcode.Prepend:
                Store(key, [.. operation.Value, .. Find(key)!.Value], version);
                break;
            case Opcode.Count:
                ulong number = Counted(operation)!.Value;
                bool isSigned = (operation.CountExtras & CountExtras.Checked) != 0;
                Store(key, Encoding.ASCII.GetBytes(isSigned ? $"{(long)number}" : $"{number}"), version);
                break;
            case Opcode.Delete or Opcode.MakeStale:
                Deletes++;
                _entries.Remove(Name(key));
                _tokens.Remove(Name(key));
                break;
            case Opcode.LeaseRelease:
                _tokens.Remove(Name(key));
                break;
            case Opcode.SetBegin:
                _writing[operation.Id] = new Written(key, operation.TotalLength);
                break;
            case Opcode.SetPiece:
                _writing[operation.Stream].Bytes.AddRange(operation.Value);
                break;
            case Opcode.SetCommit:
                _writing.Remove(operation.Stream, out Written? written);
                Store(written!.Key, [.. written.Bytes], version);
                break;
            case Opcode.SetAbort:
                _writing.Remove(operation.Stream);
                break;
        }
    }

    private void Store(byte[] key, byte[] value, ulong version)
    {
        Sets++;
        _tokens.Remove(Name(key));
        _entries[Name(key)] = new Entry(value) { Version = version };
    }

    /// <summary>The number that an entry holds; null if it is none of the kind that is asked for.</summary>
    private static Int128? Parse(Entry entry, PlainOperation operation)
    {
        string text = Encoding.Latin1.GetString(entry.Value);
        if (text.Length is 0 or > 20 || !text.TrimStart('-').All(char.IsAsciiDigit) || text.LastIndexOf('-') > 0 || text == "-")
        {
            return null;
        }

        Int128 number = Int128.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
        bool isChecked = (operation.CountExtras & CountExtras.Checked) != 0;
        return isChecked
            ? number >= long.MinValue && number <= long.MaxValue ? number : null
            : text[0] != '-' && number <= ulong.MaxValue ? number : null;
    }

    /// <summary>The number after a count; null if it overflows.</summary>
    private ulong? Counted(PlainOperation operation)
    {
        if (Find(operation.Keys[0]) is not Entry entry)
        {
            return operation.Initial;
        }

        Int128 sum = Parse(entry, operation)!.Value
            + ((operation.CountExtras & CountExtras.Subtract) != 0 ? -(Int128)operation.Amount : operation.Amount);
        return (operation.CountExtras & CountExtras.Checked) == 0
            ? sum < 0 ? 0 : (ulong)(sum % ((Int128)ulong.MaxValue + 1))
            : sum >= long.MinValue && sum <= long.MaxValue ? (ulong)(long)sum : null;
    }

    /// <summary>A version that no reply has told cannot be one that a request names.</summary>
    private Status Permits(PlainOperation operation)
    {
        Entry? entry = Find(operation.Keys[0]);
        Status permitted = operation.Mode switch
        {
            SetMode.IfAbsent => entry is null ? Status.Ok : Status.Exists,
            SetMode.Always when operation.Opcode == Opcode.Set => Status.Ok,
            SetMode.IfVersion when entry is not null && (entry.Version != operation.ExpectedVersion || entry.Version == 0) =>
                Status.VersionMismatch,
            _ => entry is null ? Status.NotFound : Status.Ok,
        };
        bool hasLost = operation.LeaseToken != 0 && operation.LeaseToken != KnownToken(operation.Keys[0]);
        return permitted == Status.Ok && hasLost ? Status.LeaseLost : permitted;
    }

    private static void Expect(Status status, in Reply reply)
    {
        Assert.Equal(status, reply.Status);
        Assert.True(reply.Body.IsEmpty && !reply.HasVersion);
    }

    private Entry? Find(byte[] key) => _entries.GetValueOrDefault(Name(key));

    private static string Name(byte[] key) => Encoding.Latin1.GetString(key);

    private sealed class Entry(byte[] value)
    {
        public byte[] Value { get; } = value;

        public ulong Version { get; set; }
    }

    /// <summary>A value that the node is sending.</summary>
    internal sealed class Read(byte[] bytes)
    {
        public byte[] Bytes { get; } = bytes;

        public int Got { get; set; }

        public long Credit { get; set; }
    }

    private sealed record Written(byte[] Key, int TotalLength)
    {
        public List<byte> Bytes { get; } = [];
    }
}
