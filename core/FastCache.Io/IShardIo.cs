using System.Net;
using FastCache.Io.Linux;

namespace FastCache.Io;

/// <summary>Names one connection of one <see cref="IShardIo"/>: a slot, and the generation of its use.</summary>
/// <remarks>A slot is used again after its connection has ended; the generation tells the two uses apart.</remarks>
/// <param name="Slot">Index below <see cref="ShardIoOptions.MaxConnections"/>, small and dense.</param>
/// <param name="Generation">Counts the uses of the slot, modulo 2^24.</param>
public readonly record struct ConnectionId(int Slot, int Generation)
{
    internal const int GenerationMask = (1 << 24) - 1;
}

/// <summary>What happened on a connection, or to the loop itself.</summary>
public enum IoEventKind : byte
{
    /// <summary>A peer connected to <see cref="IoEvent.Listener"/>; <see cref="IoEvent.Connection"/> is new.</summary>
    Accepted,

    /// <summary>Bytes arrived: <see cref="IShardIo.Received"/> reads them, <see cref="IShardIo.Release"/> gives the buffer back.</summary>
    Received,

    /// <summary>The peer will send nothing more, but may still read: the caller answers what it has received and then calls <see cref="IShardIo.Close"/>.</summary>
    EndOfInput,

    /// <summary>Everything that was held back because the peer did not read has been sent; sending may go on.</summary>
    Drained,

    /// <summary>The connection is over and its slot is free; <see cref="IoEvent.Error"/> is an errno, 0 after <see cref="IShardIo.Close"/>.</summary>
    Closed,

    /// <summary>What <see cref="IShardIo.Detach"/> asked for: the slot is free, <see cref="IoEvent.Descriptor"/> is open and the caller's.</summary>
    Detached,

    /// <summary>Another thread called <see cref="IShardIo.Wake"/>.</summary>
    Woken,
}

/// <summary>One entry of what <see cref="IShardIo.Poll"/> reports.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Connection">Where; default for <see cref="IoEventKind.Woken"/>.</param>
/// <param name="Buffer">For <see cref="IoEventKind.Received"/>: the receive buffer's number; otherwise 0.</param>
/// <param name="Length">For <see cref="IoEventKind.Received"/>: bytes in that buffer, at least 1; for <see cref="IoEventKind.Accepted"/>: <see cref="Listener"/>; for <see cref="IoEventKind.Detached"/>: <see cref="Descriptor"/>.</param>
/// <param name="Error">For <see cref="IoEventKind.Closed"/>: errno, or 0; Linux's numbers on every system.</param>
public readonly record struct IoEvent(IoEventKind Kind, ConnectionId Connection, ushort Buffer, int Length, int Error)
{
    /// <summary>For <see cref="IoEventKind.Detached"/>: what another <see cref="IShardIo.Adopt"/> takes; otherwise -1.</summary>
    /// <remarks>It shares the length's place: descriptors have 31 bits, and so have the handles of 64-bit Windows.</remarks>
    public nint Descriptor => Kind == IoEventKind.Detached ? Length : -1;

    /// <summary>For <see cref="IoEventKind.Accepted"/>: which <see cref="IShardIo.Listen"/> the peer connected to, counted from 0; otherwise -1.</summary>
    public int Listener => Kind == IoEventKind.Accepted ? Length : -1;

    /// <summary>For <see cref="IoEventKind.Closed"/>: whether <see cref="ShardIoOptions.MaxBacklogBytes"/> had no room for what the peer did not read.</summary>
    public bool IsOverBacklog => Kind == IoEventKind.Closed && Error == Errno.NoBuffers;
}

