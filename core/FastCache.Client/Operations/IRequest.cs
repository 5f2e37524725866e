using FastCache.Client.Near;
using FastCache.Protocol;

namespace FastCache.Client.Operations;

/// <summary>One request as its caller gave it, written straight into a connection's send buffer.</summary>
internal interface IRequest
{
    /// <summary>What is asked for; the reply has it too.</summary>
    static abstract Opcode Opcode { get; }

    /// <summary>Whether it is about a key; otherwise any shard can answer.</summary>
    static virtual bool HasKey => true;

    /// <summary>Whether it changes nothing, so that every copy of the key can answer.</summary>
    static virtual bool IsRead => false;

    /// <summary>What it means for values that are kept near.</summary>
    static virtual NearEffect Near => NearEffect.None;

    /// <summary>Room that is enough for the frame.</summary>
    int MostBytes { get; }

    /// <summary>The key; empty for requests of no key.</summary>
    ReadOnlySpan<byte> Key { get; }

    /// <summary>Writes the frame.</summary>
    /// <returns>Its bytes.</returns>
    int Write(Span<byte> destination, uint id);
}

internal readonly ref struct GetRequest(ReadOnlySpan<byte> key) : IRequest
{
    public static Opcode Opcode => Opcode.Get;

    public static bool IsRead => true;

    public static NearEffect Near => NearEffect.Fills;

    public int MostBytes => FcpLimits.HeaderBytes + Key.Length;

    public ReadOnlySpan<byte> Key { get; } = key;

    public int Write(Span<byte> destination, uint id) => RequestWriter.Get(destination, id, Key, returnVersion: true);
}

internal readonly ref struct GetRangeRequest(ReadOnlySpan<byte> key, ulong start, uint length) : IRequest
{
    public static Opcode Opcode => Opcode.GetRange;

    public static bool IsRead => true;

    public int MostBytes => FcpLimits.HeaderBytes + sizeof(ulong) + Key.Length;

    public ReadOnlySpan<byte> Key { get; } = key;

    public int Write(Span<byte> destination, uint id) =>
        RequestWriter.GetRange(destination, id, Key, start, length, returnVersion: true);
}

/// <summary>A use of an item that counts for its life: a read of one byte at the primary, where copies do not answer.</summary>
internal readonly ref struct RenewRequest(ReadOnlySpan<byte> key) : IRequest
{
    public static Opcode Opcode => Opcode.GetRange;

    public int MostBytes => FcpLimits.HeaderBytes + sizeof(ulong) + Key.Length;

    public ReadOnlySpan<byte> Key { get; } = key;

    public int Write(Span<byte> destination, uint id) => RequestWriter.GetRange(destination, id, Key, start: 0, length: 1, returnVersion: true);
}

internal readonly ref struct SetRequest(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, SetTerms terms) : IRequest
{
    public static Opcode Opcode => Opcode.Set;

    public static NearEffect Near => NearEffect.Changes;

    private readonly ReadOnlySpan<byte> _value = value;

    public int MostBytes => FcpLimits.MaxSetOverheadBytes + Key.Length + _value.Length;

    public ReadOnlySpan<byte> Key { get; } = key;

    public int Write(Span<byte> destination, uint id) => RequestWriter.Set(destination, id, Key, _value, terms);
}

internal readonly ref struct DeleteRequest(ReadOnlySpan<byte> key, ulong? version) : IRequest
{
    public static Opcode Opcode => Opcode.Delete;

    public static NearEffect Near => NearEffect.Changes;

    public int MostBytes => FcpLimits.HeaderBytes + FcpLimits.VersionBytes + Key.Length;

    public ReadOnlySpan<byte> Key { get; } = key;

    public int Write(Span<byte> destination, uint id) => version is ulong expected
        ? RequestWriter.Delete(destination, id, Key, expected)
        : RequestWriter.Delete(destination, id, Key);
}

internal readonly ref struct TouchRequest(ReadOnlySpan<byte> key, ulong timeToLiveMillis) : IRequest
{
    public static Opcode Opcode => Opcode.Touch;

    public int MostBytes => FcpLimits.HeaderBytes + FcpLimits.TimeToLiveBytes + Key.Length;

    public ReadOnlySpan<byte> Key { get; } = key;

    public int Write(Span<byte> destination, uint id) => RequestWriter.Touch(destination, id, Key, timeToLiveMillis);
}

