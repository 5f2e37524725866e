using System.Net;
using FastCache.Core;
using FastCache.Io;
using FastCache.Node.Doors;
using FastCache.Node.Shards;

namespace FastCache.Node.Tests.Fakes;

/// <summary>A node that speaks Redis's protocol to peers that a test drives, and whose shards take turns pass by pass.</summary>
internal sealed class HandDrivenNode : IDisposable
{
    private const int BudgetBytes = 32 << 20;

    /// <param name="shards">Shards of the node.</param>
    /// <param name="connections">Most connections at once.</param>
    /// <param name="connectionMemoryBytes">For input and replies that wait.</param>
    /// <param name="bufferBytes">Bytes of a receive buffer.</param>
    /// <param name="patience">How long a peer may wait for memory.</param>
    public HandDrivenNode(
        int shards = 1, int connections = 16, long connectionMemoryBytes = 1 << 20, int bufferBytes = 1_024, TimeSpan patience = default)
    {
        NodeOptions options = FakeNode.Options(connections, connectionMemoryBytes) with
        {
            MoreListens = [new DoorAddress(DoorKind.Resp, new IPEndPoint(IPAddress.Loopback, 0))],
            Shards = shards,
            PressurePatience = patience,
        };
        ShardIoOptions sizes = new()
        {
            MaxConnections = connections,
            ReceiveBuffers = 16,
            ReceiveBufferBytes = bufferBytes,
            MaxBacklogBytes = 0,
        };
        Shared = new SharedState(options, TextWriter.Null);
        Ios = [.. Enumerable.Range(0, shards).Select(_ => new HandDrivenIo((int)DoorKind.Resp, bufferBytes))];
        Caches = [.. Enumerable.Range(0, shards).Select(_ => new Shard(new ShardOptions { MemoryBudgetBytes = BudgetBytes }))];
        Loops = [.. Enumerable.Range(0, shards).Select(i => new ShardLoop(Ios[i], sizes, Caches[i], options, Shared, i))];
    }

    public HandDrivenIo[] Ios { get; }

    public Shard[] Caches { get; }

    public ShardLoop[] Loops { get; }

    public SharedState Shared { get; }

    /// <summary>So many passes of each shard, one after the other.</summary>
    public void Pass(int times = 1)
    {
        for (int i = 0; i < times; i++)
        {
            Array.ForEach(Loops, loop => loop.Pass());
        }
    }

    public void Dispose()
    {
        Array.ForEach(Loops, loop => loop.Dispose());
        Shared.Dispose();
        Array.ForEach(Caches, cache => cache.Dispose());
        Array.ForEach(Ios, io => io.Dispose());
    }
}
