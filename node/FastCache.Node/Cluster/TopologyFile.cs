using System.Net;
using FastCache.Cluster;

namespace FastCache.Node.Cluster;

/// <summary>The topology that a node goes by: read from its file at the start, and again when the node is told to.</summary>
/// <remarks>
/// The newest one that was accepted is <see cref="Current"/>; each shard begins with that, and takes what is accepted later
/// over between two passes, one after another, see <see cref="SlotTakeover"/>. docs/topology.md has the rules of epochs.
/// </remarks>
internal sealed class TopologyFile
{
    private readonly string _path;
    private readonly string _name;
    private readonly string _address;
    private readonly Lock _lock = new();
    private volatile OwnedSlots _current;

    /// <param name="path">The file.</param>
    /// <param name="name">This node's name in it.</param>
    /// <exception cref="TopologyException">The file is not what it should be, or has no node of that name.</exception>
    public TopologyFile(string path, string name)
        : this(path, name, TopologyDocument.ReadFile(path))
    {
    }

    private TopologyFile(string path, string name, ClusterTopology topology)
    {
        int node = topology.IndexOf(name);
        if (node < 0)
        {
            throw new TopologyException($"{path}: there is no node {name} (--node); the nodes are {Names(topology)}");
        }

        _path = path;
        _name = name;
        _address = topology.Nodes[node].Address;
        _current = new OwnedSlots(topology, name);
    }

    /// <summary>The newest topology that was accepted.</summary>
    public OwnedSlots Current => _current;

    /// <summary>Reads the file that the options name, and finds the node's own place in it.</summary>
    /// <param name="options">What the command line said.</param>
    /// <param name="listen">Where to listen.</param>
    /// <returns>Null when the options name no file.</returns>
    /// <exception cref="TopologyException">The file is not what it should be, or does not tell which of its nodes this one is.</exception>
    public static TopologyFile? Open(NodeOptions options, out IPEndPoint listen)
    {
        listen = options.Listen;
        if (options.TopologyPath is not string path)
        {
            return null;
        }

        ClusterTopology topology = TopologyDocument.ReadFile(path);
        string name = options.NodeName ?? NameOf(topology, options.Listen, path);
        TopologyFile file = new(path, name, topology);
        if (!options.IsListenGiven && options.NodeName is not null)
        {
            ClusterNode node = topology.Nodes[topology.IndexOf(name)];
            listen = node.EndPoint as IPEndPoint ?? throw new TopologyException(
                $"{path}: the address of node {name} is {node.Address}, which is a name; say with --listen on which address to listen");
        }

        return file;
    }

    /// <summary>Reads the file again. May be called by any thread.</summary>
    /// <param name="isNew">Whether there is a new topology for the shards to take over.</param>
    /// <returns>What to tell people.</returns>
    public string Reload(out bool isNew)
    {
        lock (_lock)
        {
            isNew = false;
            OwnedSlots before = _current;
            OwnedSlots read;
            try
            {
                read = new OwnedSlots(TopologyDocument.ReadFile(_path), _name);
            }
            catch (TopologyException invalid)
            {
                return $"topology refused, that of epoch {before.Epoch} stays: {invalid.Message}";
            }

            if (WhyNot(before, read) is string reason)
            {
                return $"topology refused, that of epoch {before.Epoch} stays: {_path}: {reason}";
            }

            if (read.Epoch == before.Epoch)
            {
                return $"topology of epoch {before.Epoch} is the one that holds already";
            }

            before.Next = read;
            _current = read;
            isNew = true;
            string absence = read.Topology.IndexOf(_name) < 0 ? $"; node {_name} is not in it any more" : "";
            return $"topology of epoch {read.Epoch} accepted: {read.Count()} slots, {read.Count(there: before)} gained, "
                + $"{before.Count(there: read)} lost{absence}";
        }
    }

    private string? WhyNot(OwnedSlots before, OwnedSlots read)
    {
        if (read.Epoch < before.Epoch)
        {
            return $"its epoch is {read.Epoch}; it must be higher than {before.Epoch}";
        }

        if (read.Epoch == before.Epoch)
        {
            return read.Document.Span.SequenceEqual(before.Document.Span)
                ? null
                : $"it is another topology with the same epoch, {read.Epoch}; a new one must have a higher epoch";
        }

        int node = read.Topology.IndexOf(_name);
        return node < 0 || read.Topology.Nodes[node].Address == _address
            ? null
            : $"the address of node {_name} is {read.Topology.Nodes[node].Address}; this node was started with {_address}, so start it anew";
    }

    private static string NameOf(ClusterTopology topology, IPEndPoint listen, string path)
    {
        ClusterNode[] here = [.. topology.Nodes.Where(node => listen.Equals(node.EndPoint))];
        return here.Length == 1
            ? here[0].Name
            : throw new TopologyException(
                $"{path}: no node has the address {listen} (--listen); say with --node which this one is: {Names(topology)}");
    }

    private static string Names(ClusterTopology topology)
    {
        const int MostNames = 20;
        int more = topology.Nodes.Count - MostNames;
        return string.Join(", ", topology.Nodes.Take(MostNames)) + (more > 0 ? $" and {more} more" : "");
    }
}
