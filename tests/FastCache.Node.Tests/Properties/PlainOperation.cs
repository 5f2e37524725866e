using FastCache.Protocol;

namespace FastCache.Node.Tests.Properties;

/// <summary>One request, as plain values.</summary>
internal sealed record PlainOperation(Opcode Opcode, uint Id)
{
    public byte[][] Keys { get; init; } = [];

    /// <summary>The value of a set, the payload of a ping.</summary>
    public byte[] Value { get; init; } = [];

    public SetMode Mode { get; init; }

    public ulong ExpectedVersion { get; init; }

    public ulong TimeToLiveMillis { get; init; }

    public bool ReturnVersion { get; init; }

    public bool Quiet { get; init; }

    /// <summary>The values of a batched set, one a key.</summary>
    public byte[][] Values { get; init; } = [];

    public Features Features { get; init; }

    /// <summary>What a hello wants: 0 for any shard, k for shard k - 1.</summary>
    public ushort Shard { get; init; }

    public ulong Start { get; init; }

    /// <summary>Bytes of a range or of a part that is streamed; 0: to the end.</summary>
    public uint Length { get; init; }

    public ulong Amount { get; init; }

    public CountExtras CountExtras { get; init; }

    public ulong? Initial { get; init; }

    public ulong LeaseToken { get; init; }

    public uint Stream { get; init; }

    public int TotalLength { get; init; }

    public uint Credit { get; init; }

    public bool On { get; init; }

    public ulong Cursor { get; init; }

    /// <summary>How many items and buckets a scan looks at; its prefix is the value.</summary>
    public int Looks { get; init; }

    /// <summary>For a frame that ends the conversation: its bytes, and what the node must say.</summary>
    public byte[]? BadFrame { get; init; }

    public Status FatalStatus { get; init; }

    public string FatalText { get; init; } = "";

    public int Replies => Opcode == Opcode.Credit ? 0 : Math.Max(1, Keys.Length);

    public byte[] Encode()
    {
        if (BadFrame is not null)
        {
            return BadFrame;
        }

        int contents = Keys.Sum(key => key.Length + FcpLimits.BatchEntryBytes) + Values.Sum(value => value.Length) + Value.Length;
        byte[] frame = new byte[FcpLimits.MaxSetOverheadBytes + contents];
        int length = Opcode switch
        {
            Opcode.Hello => RequestWriter.Hello(frame, Id, new HelloRequest(FcpLimits.Version, (uint)Features, Shard)),
            Opcode.Ping => RequestWriter.Ping(frame, Id, Value),
            Opcode.Stats => RequestWriter.Stats(frame, Id),
            Opcode.Get => RequestWriter.Get(frame, Id, Keys[0], ReturnVersion, Quiet),
            Opcode.BatchGet => RequestWriter.BatchGet(
                frame, Id, Array.ConvertAll(Keys, key => (ReadOnlyMemory<byte>)key), ReturnVersion, Quiet),
            Opcode.Set when LeaseToken == 0 && !Quiet => RequestWriter.Set(
                frame, Id, Keys[0], Value, TimeToLiveMillis, Mode, ExpectedVersion, ReturnVersion),
            Opcode.Set => RequestWriter.Set(frame, Id, Keys[0], Value, new SetTerms(TimeToLiveMillis, Mode, ExpectedVersion)
            {
                LeaseToken = LeaseToken,
                Quiet = Quiet,
                ReturnVersion = ReturnVersion,
                KeepStale = true,
                Sliding = TimeToLiveMillis != 0,
                SlidingLimitMillis = TimeToLiveMillis,
            }),
            Opcode.Delete => Mode == SetMode.IfVersion
                ? RequestWriter.Delete(frame, Id, Keys[0], ExpectedVersion, Quiet)
                : RequestWriter.Delete(frame, Id, Keys[0], Quiet),
            Opcode.Touch => RequestWriter.Touch(frame, Id, Keys[0], TimeToLiveMillis, Quiet),
            Opcode.GetRange => RequestWriter.GetRange(frame, Id, Keys[0], Start, Length, ReturnVersion, Quiet),
            Opcode.LeaseGet => RequestWriter.LeaseGet(frame, Id, Keys[0], FcpLimits.MaxLeaseMillis, ReturnVersion),
            Opcode.LeaseRelease => RequestWriter.LeaseRelease(frame, Id, Keys[0], LeaseToken),
            Opcode.MakeStale => RequestWriter.MakeStale(frame, Id, Keys[0], Quiet),
            Opcode.Count => RequestWriter.Count(frame, Id, Keys[0], Amount, CountExtras, Initial, 0, ReturnVersion, Quiet),
            Opcode.Append => RequestWriter.Append(frame, Id, Keys[0], Value, ReturnVersion, Quiet),
            Opcode.Prepend => RequestWriter.Prepend(frame, Id, Keys[0], Value, ReturnVersion, Quiet),
            Opcode.BatchSet => EncodeEntries(frame),
            Opcode.SetBegin => RequestWriter.SetBegin(frame, Id, Keys[0], (ulong)TotalLength),
            Opcode.SetPiece => RequestWriter.SetPiece(frame, Id, Stream, Value, Quiet),
            Opcode.SetCommit => RequestWriter.SetCommit(frame, Id, Stream, ReturnVersion, Quiet),
            Opcode.SetAbort => RequestWriter.SetAbort(frame, Id, Stream, Quiet),
            Opcode.GetStream => RequestWriter.GetStream(frame, Id, Keys[0], Credit, Start, Length),
            Opcode.Credit => RequestWriter.Credit(frame, Id, Stream, Credit),
            Opcode.StreamCancel => RequestWriter.StreamCancel(frame, Id, Stream),
            Opcode.Track => RequestWriter.Track(frame, Id, On),
            Opcode.Topology => RequestWriter.Topology(frame, Id),
            Opcode.Scan => RequestWriter.Scan(frame, Id, Cursor, Looks, Value),
            _ => throw new InvalidOperationException($"{Opcode}"),
        };
        return frame[..length];
    }

    private int EncodeEntries(byte[] frame)
    {
        BatchSetWriter batch = new(frame, Id, TimeToLiveMillis, ReturnVersion, Quiet);
        for (int i = 0; i < Keys.Length; i++)
        {
            Assert.True(batch.TryAdd(Keys[i], Values[i]));
        }

        return batch.Finish();
    }
}