internal readonly ref struct CountRequest(ReadOnlySpan<byte> key, ulong amount, CountTerms terms, bool subtract) : IRequest
{
    public static Opcode Opcode => Opcode.Count;

    public static NearEffect Near => NearEffect.Changes;

    public int MostBytes => FcpLimits.HeaderBytes + (3 * sizeof(ulong)) + Key.Length;

    public ReadOnlySpan<byte> Key { get; } = key;

    public int Write(Span<byte> destination, uint id) => RequestWriter.Count(
        destination,
        id,
        Key,
        amount,
        (terms.IsChecked ? CountExtras.Checked : CountExtras.None) | (subtract ? CountExtras.Subtract : CountExtras.None),
        terms.Initial,
        terms.InitialTimeToLiveMillis,
        returnVersion: true);
}

internal readonly ref struct AppendRequest(ReadOnlySpan<byte> key, ReadOnlySpan<byte> piece) : IRequest
{
    private readonly ReadOnlySpan<byte> _piece = piece;

    public static Opcode Opcode => Opcode.Append;

    public static NearEffect Near => NearEffect.Changes;

    public int MostBytes => FcpLimits.HeaderBytes + Key.Length + _piece.Length;

    public ReadOnlySpan<byte> Key { get; } = key;

    public int Write(Span<byte> destination, uint id) =>
        RequestWriter.Append(destination, id, Key, _piece, returnVersion: true);
}

internal readonly ref struct PrependRequest(ReadOnlySpan<byte> key, ReadOnlySpan<byte> piece) : IRequest
{
    private readonly ReadOnlySpan<byte> _piece = piece;

    public static Opcode Opcode => Opcode.Prepend;

    public static NearEffect Near => NearEffect.Changes;

    public int MostBytes => FcpLimits.HeaderBytes + Key.Length + _piece.Length;

    public ReadOnlySpan<byte> Key { get; } = key;

    public int Write(Span<byte> destination, uint id) =>
        RequestWriter.Prepend(destination, id, Key, _piece, returnVersion: true);
}

internal readonly ref struct LeaseGetRequest(ReadOnlySpan<byte> key, uint leaseMillis) : IRequest
{
    public static Opcode Opcode => Opcode.LeaseGet;

    public int MostBytes => FcpLimits.HeaderBytes + Key.Length;

    public ReadOnlySpan<byte> Key { get; } = key;

    public int Write(Span<byte> destination, uint id) =>
        RequestWriter.LeaseGet(destination, id, Key, leaseMillis, returnVersion: true);
}

internal readonly ref struct LeaseReleaseRequest(ReadOnlySpan<byte> key, ulong token) : IRequest
{
    public static Opcode Opcode => Opcode.LeaseRelease;

    public int MostBytes => FcpLimits.HeaderBytes + sizeof(ulong) + Key.Length;

    public ReadOnlySpan<byte> Key { get; } = key;

    public int Write(Span<byte> destination, uint id) => RequestWriter.LeaseRelease(destination, id, Key, token);
}

internal readonly ref struct MakeStaleRequest(ReadOnlySpan<byte> key) : IRequest
{
    public static Opcode Opcode => Opcode.MakeStale;

    public static NearEffect Near => NearEffect.Changes;

    public int MostBytes => FcpLimits.HeaderBytes + Key.Length;

    public ReadOnlySpan<byte> Key { get; } = key;

    public int Write(Span<byte> destination, uint id) => RequestWriter.MakeStale(destination, id, Key);
}

internal readonly struct PingRequest : IRequest
{
    public static Opcode Opcode => Opcode.Ping;

    public static bool HasKey => false;

    public int MostBytes => FcpLimits.HeaderBytes;

    public ReadOnlySpan<byte> Key => default;

    public int Write(Span<byte> destination, uint id) => RequestWriter.Ping(destination, id);
}

internal readonly ref struct ScanRequest(ulong cursor, int looks, ReadOnlySpan<byte> prefix) : IRequest
{
    private readonly ReadOnlySpan<byte> _prefix = prefix;

    public static Opcode Opcode => Opcode.Scan;

    public static bool HasKey => false;

    public int MostBytes => FcpLimits.HeaderBytes + sizeof(ulong) + _prefix.Length;

    public ReadOnlySpan<byte> Key => default;

    public int Write(Span<byte> destination, uint id) => RequestWriter.Scan(destination, id, cursor, looks, _prefix);
}

internal readonly struct StatsRequest : IRequest
{
    public static Opcode Opcode => Opcode.Stats;

    public static bool HasKey => false;

    public int MostBytes => FcpLimits.HeaderBytes;

    public ReadOnlySpan<byte> Key => default;

    public int Write(Span<byte> destination, uint id) => RequestWriter.Stats(destination, id);
}
