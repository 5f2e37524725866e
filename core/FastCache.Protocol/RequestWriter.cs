using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastCache.Protocol;

/// <summary>Writes requests into a caller's buffer. Every method returns the bytes of the frame.</summary>
/// <remarks>
/// <code>
/// byte  0       1        2       3           4            8           12         16
///       +-------+--------+-------+-----------+------------+-----------+----------+------------------------------+
///       | magic | opcode | flags | keyLength | bodyLength | requestId | argument | body                         |
///       | 0xFC  | 8 bit  | 8 bit | 8 bit     | 32 bit     | 32 bit    | 32 bit   | [fields 8 each][key][value]  |
///       +-------+--------+-------+-----------+------------+-----------+----------+------------------------------+
/// </code>
/// All methods throw <see cref="ArgumentException"/> (or <see cref="ArgumentOutOfRangeException"/>) for an argument
/// that
/// no node accepts, and for a destination that is too short; then nothing has been written. Limits of one node below
/// those of <see cref="FcpLimits"/> are not known here.
/// </remarks>
public static class RequestWriter
{
    /// <summary>Writes the first frame of a connection.</summary>
    /// <param name="destination">At least 24 bytes.</param>
    /// <param name="id">Comes back in the reply.</param>
    /// <param name="features">Bits of <see cref="Features"/> that are asked for.</param>
    /// <param name="shard">0 for any shard, k for the one with number k - 1.</param>
    public static int Hello(Span<byte> destination, uint id, uint features = 0, ushort shard = 0) =>
        Hello(destination, id, new HelloRequest(FcpLimits.Version, features, shard));

    /// <summary>Writes the first frame of a connection, for any protocol version.</summary>
    public static int Hello(Span<byte> destination, uint id, in HelloRequest hello)
    {
        Span<byte> body = Start(destination, Opcode.Hello, 0, 0, FcpLimits.HelloRequestBytes, id, 0);
        hello.Write(body);
        return FcpLimits.HeaderBytes + FcpLimits.HelloRequestBytes;
    }

