using System.Net;
using FastCache.Client.Routing;
using FastCache.Cluster;
using FastCache.Protocol;

namespace FastCache.Client.Batches;

/// <summary>The nodes that a batch speaks with, and which of their lines has which slot.</summary>
/// <remarks>A topology that is learnt in the middle of a batch adds lines. Those that it takes away, and the lines of a
/// node that has other shards by now, stay until the batch is cleared: they have replies.
/// <para>
/// Slots are looked up by groups of 64 first, as most groups are on one line: 1 KiB stays in the first-level cache where 64 KiB
/// do not. A thread that has 32 batches spends 40 ns a request less by that.
/// </para></remarks>
internal sealed class BatchRoutes : IDisposable
{
    private const int GroupBits = 6;
    private const int Mixed = -1;

    private readonly FastCacheClientOptions _options;
    private readonly int[] _lineOfGroup = new int[KeySlot.Count >> GroupBits];
    private readonly int[] _lineOfSlot = new int[KeySlot.Count];
    private KnownTopology? _known;
    private BatchNode[] _nodes;
    private bool _isChanged;

    private BatchRoutes(FastCacheClientOptions options, KnownTopology? known, BatchNode[] nodes)
    {
        _options = options;
        _known = known;
        _nodes = nodes;
        Lines = [];
        Renew();
    }

    /// <summary>All lines by their numbers.</summary>
    public BatchLine[] Lines { get; private set; }

    /// <summary>The only line there is, if it needs no topology to find it.</summary>
    public BatchLine? Only { get; private set; }

    /// <summary>Whether there is a cluster.</summary>
    public bool HasTopology => _known is not null;

    /// <summary>0 if there is no cluster.</summary>
    public uint Epoch => _known?.Topology.Epoch ?? 0;

    /// <summary>Why the last attempt to learn a topology came to nothing; null: it did not.</summary>
    public Exception? LearningFailure { get; private set; }

    /// <summary>Learns from a seed which nodes and shards there are, and connects to them.</summary>
    /// <exception cref="CacheException">The seed is no node, or none of its cluster can be connected.</exception>
    public static BatchRoutes Connect(EndPoint seed, FastCacheClientOptions options)
    {
        BatchRoutes routes = Wait(LearnAsync(seed, options));
        try
        {
            List<BatchLine> failed = [.. routes.Lines.Where(line => !line.Node.TryConnect(line))];
            CacheException? reason = failed.FirstOrDefault()?.NotSent();
            if (reason is not null && (!routes.HasTopology || !routes.Lines.Any(line => line.IsConnected)))
            {
                throw reason;
            }

            routes.Lines.ToList().ForEach(line => line.Settle());
            return routes;
        }
        catch
        {
            routes.Dispose();
            throw;
        }
    }

    /// <summary>The number of the line that has a slot.</summary>
    public int LineOf(int slot)
    {
        int line = _lineOfGroup[slot >> GroupBits];
        return line != Mixed ? line : _lineOfSlot[slot];
    }

    /// <summary>Asks a node for a newer topology, and goes by it from then on.</summary>
    /// <returns>Whether there was one.</returns>
    public bool TryLearn(EndPoint from)
    {
        try
        {
            KnownTopology? topology = Wait(NodeTalk.AskTopologyAsync(from, _known, _options, CancellationToken.None));
            LearningFailure = null;
            if (topology is not null)
            {
                Adopt(topology);
            }

            return topology is not null;
        }
        catch (Exception failure) when (NodeTalk.IsFailure(failure))
        {
            LearningFailure = failure;
            return false;
        }
    }

    /// <summary>Asks any other node than a lost one for a newer topology.</summary>
    /// <returns>Whether there was one.</returns>
    public bool TryLearnWithout(BatchNode lost) => TryLearn(NodeTalk.OneOf(
        _nodes.Where(node => node != lost && node.IsConnected).Select(node => node.EndPoint),
        _nodes.Where(node => node != lost).Select(node => node.EndPoint).Concat(_options.Seeds)));

    /// <summary>Takes changes over that had to wait until no line has a reply that counts.</summary>
    /// <returns>Whether there were any.</returns>
    public bool TryRenew()
    {
        bool isChanged = _isChanged || _nodes.Any(node => node.NewLayout is not null);
        if (isChanged)
        {
            Renew();
        }

        return isChanged;
    }

    public void Dispose() => Array.ForEach(Lines, line => line.Dispose());

    private static async Task<BatchRoutes> LearnAsync(EndPoint seed, FastCacheClientOptions options)
    {
        (NodeLayout layout, KnownTopology? known) =
            await NodeTalk.AskAllAsync(seed, options, CancellationToken.None).ConfigureAwait(false);
        if (known is null)
        {
            return new(options, null, [new($"{seed}", seed, layout, options)]);
        }

        IReadOnlyList<ClusterNode> members = known.Topology.Nodes;
        NodeLayout?[] layouts = await NodeTalk.AskLayoutsAsync(members.Select(node => node.EndPoint), options, CancellationToken.None)
            .ConfigureAwait(false);
        return new(options, known, [.. members.Zip(layouts, (node, layout) => new BatchNode(node.Name, node.EndPoint, layout, options))]);
    }

    /// <summary>Waits for what is not done on a batch's own connections, as it is rare.</summary>
    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();

    private void Adopt(KnownTopology topology)
    {
        Dictionary<(string, EndPoint), BatchNode> kept =
            HasTopology ? _nodes.ToDictionary(node => (node.Name, node.EndPoint)) : [];

        // The shards of nodes that are new become known when they are connected.
        _known = topology;
        _nodes = [.. topology.Topology.Nodes.Select(node =>
            kept.GetValueOrDefault((node.Name, node.EndPoint)) ?? new(node.Name, node.EndPoint, null, _options))];
        Number([.. Lines.Union(_nodes.SelectMany(node => node.Lines))]);
        _isChanged = true;
    }

    private void Renew()
    {
        BatchLine[] before = Lines;
        _nodes = [.. _nodes.Select(node => node.NewLayout is null ? node : node.WithNewLayout())];
        Number([.. _nodes.SelectMany(node => node.Lines)]);
        foreach (BatchLine line in before.Except(Lines))
        {
            line.Dispose();
        }

        _isChanged = false;
    }

    /// <summary>Puts lines in place, and the slots of the nodes on theirs.</summary>
    private void Number(BatchLine[] lines)
    {
        Lines = lines;
        Only = lines.Length == 1 && !HasTopology ? lines[0] : null;
        for (int i = 0; i < lines.Length; i++)
        {
            lines[i].Number = i;
        }

        for (int slot = 0; slot < KeySlot.Count; slot++)
        {
            BatchNode primary = _nodes[_known?.Topology.CopiesOf(slot)[0] ?? 0];
            int line = primary.LineOf(slot).Number;
            _lineOfSlot[slot] = line;
            ref int group = ref _lineOfGroup[slot >> GroupBits];
            group = slot % (1 << GroupBits) == 0 || group == line ? line : Mixed;
        }
    }
}
