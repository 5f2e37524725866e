namespace FastCache.Io;

/// <summary>What a backend has counted since its creation.</summary>
/// <param name="Passes">Calls of <see cref="IShardIo.Poll"/> and <see cref="IShardIo.Flush"/> that had to do with the kernel.</param>
/// <param name="SystemCalls">System calls that passes made: enters of a ring; waits, receives and sends without one.</param>
/// <param name="RejectedConnections">Connections that were accepted and closed at once because all slots were in use.</param>
/// <param name="ReceiveStarvations">Times that a connection had bytes and no receive buffer was free.</param>
/// <param name="CompletionOverflows">Times that a ring's completion queue was full; 0 without a ring.</param>
/// <param name="AcceptFailures">Accepts that failed for want of descriptors or memory; after each, accepting rests.</param>
public readonly record struct IoCounters(
    long Passes,
    long SystemCalls,
    long RejectedConnections,
    long ReceiveStarvations,
    long CompletionOverflows,
    long AcceptFailures);
