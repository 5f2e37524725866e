using System.Diagnostics;

namespace FastCache.Io.Uring;

/// <summary>What a completion belongs to.</summary>
internal enum OperationKind : byte
{
    /// <summary>Nobody waits for it.</summary>
    None,

    /// <summary>The multishot accept.</summary>
    Accept,

    /// <summary>A connection's multishot receive.</summary>
    Receive,

    /// <summary>A send that does not wait; it completes only when the socket took less than everything.</summary>
    SendNow,

    /// <summary>The send of what a peer did not take at once; waits for the peer.</summary>
    SendBacklog,

    /// <summary>The cancellation of a connection's receive.</summary>
    CancelReceive,

    /// <summary>The multishot poll of the wake descriptor.</summary>
    Wake,
}

/// <summary>The 64 bits that travel with an operation through the kernel and come back with its completion.</summary>
/// <remarks>
/// <code>
/// bit 63     56 55          32 31             0
///     +--------+--------------+---------------+
///     | kind   | generation   | slot          |
///     | 8 bit  | 24 bit       | 32 bit        |
///     +--------+--------------+---------------+
/// </code>
/// </remarks>
internal static class UserData
{
    public const int GenerationMask = (1 << 24) - 1;
    private const int KindShift = 56;
    private const int GenerationShift = 32;

    public static ulong Pack(OperationKind kind, int generation, int slot)
    {
        Debug.Assert(generation is >= 0 and <= GenerationMask);
        Debug.Assert(slot >= 0);
        return ((ulong)kind << KindShift) | ((ulong)(uint)generation << GenerationShift) | (uint)slot;
    }

    public static OperationKind Kind(ulong userData) => (OperationKind)(userData >> KindShift);

    public static int Generation(ulong userData) => (int)(userData >> GenerationShift) & GenerationMask;

    public static int Slot(ulong userData) => (int)userData;
}
