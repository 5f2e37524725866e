using System.Diagnostics;
using System.Runtime.CompilerServices;
using FastCache.Io.Connections;

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
internal static unsafe class UserData
{
    private const int KindShift = 56;
    private const int GenerationShift = 32;

    public static ulong Pack(OperationKind kind, int generation, int slot)
    {
        Debug.Assert(generation is >= 0 and <= ConnectionId.GenerationMask);
        Debug.Assert(slot >= 0);
        return ((ulong)kind << KindShift) | ((ulong)(uint)generation << GenerationShift) | (uint)slot;
    }

    /// <summary>What an operation of a connection carries through the kernel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong PackFor(this ConnectionTable table, OperationKind kind, Connection* connection) =>
        Pack(kind, connection->Generation, table.SlotOf(connection));

    /// <summary>The connection that a completion belongs to; its slot cannot have been freed meanwhile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Connection* Of(this ConnectionTable table, in CompletionEntry completion)
    {
        Connection* connection = table.At(Slot(completion.UserData));
        Debug.Assert(connection->Generation == Generation(completion.UserData), "a completion came too late");
        return connection;
    }

    public static OperationKind Kind(ulong userData) => (OperationKind)(userData >> KindShift);

    public static int Generation(ulong userData) => (int)(userData >> GenerationShift) & ConnectionId.GenerationMask;

    public static int Slot(ulong userData) => (int)userData;
}
