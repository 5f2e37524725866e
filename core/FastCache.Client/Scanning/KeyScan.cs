using System.Runtime.CompilerServices;
using FastCache.Client.Connections;
using FastCache.Client.Operations;
using FastCache.Client.Routing;
using FastCache.Protocol;

namespace FastCache.Client.Scanning;

/// <summary>Walks over the keys of all shards of all nodes, one page after another.</summary>
/// <remarks>
/// Why no key is missed that is there all the time, and stays where it is: each shard that the topology at the beginning names is
/// scanned to its end, and each tells such keys (docs/protocol.md, "Scan"). A node that has left or was restarted, and a shard
/// that is not there any more, have taken their keys with them; what was added had none when the scan began.
/// </remarks>
internal sealed class KeyScan(Router router, ReadOnlyMemory<byte> prefix)
{
    /// <summary>What a node looks at for one page, if it allows that: 30 us of its time or so.</summary>
    private const int LooksPerPage = 256;

    public async IAsyncEnumerable<byte[]> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Routes begin = router.Routes;
        int each = router.Options.ConnectionsPerShard;
        for (int node = 0; node < begin.Nodes.Count; node++)
        {
            NodeShards shards = KnownNow(begin.Nodes[node]);
            for (int i = 0; i < shards.Connections.Count; i += each)
            {
                ulong cursor = 0;
                do
                {
                    if (Ask(shards.Connections[i], cursor, cancellationToken) is not Operation asked)
                    {
                        break;
                    }

                    using CacheValue page = await new ValueTask<CacheValue>(asked, asked.Token).ConfigureAwait(false);
                    cursor = ReplyBody.Number(page.Span);
                    int at = ReplyBody.NumberBytes;
                    while (Next(page.Span, ref at) is byte[] key)
                    {
                        if (begin.Topology is null || begin.Topology.CopiesOf(KeySlot.Of(key))[0] == node)
                        {
                            yield return key;
                        }
                    }
                }
                while (cursor != 0);
            }
        }
    }

    /// <summary>The node with its shards, which may have become known since the scan began.</summary>
    private NodeShards KnownNow(NodeShards node)
    {
        NodeShards? now = node.IsKnown ? node : router.Routes.Nodes.FirstOrDefault(one => one.Name == node.Name && one.IsKnown);
        return now ?? throw new CacheConnectionException(
            $"Node {node.Name} at {node.EndPoint} has not been connected yet: its shards, and what keys it has, are not known.", mayHaveExecuted: false);
    }

    /// <returns>Null if the shard is none any more.</returns>
    private Operation? Ask(ShardConnection connection, ulong cursor, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        int looks = Math.Min(LooksPerPage, connection.MaxBatchKeys);
        return connection.Begin(new ScanRequest(cursor, looks, prefix.Span), -1, default, cancellationToken);
    }

    private static byte[]? Next(ReadOnlySpan<byte> page, ref int at)
    {
        ReadOnlySpan<byte> rest = page[at..];
        if (!KeyList.TryRead(ref rest, out ReadOnlySpan<byte> key))
        {
            return null;
        }

        at = page.Length - rest.Length;
        return key.ToArray();
    }
}
