using System.Text;
using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests;

/// <summary>Draws requests whose replies do not depend on the time, and writes them: of every opcode but Stats.</summary>
/// <remarks>
/// Versions and tokens are a node's own. A request that names one takes <see cref="KnownVersion"/> or
/// <see cref="KnownToken"/>, which are what the same reply of each node has told.
/// </remarks>
internal sealed class RandomRequests(Random random, string prefix)
{
    private const ulong AnHour = 3_600_000;
    private const int LargeBytes = 100_000;
    private readonly byte[] _frame = new byte[LargeBytes + 1_000];
    private uint _id;

    /// <summary>A version that the node has told of; 0: none yet.</summary>
    public ulong KnownVersion { get; set; }

    /// <summary>A token that the node has given out; 0: none yet.</summary>
    public ulong KnownToken { get; set; }

    private bool IsQuiet => random.Next(5) == 0;

    private bool ReturnsVersion => random.Next(2) == 0;

    /// <summary>What tells that all requests before it were executed.</summary>
    /// <returns>Its id.</returns>
    public uint Fence(List<byte> burst)
    {
        Add(burst, RequestWriter.Ping(_frame, ++_id));
        return _id;
    }

    /// <summary>A frame that ends the conversation.</summary>
    public void Bad(List<byte> burst)
    {
        int length = RequestWriter.Get(_frame, ++_id, Key());
        _frame[random.Next(3)] ^= 0x2B;
        Add(burst, length);
    }

    /// <summary>One request, or several that belong together.</summary>
    public void Next(List<byte> burst)
    {
        uint id = ++_id;
        byte[] key = Key();
        ulong life = random.Next(3) == 0 ? AnHour : 0;
        switch (random.Next(24))
        {
            case 0:
                Add(burst, RequestWriter.Ping(_frame, id, Bytes(FcpLimits.MaxPingBytes)));
                break;
            case 1:
                Add(burst, random.Next(3) switch
                {
                    0 => RequestWriter.Topology(_frame, id),
                    1 => RequestWriter.Cluster(_frame, id, 0),
                    _ => RequestWriter.Scan(_frame, id, random.Next(2) == 0 ? 0 : ulong.MaxValue, random.Next(1, 100), Bytes(20)),
                });
                break;
            case 2:
                ReadOnlyMemory<byte>[] keys = [.. Enumerable.Range(0, random.Next(1, 40)).Select(_ => (ReadOnlyMemory<byte>)Key())];
                Add(burst, RequestWriter.BatchGet(_frame, id, keys, ReturnsVersion, IsQuiet));
                break;
            case 3:
                BatchSetWriter batch = new(_frame, id, life, ReturnsVersion, IsQuiet);
                for (int i = random.Next(1, 12); i > 0; i--)
                {
                    Assert.True(batch.TryAdd(Key(), Bytes(200)));
                }

                Add(burst, batch.Finish());
                break;
            case 4:
                Add(burst, random.Next(2) == 0
                    ? RequestWriter.Delete(_frame, id, key, IsQuiet)
                    : RequestWriter.Delete(_frame, id, key, Version(), IsQuiet));
                break;
            case 5:
                Add(burst, RequestWriter.Touch(_frame, id, key, life, IsQuiet));
                break;
            case 6:
                Add(burst, RequestWriter.GetRange(
                    _frame, id, key, (ulong)random.Next(300), (uint)random.Next(300), ReturnsVersion, IsQuiet));
                break;
            case 7:
                Add(burst, RequestWriter.LeaseGet(_frame, id, key, FcpLimits.MaxLeaseMillis, ReturnsVersion));
                break;
            case 8:
                Add(burst, random.Next(2) == 0
                    ? RequestWriter.LeaseRelease(_frame, id, key, Token(), IsQuiet)
                    : RequestWriter.MakeStale(_frame, id, key, IsQuiet));
                break;
            case 9 or 10:
                ulong? initial = random.Next(2) == 0 ? (ulong)random.Next(50) : null;
                Add(burst, RequestWriter.Count(
                    _frame, id, Encoding.ASCII.GetBytes($"{prefix}count"), (ulong)random.NextInt64() >> random.Next(63),
                    (CountExtras)random.Next(4), initial, initial is null ? 0 : life, ReturnsVersion, IsQuiet));
                break;
            case 11:
                Add(burst, RequestWriter.Append(_frame, id, key, Bytes(60), ReturnsVersion, IsQuiet));
                break;
            case 12:
                Add(burst, RequestWriter.Prepend(_frame, id, key, Bytes(60), ReturnsVersion, IsQuiet));
                break;
            case 13:
                WriteStream(burst, id, key);
                break;
            case 14:
                ReadStream(burst, id, key);
                break;
            case 15:
                Add(burst, RequestWriter.Track(_frame, id, random.Next(2) == 0));
                break;
            case 16 or 17 or 18 or 19:
                Add(burst, RequestWriter.Get(_frame, id, key, ReturnsVersion, IsQuiet));
                break;
            default:
                Add(burst, RequestWriter.Set(_frame, id, key, Bytes(random.Next(8) == 0 ? LargeBytes : 300), Terms(life)));
                break;
        }
    }