/// <summary>
/// The seam between a shard's loop and the operating system: one thread, its connections, batches in and out.
/// io_uring, epoll and portable sockets are siblings behind it.
/// </summary>
/// <remarks>
/// <para>
/// One pass of the loop: <see cref="Poll"/> submits everything that was queued since the last pass and reports what is
/// ready; the caller reads <see cref="Received"/> bytes, works, queues at most one <see cref="Send"/> a connection, gives
/// buffers back with <see cref="Release"/>, and polls again.
/// </para>
/// <para>
/// Every member except <see cref="Wake"/> is called by the one thread that created the instance. Nothing here allocates
/// managed memory once a connection is open. Members harmlessly ignore an id whose connection is ending or over.
/// </para>
/// <para>Invariants:
/// 1. A connection has at most one send under way. While a part of it waits for the peer to read
/// (<see cref="IsBlocked"/>), the caller queues no further send on that connection; <see cref="IoEventKind.Drained"/>
/// ends that state.
/// 2. Bytes handed to <see cref="Send"/> are not changed by the caller until <see cref="Poll"/> or <see cref="Flush"/>
/// has returned; from then on the backend needs them no more (what the peer did not take has been copied aside).
/// 3. A connection ends with exactly one of <see cref="IoEventKind.Closed"/> and <see cref="IoEventKind.Detached"/>.
/// Between <see cref="IoEventKind.Accepted"/> (or <see cref="Adopt"/>) and that end every event for the slot carries the
/// connection's id; after it no event carries that id again.
/// 4. Every <see cref="IoEventKind.Received"/> buffer stays readable and unchanged until it is released, also after its
/// connection has ended, and each must be released exactly once.
/// 5. <see cref="IoEventKind.EndOfInput"/> follows the last <see cref="IoEventKind.Received"/> of a connection, at most
/// once. It ends nothing: sends go on, in as many passes as they take, until the caller calls <see cref="Close"/> or an
/// error or the backlog limit ends the connection. A peer that vanishes after it may be noticed by a send only.
/// 6. No byte is lost between two backends: what comes before <see cref="IoEventKind.Detached"/> has been reported, the
/// rest, and the end of input behind it, is received by the backend that adopts the descriptor.
/// </para>
/// </remarks>
public interface IShardIo : IDisposable
{
    /// <summary>Most addresses that a backend listens on at once.</summary>
    const int MaxListeners = 8;

    /// <summary>One line for the log: the backend's name and the features that it uses.</summary>
    string Description { get; }

    /// <summary>What happened so far, counted.</summary>
    IoCounters Counters { get; }

    /// <summary>Memory that holds what peers have not read yet, over all connections; at most <see cref="ShardIoOptions.MaxBacklogBytes"/>.</summary>
    long BacklogBytes { get; }

    /// <summary>Starts to accept connections on <paramref name="endPoint"/> (port 0: any free port), beside those it accepts on already.</summary>
    /// <returns>The address that is bound, with its real port.</returns>
    /// <remarks>The calls since <see cref="StopListening"/> that did not throw are numbered from 0: <see cref="IoEvent.Listener"/>.</remarks>
    /// <exception cref="System.Net.Sockets.SocketException">The address cannot be bound.</exception>
    /// <exception cref="InvalidOperationException">It listens on <see cref="MaxListeners"/> addresses already.</exception>
    IPEndPoint Listen(IPEndPoint endPoint);

    /// <summary>Stops accepting on all addresses; open connections live on.</summary>
    void StopListening();

    /// <summary>Takes over a connected stream socket. The backend owns and closes the descriptor from here on.</summary>
    /// <param name="socketDescriptor">The operating system's descriptor of the socket, or what <see cref="IoEventKind.Detached"/> of a backend of the same kind reported.</param>
    /// <exception cref="InvalidOperationException">All <see cref="ShardIoOptions.MaxConnections"/> slots are in use; the descriptor stays the caller's.</exception>
    ConnectionId Adopt(nint socketDescriptor);

    /// <summary>Gives a connection up, so that another thread's backend can <see cref="Adopt"/> it; <see cref="IoEventKind.Detached"/> follows.</summary>
    /// <param name="connection">An open connection with nothing queued or blocked, before or after its end of input; nothing is sent on it any more.</param>
    /// <remarks>
    /// Receiving stops. What was on its way is reported as <see cref="IoEventKind.Received"/> before the end; an error
    /// or a call of <see cref="Close"/> meanwhile may make that end <see cref="IoEventKind.Closed"/>. A descriptor that
    /// nobody adopts is to be closed with <see cref="ShardIo.CloseDetached"/>.
    /// </remarks>
    void Detach(ConnectionId connection);

