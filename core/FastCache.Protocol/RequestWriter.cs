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
///       | 0xFC  | 8 bit  | 8 bit | 8 bit     | 32 bit     | 32 bit    | 32 bit   | [ttl 8][version 8][key][val] |
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
    public static int Hello(Span<byte> destination, uint id, uint features = 0) =>
        Hello(destination, id, new HelloRequest(FcpLimits.Version, features));

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
    public static int Get(Span<byte> destination, uint id, ReadOnlySpan<byte> key, bool returnVersion = false)
    {
        CheckKey(key.Length);
        RequestFlags flags = returnVersion ? RequestFlags.ReturnVersion : RequestFlags.None;
        Span<byte> body = Start(destination, Opcode.Get, flags, key.Length, key.Length, id, 0);
        key.CopyTo(body);
        return FcpLimits.HeaderBytes + key.Length;
    }

    /// <summary>Writes a read of 1 to <see cref="FcpLimits.MaxBatchKeys"/> keys. <see cref="BatchGetWriter"/> takes
    /// them one by one.</summary>
    public static int BatchGet(
        Span<byte> destination, uint id, ReadOnlySpan<ReadOnlyMemory<byte>> keys, bool returnVersion = false)
    {
        BatchGetWriter batch = new(destination, id, returnVersion);
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
        RequestFlags flags = returnVersion ? RequestFlags.ReturnVersion : RequestFlags.None;
        return Keyed(destination, Opcode.Set, flags, id, key, value, timeToLiveMillis, mode, expectedVersion);
    }

    /// <summary>Writes a delete that is always done.</summary>
    public static int Delete(Span<byte> destination, uint id, ReadOnlySpan<byte> key) =>
        Keyed(destination, Opcode.Delete, RequestFlags.None, id, key, default, 0, SetMode.Always, 0);

    /// <summary>Writes a delete that is done if the item has this version.</summary>
    public static int Delete(Span<byte> destination, uint id, ReadOnlySpan<byte> key, ulong expectedVersion) =>
        Keyed(destination, Opcode.Delete, RequestFlags.None, id, key, default, 0, SetMode.IfVersion, expectedVersion);

    /// <summary>Writes a change of expiry.</summary>
    /// <param name="destination">16 + 8 + key bytes are always enough.</param>
    /// <param name="id">Comes back in the reply.</param>
    /// <param name="key">1 to <see cref="FcpLimits.MaxKeyBytes"/> bytes.</param>
    /// <param name="timeToLiveMillis">1 to <see cref="FcpLimits.MaxTimeToLiveMillis"/>, or 0: the item shall not
    /// expire.</param>
    public static int Touch(Span<byte> destination, uint id, ReadOnlySpan<byte> key, ulong timeToLiveMillis = 0) =>
        Keyed(destination, Opcode.Touch, RequestFlags.None, id, key, default, timeToLiveMillis, SetMode.Always, 0);

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

    private static void ThrowKey(int keyLength) => throw new ArgumentOutOfRangeException(
        nameof(keyLength), keyLength, $"A key has 1 to {FcpLimits.MaxKeyBytes} bytes.");
}