    private SetTerms Terms(ulong life)
    {
        bool isNewer = random.Next(6) == 0 && KnownVersion != 0;
        SetMode mode = isNewer || random.Next(2) == 0 ? SetMode.Always : (SetMode)random.Next(4);
        return new(life, mode, isNewer || mode == SetMode.IfVersion ? Version() : 0)
        {
            IfNewer = isNewer,
            LeaseToken = random.Next(4) == 0 ? Token() : 0,
            KeepStale = random.Next(2) == 0,
            Sliding = life > 0 && random.Next(2) == 0,
            ReturnVersion = ReturnsVersion,
            Quiet = IsQuiet,
        };
    }

    private void WriteStream(List<byte> burst, uint stream, byte[] key)
    {
        int total = random.Next(4) == 0 ? random.Next(LargeBytes) : random.Next(500);
        Add(burst, RequestWriter.SetBegin(_frame, stream, key, (ulong)total));
        for (int rest = total + (random.Next(8) == 0 ? 1 : 0); rest > 0;)
        {
            byte[] piece = Bytes(Math.Min(rest, FcpLimits.MaxPieceBytes) + 1);
            piece = piece.Length > rest ? piece[..rest] : piece;
            rest -= piece.Length;
            Add(burst, RequestWriter.SetPiece(_frame, ++_id, stream, piece.AsSpan(0, Math.Min(piece.Length, FcpLimits.MaxPieceBytes)), random.Next(2) == 0));
        }

        Add(burst, random.Next(4) == 0
            ? RequestWriter.SetAbort(_frame, ++_id, stream, IsQuiet)
            : RequestWriter.SetCommit(_frame, ++_id, stream, ReturnsVersion, IsQuiet));
    }

    /// <summary>With credit for all of it, or with none and a cancel: otherwise the end depends on the time.</summary>
    private void ReadStream(List<byte> burst, uint stream, byte[] key)
    {
        bool isCancelled = random.Next(3) == 0;
        uint credit = isCancelled ? 0 : (uint)random.Next(1_000);
        Add(burst, RequestWriter.GetStream(_frame, stream, key, credit, (ulong)random.Next(100), (ulong)random.Next(2 * LargeBytes)));
        Add(burst, isCancelled
            ? RequestWriter.StreamCancel(_frame, ++_id, stream)
            : RequestWriter.Credit(_frame, ++_id, stream, 2 * LargeBytes));
    }

    private void Add(List<byte> burst, int length) => burst.AddRange(_frame[..length]);

    private ulong Version()
    {
        bool isKnown = random.Next(4) != 0;
        ulong other = (ulong)random.Next(1, 1_000);
        return isKnown && KnownVersion != 0 ? KnownVersion : other;
    }

    private ulong Token()
    {
        bool isKnown = random.Next(4) != 0;
        ulong other = (ulong)random.Next(1, 1_000);
        return isKnown && KnownToken != 0 ? KnownToken : other;
    }

    private byte[] Key()
    {
        string name = $"{prefix}{random.Next(8)}";
        return Encoding.ASCII.GetBytes(random.Next(8) == 0 ? name.PadRight(FcpLimits.MaxKeyBytes, '#') : name);
    }

    private byte[] Bytes(int most)
    {
        byte[] bytes = new byte[random.Next(most)];
        random.NextBytes(bytes);
        return bytes;
    }
}