    /// <summary>Where the peer is; default when the operating system does not know it (any more).</summary>
    PeerAddress PeerOf(ConnectionId connection);

    /// <summary>Submits what is queued, waits until at least one event is there or the time is over, and reports events.</summary>
    /// <param name="events">Filled from the start.</param>
    /// <param name="timeoutMillis">Longest wait; 0 returns at once.</param>
    /// <returns>How many entries of <paramref name="events"/> were filled; 0 on time-out or when only bookkeeping happened.</returns>
    int Poll(Span<IoEvent> events, int timeoutMillis);

    /// <summary>Submits the queued sends now and settles them, without waiting and without reporting events.</summary>
    void Flush();

    /// <summary>The bytes of a <see cref="IoEventKind.Received"/> event.</summary>
    /// <param name="buffer"><see cref="IoEvent.Buffer"/>.</param>
    /// <param name="length"><see cref="IoEvent.Length"/>.</param>
    /// <returns>A view of native memory, valid until <see cref="Release"/>.</returns>
    ReadOnlySpan<byte> Received(ushort buffer, int length);

    /// <summary>Gives a receive buffer back to the backend.</summary>
    void Release(ushort buffer);

    /// <summary>Queues <paramref name="bytes"/> to be sent at the next <see cref="Poll"/> or <see cref="Flush"/>.</summary>
    /// <param name="connection">An open connection that is not blocked and has nothing queued.</param>
    /// <param name="bytes">A view of native memory, at least one byte; see invariant 2.</param>
    void Send(ConnectionId connection, ReadOnlySpan<byte> bytes);

    /// <summary>Whether a part of the last send still waits for the peer to read.</summary>
    bool IsBlocked(ConnectionId connection);

    /// <summary>The part of <see cref="BacklogBytes"/> that is this connection's; 0 when it is not blocked.</summary>
    long BacklogOf(ConnectionId connection);

    /// <summary>Stops receiving from the peer, so that its bytes wait in its own kernel, and its end of input behind them.</summary>
    /// <remarks>What is already on its way may still be reported, bytes and end of input; the rest follows <see cref="ResumeReceiving"/>.</remarks>
    void PauseReceiving(ConnectionId connection);

    /// <summary>Undoes <see cref="PauseReceiving"/>.</summary>
    void ResumeReceiving(ConnectionId connection);

    /// <summary>Tells the peer that nothing more will be sent; receiving goes on, so that the peer can read the last bytes.</summary>
    /// <remarks>To be called when nothing is queued or blocked on the connection.</remarks>
    void ShutdownSend(ConnectionId connection);

    /// <summary>Ends the connection now and drops what is queued or blocked; <see cref="IoEventKind.Closed"/> follows. Harmless on one that is ending already.</summary>
    /// <remarks>
    /// What earlier sends handed to the operating system is still delivered, unless the peer's own bytes are left
    /// unread: then the operating system resets the connection. After <see cref="IoEventKind.EndOfInput"/> none are.
    /// </remarks>
    void Close(ConnectionId connection);

    /// <summary>Makes the current or the next <see cref="Poll"/> return with <see cref="IoEventKind.Woken"/>. May be called by any thread.</summary>
    void Wake();
}

/// <summary>The fixed sizes of a backend. All memory follows from them; nothing grows with load beyond them.</summary>
public sealed record ShardIoOptions
{
    /// <summary>Most connections at once, 1 to 1,000,000. Further ones are accepted and closed at once, and counted.</summary>
    public int MaxConnections { get; init; } = 10_000;

    /// <summary>Bytes of one receive buffer, 1,024 to 1 MiB.</summary>
    public int ReceiveBufferBytes { get; init; } = 16 * 1024;

    /// <summary>Number of receive buffers, a power of two, 2 to 32,768.</summary>
    public int ReceiveBuffers { get; init; } = 256;

    /// <summary>Most bytes that may wait, over all connections, for peers that do not read; a connection that would exceed it is closed.</summary>
    public long MaxBacklogBytes { get; init; } = 256L << 20;
}
