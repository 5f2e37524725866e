using FastCache.Client.Connections;

namespace FastCache.Client.Replicas;

/// <summary>The right to write the value that a read finds at the primary to a replica.</summary>
/// <param name="Replica">The connection to it.</param>
/// <param name="Token">What it was granted under: void when the key was written or deleted there meanwhile.</param>
internal readonly record struct CopyFill(ShardConnection? Replica, ulong Token);
