namespace FastCache.Io.Epoll;

/// <summary><c>EPOLL*</c>: what is asked of a descriptor, and what the kernel reports.</summary>
[Flags]
internal enum EpollEvents : uint
{
    None = 0,
    Readable = 0x001,
    Writable = 0x004,
    Failed = 0x008,
    HungUp = 0x010,
    PeerHungUp = 0x2000,
    EdgeTriggered = 1u << 31,
}

/// <summary>What a reported descriptor is.</summary>
internal enum EpollKind : byte
{
    Connection,
    Listener,
    Wake,
}

/// <summary>The 64 bits that a descriptor is registered with and that come back with its events.</summary>
/// <remarks>
/// <code>
/// bit 63     56 55          32 31             0
///     +--------+--------------+---------------+
///     | kind   | generation   | slot          |
///     | 8 bit  | 24 bit       | 32 bit        |
///     +--------+--------------+---------------+
/// </code>
/// </remarks>
internal static class EpollTag
{
    private const int KindShift = 56;
    private const int GenerationShift = 32;

    public static ulong Of(EpollKind kind) => (ulong)kind << KindShift;

    /// <summary>A listener, whose number stands in the place of a slot.</summary>
    public static ulong OfListener(int number) => Of(EpollKind.Listener) | (uint)number;

    public static ulong Of(ConnectionId id) => ((ulong)(uint)id.Generation << GenerationShift) | (uint)id.Slot;

    public static EpollKind Kind(ulong tag) => (EpollKind)(tag >> KindShift);

    public static ConnectionId Id(ulong tag) =>
        new((int)tag, (int)(tag >> GenerationShift) & ConnectionId.GenerationMask);
}