    /// <summary>Writes a ping with up to <see cref="FcpLimits.MaxPingBytes"/> bytes that come back.</summary>
    public static int Ping(Span<byte> destination, uint id, ReadOnlySpan<byte> payload = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payload.Length, FcpLimits.MaxPingBytes, nameof(payload));
        Span<byte> body = Start(destination, Opcode.Ping, 0, 0, payload.Length, id, 0);
        payload.CopyTo(body);
        return FcpLimits.HeaderBytes + payload.Length;
    }

    /// <summary>Writes a request for the node's counters.</summary>
    public static int Stats(Span<byte> destination, uint id)
    {
        Start(destination, Opcode.Stats, 0, 0, 0, id, 0);
        return FcpLimits.HeaderBytes;
    }

    /// <summary>Writes a read of one key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Get(
        Span<byte> destination, uint id, ReadOnlySpan<byte> key, bool returnVersion = false, bool quiet = false)
    {
        CheckKey(key.Length);
        RequestFlags flags = FlagsOf(returnVersion, quiet);
        Span<byte> body = Start(destination, Opcode.Get, flags, key.Length, key.Length, id, 0);
        key.CopyTo(body);
        return FcpLimits.HeaderBytes + key.Length;
    }

    /// <summary>Writes a read of 1 to <see cref="FcpLimits.MaxBatchKeys"/> keys. <see cref="BatchGetWriter"/> takes
    /// them one by one.</summary>
    public static int BatchGet(
        Span<byte> destination,
        uint id,
        ReadOnlySpan<ReadOnlyMemory<byte>> keys,
        bool returnVersion = false,
        bool quiet = false)
    {
        BatchGetWriter batch = new(destination, id, returnVersion, quiet);
        foreach (ReadOnlyMemory<byte> key in keys)
        {
            batch.Add(key.Span);
        }

        return batch.Finish();
    }

    /// <summary>Writes a set.</summary>
    /// <param name="destination">At least <see cref="FcpLimits.MaxSetOverheadBytes"/> + key + value bytes are always
    /// enough.</param>
    /// <param name="id">Comes back in the reply.</param>
    /// <param name="key">1 to <see cref="FcpLimits.MaxKeyBytes"/> bytes.</param>
    /// <param name="value">At most <see cref="FcpLimits.MaxValueBytes"/> bytes; the node may allow fewer.</param>
    /// <param name="timeToLiveMillis">1 to <see cref="FcpLimits.MaxTimeToLiveMillis"/>, or 0 for no expiry.</param>
    /// <param name="mode">The condition.</param>
    /// <param name="expectedVersion">With <see cref="SetMode.IfVersion"/>: the version that the item must have;
    /// otherwise 0.</param>
    /// <param name="returnVersion">Whether the reply shall carry the new version.</param>
    public static int Set(
        Span<byte> destination,
        uint id,
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> value,
        ulong timeToLiveMillis = 0,
        SetMode mode = SetMode.Always,
        ulong expectedVersion = 0,
        bool returnVersion = false)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value.Length, FcpLimits.MaxValueBytes, nameof(value));
        RequestFlags flags = FlagsOf(returnVersion, quiet: false);
        return Keyed(destination, Opcode.Set, flags, id, key, value, timeToLiveMillis, mode, expectedVersion);
    }

    /// <summary>Writes a set with any conditions and any life.</summary>
    /// <param name="destination">At least <see cref="FcpLimits.MaxSetOverheadBytes"/> + key + value bytes are always
    /// enough.</param>
    /// <param name="id">Comes back in the reply.</param>
    /// <param name="key">1 to <see cref="FcpLimits.MaxKeyBytes"/> bytes.</param>
    /// <param name="value">At most <see cref="FcpLimits.MaxValueBytes"/> bytes; the node may allow fewer.</param>
    /// <param name="terms">Conditions and life.</param>
    public static int Set(
        Span<byte> destination, uint id, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, in SetTerms terms)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value.Length, FcpLimits.MaxValueBytes, nameof(value));
        return WithTerms(destination, Opcode.Set, id, key, value, terms);
    }

    /// <summary>Makes a written frame of an opcode that allows it a quiet one, or leaves it.</summary>
    public static void MakeQuiet(Span<byte> frame, bool isQuiet)
    {
        Room.Check(frame.Length, FcpLimits.HeaderBytes);
        frame[2] |= (byte)(isQuiet ? RequestFlags.Quiet : RequestFlags.None);
    }

    /// <summary>Makes a written frame of an opcode that allows it one for the copy that a replica has.</summary>
    public static void MakeForCopy(Span<byte> frame)
    {
        Room.Check(frame.Length, FcpLimits.HeaderBytes);
        frame[2] |= (byte)RequestFlags.Copy;
    }

    /// <summary>Writes a delete that is always done.</summary>
    public static int Delete(Span<byte> destination, uint id, ReadOnlySpan<byte> key, bool quiet = false) =>
        Keyed(destination, Opcode.Delete, FlagsOf(false, quiet), id, key, default, 0, SetMode.Always, 0);

    /// <summary>Writes a delete that is done if the item has this version.</summary>
    public static int Delete(
        Span<byte> destination, uint id, ReadOnlySpan<byte> key, ulong expectedVersion, bool quiet = false) =>
        Keyed(
            destination, Opcode.Delete, FlagsOf(false, quiet), id, key, default, 0, SetMode.IfVersion, expectedVersion);

    /// <summary>Writes a change of expiry.</summary>
    /// <param name="destination">16 + 8 + key bytes are always enough.</param>
    /// <param name="id">Comes back in the reply.</param>
    /// <param name="key">1 to <see cref="FcpLimits.MaxKeyBytes"/> bytes.</param>
    /// <param name="timeToLiveMillis">1 to <see cref="FcpLimits.MaxTimeToLiveMillis"/>, or 0: the item shall not
    /// expire.</param>
    /// <param name="quiet">Whether success shall not be answered.</param>
    public static int Touch(
        Span<byte> destination, uint id, ReadOnlySpan<byte> key, ulong timeToLiveMillis = 0, bool quiet = false) => Keyed(
            destination, Opcode.Touch, FlagsOf(false, quiet), id, key, default, timeToLiveMillis, SetMode.Always, 0);

    /// <summary>Writes a request for the node's slots.</summary>
    public static int Topology(Span<byte> destination, uint id) => Bare(destination, Opcode.Topology, 0, id, 0);

    /// <summary>Writes a request for a piece of the cluster's topology.</summary>
    /// <param name="destination">16 bytes.</param>
    /// <param name="id">Comes back in the reply.</param>
    /// <param name="offset">Where in the document the piece begins.</param>
    public static int Cluster(Span<byte> destination, uint id, uint offset) =>
        Bare(destination, Opcode.Cluster, 0, id, offset);

    /// <summary>Writes a request for the next keys of the connection's shard.</summary>
    /// <param name="destination">16 + 8 + prefix bytes.</param>
    /// <param name="id">Comes back in the reply.</param>
    /// <param name="cursor">0 to begin, or what the reply before has told.</param>
    /// <param name="looks">How many items and buckets the node looks at: 1 to the node's maxBatchKeys.</param>
    /// <param name="prefix">What the keys begin with: 0 to <see cref="FcpLimits.MaxKeyBytes"/> bytes.</param>
    /// <returns>Bytes written.</returns>
    public static int Scan(Span<byte> destination, uint id, ulong cursor, int looks, ReadOnlySpan<byte> prefix = default)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(prefix.Length, FcpLimits.MaxKeyBytes, nameof(prefix));
        ArgumentOutOfRangeException.ThrowIfLessThan(looks, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(looks, FcpLimits.MaxBatchKeys);
        Span<byte> body = Start(destination, Opcode.Scan, RequestFlags.None, 0, sizeof(ulong) + prefix.Length, id, (uint)looks);
        BinaryPrimitives.WriteUInt64LittleEndian(body, cursor);
        prefix.CopyTo(body[sizeof(ulong)..]);
        return FcpLimits.HeaderBytes + sizeof(ulong) + prefix.Length;
    }

    /// <summary>Writes a read of a part of one value.</summary>
    /// <param name="destination">16 + 8 + key bytes.</param>
    /// <param name="id">Comes back in the reply.</param>
    /// <param name="key">1 to <see cref="FcpLimits.MaxKeyBytes"/> bytes.</param>
    /// <param name="start">Where in the value to begin.</param>
    /// <param name="length">How many bytes; 0: to its end. No reply has more than the node's maxValueBytes.</param>
    /// <param name="returnVersion">Whether the reply shall carry the version.</param>
    /// <param name="quiet">Whether an absent key shall not be answered.</param>
    public static int GetRange(
        Span<byte> destination,
        uint id,
        ReadOnlySpan<byte> key,
        ulong start,
        uint length = 0,
        bool returnVersion = false,
        bool quiet = false) =>
        WithFields(destination, Opcode.GetRange, FlagsOf(returnVersion, quiet), id, length, key, default, [start]);

    /// <summary>Writes a read that may be granted the right to fill the key.</summary>
    /// <param name="destination">16 + key bytes.</param>
    /// <param name="id">Comes back in the reply.</param>
    /// <param name="key">1 to <see cref="FcpLimits.MaxKeyBytes"/> bytes.</param>
    /// <param name="leaseMillis">How long a grant lasts, 1 to <see cref="FcpLimits.MaxLeaseMillis"/>.</param>
    /// <param name="returnVersion">Whether the reply shall carry the value's version.</param>
    public static int LeaseGet(
        Span<byte> destination, uint id, ReadOnlySpan<byte> key, uint leaseMillis, bool returnVersion = false)
    {
        ArgumentOutOfRangeException.ThrowIfZero(leaseMillis);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(leaseMillis, FcpLimits.MaxLeaseMillis);
        return WithFields(
            destination, Opcode.LeaseGet, FlagsOf(returnVersion, false), id, leaseMillis, key, default, []);
    }

    /// <summary>Writes that a grant is given back unused.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The token is 0.</exception>
    public static int LeaseRelease(
        Span<byte> destination, uint id, ReadOnlySpan<byte> key, ulong token, bool quiet = false)
    {
        ArgumentOutOfRangeException.ThrowIfZero(token);
        return WithFields(destination, Opcode.LeaseRelease, FlagsOf(false, quiet), id, 0, key, default, [token]);
    }

    /// <summary>Writes that a value becomes stale.</summary>
    public static int MakeStale(Span<byte> destination, uint id, ReadOnlySpan<byte> key, bool quiet = false) =>
        WithFields(destination, Opcode.MakeStale, FlagsOf(false, quiet), id, 0, key, default, []);

    /// <summary>Writes a change of a counter.</summary>
    /// <param name="destination">16 + 24 + key bytes are always enough.</param>
    /// <param name="id">Comes back in the reply.</param>
    /// <param name="key">1 to <see cref="FcpLimits.MaxKeyBytes"/> bytes.</param>
    /// <param name="amount">How much, without a sign.</param>
    /// <param name="extras"><see cref="CountExtras.Checked"/> and <see cref="CountExtras.Subtract"/>.</param>
    /// <param name="initial">What an absent counter becomes; null: it stays absent.</param>
    /// <param name="initialTimeToLiveMillis">How long such a new counter lives; 0: for ever.</param>
    /// <param name="returnVersion">Whether the reply shall carry the version.</param>
    /// <param name="quiet">Whether success shall not be answered.</param>
    public static int Count(
        Span<byte> destination,
        uint id,
        ReadOnlySpan<byte> key,
        ulong amount,
        CountExtras extras = CountExtras.None,
        ulong? initial = null,
        ulong initialTimeToLiveMillis = 0,
        bool returnVersion = false,
        bool quiet = false)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(initialTimeToLiveMillis, FcpLimits.MaxTimeToLiveMillis);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            (uint)extras, (uint)(CountExtras.Checked | CountExtras.Subtract), nameof(extras));
        if (initial is null && initialTimeToLiveMillis != 0)
        {
            throw new ArgumentException("Only a new counter is given a life.", nameof(initialTimeToLiveMillis));
        }

        RequestFlags flags = FlagsOf(returnVersion, quiet);
        ReadOnlySpan<ulong> fields = (initial, initialTimeToLiveMillis) switch
        {
            (null, _) => [amount],
            (ulong first, 0) => [amount, first],
            (ulong first, ulong life) => [life, amount, first],
        };
        flags |= initialTimeToLiveMillis != 0 ? RequestFlags.HasTimeToLive : RequestFlags.None;
        extras |= initial is null ? CountExtras.None : CountExtras.HasInitial;
        return WithFields(destination, Opcode.Count, flags, id, (uint)extras, key, default, fields);
    }

    /// <summary>Writes bytes that go behind a value.</summary>
    public static int Append(
        Span<byte> destination,
        uint id,
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> piece,
        bool returnVersion = false,
        bool quiet = false) =>
        WithFields(destination, Opcode.Append, FlagsOf(returnVersion, quiet), id, 0, key, piece, []);

    /// <summary>Writes bytes that go before a value.</summary>
    public static int Prepend(
        Span<byte> destination,
        uint id,
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> piece,
        bool returnVersion = false,
        bool quiet = false) =>
        WithFields(destination, Opcode.Prepend, FlagsOf(returnVersion, quiet), id, 0, key, piece, []);

    /// <summary>Writes the opening of a stream that writes a value; its id is the stream's.</summary>
    /// <param name="destination">16 + 40 + key bytes are always enough.</param>
    /// <param name="id">Comes back in the reply, and names the stream.</param>
    /// <param name="key">1 to <see cref="FcpLimits.MaxKeyBytes"/> bytes.</param>
    /// <param name="totalLength">Bytes of the whole value.</param>
    /// <param name="terms">Conditions and life, without <see cref="SetTerms.ReturnVersion"/> and
    /// <see cref="SetTerms.Quiet"/>.</param>
    public static int SetBegin(
        Span<byte> destination, uint id, ReadOnlySpan<byte> key, ulong totalLength, in SetTerms terms = default)
    {
        if (terms.ReturnVersion || terms.Quiet)
        {
            throw new ArgumentException("ReturnVersion and Quiet are asked for by the commit.", nameof(terms));
        }

        return WithTerms(destination, Opcode.SetBegin, id, key, default, terms, totalLength);
    }

    /// <summary>Writes the next bytes of a value.</summary>
    public static int SetPiece(
        Span<byte> destination, uint id, uint stream, ReadOnlySpan<byte> piece, bool quiet = false)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(piece.Length, FcpLimits.MaxPieceBytes, nameof(piece));
        Span<byte> body = Start(destination, Opcode.SetPiece, FlagsOf(false, quiet), 0, piece.Length, id, stream);
        piece.CopyTo(body);
        return FcpLimits.HeaderBytes + piece.Length;
    }

    /// <summary>Writes that the value of a stream is complete.</summary>
    public static int SetCommit(
        Span<byte> destination, uint id, uint stream, bool returnVersion = false, bool quiet = false) =>
        Bare(destination, Opcode.SetCommit, FlagsOf(returnVersion, quiet), id, stream);

    /// <summary>Writes that the value of a stream is given up.</summary>
    public static int SetAbort(Span<byte> destination, uint id, uint stream, bool quiet = false) =>
        Bare(destination, Opcode.SetAbort, FlagsOf(false, quiet), id, stream);

    /// <summary>Writes the opening of a stream that reads a value; its id is the stream's.</summary>
    /// <param name="destination">16 + 16 + key bytes.</param>
    /// <param name="id">Comes back in all its frames, and names the stream.</param>
    /// <param name="key">1 to <see cref="FcpLimits.MaxKeyBytes"/> bytes.</param>
    /// <param name="credit">How many bytes of the value the node may send before more credit.</param>
    /// <param name="start">Where in the value to begin.</param>
    /// <param name="length">How many bytes; 0: to its end.</param>
    public static int GetStream(
        Span<byte> destination, uint id, ReadOnlySpan<byte> key, uint credit, ulong start = 0, ulong length = 0) =>
        WithFields(destination, Opcode.GetStream, 0, id, credit, key, default, [start, length]);

    /// <summary>Writes that the node may send more bytes of a stream.</summary>
    public static int Credit(Span<byte> destination, uint id, uint stream, ulong bytes)
    {
        Span<byte> body = Start(destination, Opcode.Credit, 0, 0, sizeof(ulong), id, stream);
        BinaryPrimitives.WriteUInt64LittleEndian(body, bytes);
        return FcpLimits.HeaderBytes + sizeof(ulong);
    }

    /// <summary>Writes that no more of a stream is wanted.</summary>
    public static int StreamCancel(Span<byte> destination, uint id, uint stream) =>
        Bare(destination, Opcode.StreamCancel, 0, id, stream);

    /// <summary>Writes whether this connection is told of keys that others change.</summary>
    public static int Track(Span<byte> destination, uint id, bool on) =>
        Bare(destination, Opcode.Track, 0, id, on ? 1u : 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void CheckKey(int length)
    {
        if ((uint)length - 1 >= FcpLimits.MaxKeyBytes)
        {
            ThrowKey(length);
        }
    }

    /// <summary>Writes a header as two stores and returns the room for the body.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Span<byte> Start(
        Span<byte> destination,
        Opcode opcode,
        RequestFlags flags,
        int keyLength,
        int bodyLength,
        uint id,
        uint argument)
    {
        Room.Check(destination.Length, FcpLimits.HeaderBytes + bodyLength);
        ref byte frame = ref MemoryMarshal.GetReference(destination);
        ulong head = FcpLimits.RequestMagic
            | ((uint)opcode << 8)
            | ((uint)flags << 16)
            | ((uint)keyLength << 24)
            | ((ulong)(uint)bodyLength << 32);
        Unsafe.WriteUnaligned(ref frame, head);
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref frame, 8), id | ((ulong)argument << 32));
        return destination.Slice(FcpLimits.HeaderBytes, bodyLength);
    }

    private static int Keyed(
        Span<byte> destination,
        Opcode opcode,
        RequestFlags flags,
        uint id,
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> value,
        ulong timeToLiveMillis,
        SetMode mode,
        ulong expectedVersion)
    {
        CheckKey(key.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((byte)mode, (byte)SetMode.IfVersion, nameof(mode));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(timeToLiveMillis, FcpLimits.MaxTimeToLiveMillis);
        if (mode != SetMode.IfVersion && expectedVersion != 0)
        {
            throw new ArgumentException("A version is expected only with SetMode.IfVersion.", nameof(expectedVersion));
        }

        flags |= (RequestFlags)mode | (timeToLiveMillis != 0 ? RequestFlags.HasTimeToLive : RequestFlags.None);
        int keyOffset = (int)FrameRules.KeyOffset((uint)flags);
        int bodyLength = keyOffset + key.Length + value.Length;
        Span<byte> body = Start(destination, opcode, flags, key.Length, bodyLength, id, 0);
        if (timeToLiveMillis != 0)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(body, timeToLiveMillis);
        }

        if (mode == SetMode.IfVersion)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(body[(keyOffset - FcpLimits.VersionBytes)..], expectedVersion);
        }

        key.CopyTo(body[keyOffset..]);
        value.CopyTo(body[(keyOffset + key.Length)..]);
        return FcpLimits.HeaderBytes + bodyLength;
    }

    internal static RequestFlags FlagsOf(bool returnVersion, bool quiet) =>
        (returnVersion ? RequestFlags.ReturnVersion : RequestFlags.None) | (quiet ? RequestFlags.Quiet : RequestFlags.None);

    private static int Bare(Span<byte> destination, Opcode opcode, RequestFlags flags, uint id, uint argument)
    {
        Start(destination, opcode, flags, 0, 0, id, argument);
        return FcpLimits.HeaderBytes;
    }

    // Without the zeroing of the fields, writing the client benchmark's mix of requests (bench client) took 10 ns instead of 35. It seems
    // that its 256-bit stores slow the copying of the value that follows: without AVX the difference is gone.
    [SkipLocalsInit]
    private static int WithTerms(
        Span<byte> destination,
        Opcode opcode,
        uint id,
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> value,
        in SetTerms terms,
        ulong? totalLength = null)
    {
        terms.Check();
        Span<ulong> fields = stackalloc ulong[5];
        int count = 0;
        Add(fields, ref count, terms.TimeToLiveMillis, terms.TimeToLiveMillis != 0);
        Add(fields, ref count, terms.Version, terms.Mode == SetMode.IfVersion || terms.IfNewer);
        Add(fields, ref count, terms.SlidingLimitMillis, terms.SlidingLimitMillis != 0);
        Add(fields, ref count, terms.LeaseToken, terms.LeaseToken != 0);
        Add(fields, ref count, totalLength ?? 0, totalLength is not null);
        return WithFields(destination, opcode, terms.Flags, id, (uint)terms.Extras, key, value, fields[..count]);

        static void Add(Span<ulong> fields, ref int count, ulong field, bool isThere)
        {
            if (isThere)
            {
                fields[count++] = field;
            }
        }
    }

    private static int WithFields(
        Span<byte> destination,
        Opcode opcode,
        RequestFlags flags,
        uint id,
        uint argument,
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> value,
        ReadOnlySpan<ulong> fields)
    {
        CheckKey(key.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value.Length, FcpLimits.MaxValueBytes, nameof(value));
        int bodyLength = (fields.Length * sizeof(ulong)) + key.Length + value.Length;
        Span<byte> body = Start(destination, opcode, flags, key.Length, bodyLength, id, argument);
        foreach (ulong field in fields)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(body, field);
            body = body[sizeof(ulong)..];
        }

        key.CopyTo(body);
        value.CopyTo(body[key.Length..]);
        return FcpLimits.HeaderBytes + bodyLength;
    }

    private static void ThrowKey(int keyLength) => throw new ArgumentOutOfRangeException(
        nameof(keyLength), keyLength, $"A key has 1 to {FcpLimits.MaxKeyBytes} bytes.");
}
