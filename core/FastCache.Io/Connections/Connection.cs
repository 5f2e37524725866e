using System.Runtime.InteropServices;

namespace FastCache.Io.Connections;

/// <summary>Where a connection stands in its life.</summary>
/// <remarks>
/// <code>
///   Free ── accept, adopt ──────────────────────────────────────────► Open
///   Open ── the peer's FIN: EndOfInput ─────────────────────────────► PeerClosed
///   Open, PeerClosed ── Detach ─────────────────────────────────────► Detaching
///   Open, PeerClosed, Detaching ── Close, error, backlog limit ─────► Ending
///   Detaching ── the last operation has completed ──────────────────► Detached
///   Ending ── the last operation has completed ─────────────────────► Ended
///   Detached, Ended ── Poll reports it, generation + 1 ─────────────► Free
/// </code>
/// </remarks>
internal enum ConnectionPhase : byte
{
    /// <summary>The slot waits for a connection.</summary>
    Free,

    /// <summary>Both directions work.</summary>
    Open,

    /// <summary>The peer sends no more, but may still read.</summary>
    PeerClosed,

    /// <summary>To be given away; the kernel still holds operations of it.</summary>
    Detaching,

    /// <summary>Shut down; the kernel still holds operations of it.</summary>
    Ending,

    /// <summary>Open, and the kernel holds nothing of it; it is to be given away.</summary>
    Detached,

    /// <summary>The kernel holds nothing of it; the end is to be reported.</summary>
    Ended,
}

/// <summary>The operations of a connection whose completion is still to come.</summary>
[Flags]
internal enum InFlight : byte
{
    None = 0,
    Receive = 1,
    Cancel = 2,
    Backlog = 4,
}

/// <summary>The list that a slot stands in.</summary>
internal enum QueueKind : byte
{
    None,

    /// <summary>Open, and its receive waits for a buffer or its turn.</summary>
    Receive,

    /// <summary>Ended or detached.</summary>
    Ended,
}

/// <summary>What a backend knows of one connection: one cache line.</summary>
/// <remarks>
/// Invariants:
/// 1. <see cref="InFlight.Backlog"/> implies that <see cref="Backlog"/> is not null: the kernel may read it.
/// 2. Ended, Detached and Free imply that nothing is in flight, so no late completion can find the slot in other hands.
/// 3. A send that does not wait is in no flag: it is over when the submission returns, and descriptors are closed only
///    after a submission.
/// 4. <see cref="Next"/> and <see cref="Previous"/> belong to the one list that <see cref="Queue"/> names.
/// </remarks>
[StructLayout(LayoutKind.Sequential, Size = 64)]
internal unsafe struct Connection
{
    /// <summary>The bytes of the send that is queued or being settled.</summary>
    public byte* SendStart;

    /// <summary>What the peer did not take, copied aside; null when it took everything.</summary>
    public byte* Backlog;

    public int SendLength;
    public int BacklogLength;
    public int BacklogSent;
    public int Descriptor;
    public int Generation;

    /// <summary>What Closed will carry.</summary>
    public int Error;

    public int Next;
    public int Previous;

    /// <summary>The pass that queued the last send, to catch two in one.</summary>
    public uint SendPass;

    /// <summary>The slot whose send is queued behind this one's; for backends that keep the queue themselves.</summary>
    public int NextSend;

    public ConnectionPhase Phase;
    public InFlight InFlight;
    public QueueKind Queue;

    /// <summary>Whether the caller wants bytes: false while paused.</summary>
    public bool WantsReceive;

    /// <summary>Whether bytes, the end of input or an error may wait in the kernel; for backends that are told of it.</summary>
    public bool IsReadable;

    /// <summary>Whether the end of input or an error is there, behind the bytes that wait.</summary>
    public bool IsHungUp;

    public readonly bool IsQuiet => InFlight == InFlight.None;

    public readonly bool IsAlive => Phase is ConnectionPhase.Open or ConnectionPhase.PeerClosed or ConnectionPhase.Detaching;

    public readonly bool IsBlocked => Backlog is not null;
}
