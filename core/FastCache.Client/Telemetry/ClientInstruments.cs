using System.Diagnostics.Metrics;
using System.Net;
using FastCache.Cluster;

namespace FastCache.Client.Telemetry;

/// <summary>What is told of clients as a whole: near caches, fills and topologies.</summary>
internal sealed class ClientInstruments
{
    private const string NearResult = "fastcache.near.result";
    private const string FillResult = "fastcache.fill.result";

    private static readonly Row[] Counters =
    [
        Near("reads", "{read}", "Reads of the near cache.", near => near.Hits, NearResult, "hit"),
        Near("reads", "{read}", "Reads of the near cache.", near => near.Misses, NearResult, "miss"),
        Near("invalidations", "{key}", "Changes of keys that nodes have told.", near => near.Invalidations),
        Near("drops", "{drop}", "How often everything of one shard was dropped.", near => near.Drops),
        Near("evictions", "{entry}", "Entries evicted for room.", near => near.Evictions),
        Fill("source_calls", "{call}", "How often sources were asked.", fills => fills.SourceCalls),
        Fill("source_failures", "{call}", "Calls of sources that threw or took too long.", fills => fills.SourceFailures),
        Fill("answers", "{answer}", "Answers of sources.", fills => fills.Stored, FillResult, "stored"),
        Fill("answers", "{answer}", "Answers of sources.", fills => fills.Unstored, FillResult, "unstored"),
        Fill("waits", "{wait}", "How often this process waited for another one.", fills => fills.Waits),
        Fill("refreshes", "{refresh}", "Fills in the background.", fills => fills.Refreshes),
        Fill("refresh_failures", "{refresh}", "Fills in the background that brought nothing.", fills => fills.RefreshFailures),
        Fill("refreshes_skipped", "{refresh}", "Fills in the background that were left to others.", fills => fills.RefreshesSkipped),
    ];

    private static readonly Row[] Sizes =
    [
        Near("entries", "{entry}", "Entries of the near cache.", near => near.Entries),
        Near("usage", "By", "Memory of the near cache that is in use.", near => near.Bytes),
    ];

    private readonly Lock _lock = new();
    private readonly List<IObservedClient> _clients = [];

    // Of clients that were closed, by the numbers of the counters.
    private readonly long[] _ended = new long[Counters.Length];

    public ClientInstruments(Meter meter)
    {
        foreach (IGrouping<string, int> rows in Enumerable.Range(0, Counters.Length).GroupBy(i => Counters[i].Name))
        {
            Row first = Counters[rows.First()];
            meter.CreateObservableCounter(
                first.Name, () => Measure([.. rows.Select(i => (Counters[i], _ended[i]))]), first.Unit, first.Description);
        }

        foreach (Row size in Sizes)
        {
            meter.CreateObservableUpDownCounter(size.Name, () => Measure((size, 0)), size.Unit, size.Description);
        }

        meter.CreateObservableGauge(
            "fastcache.client.topology.epoch", Epochs, "{epoch}", "The epoch of the topology by which the node is asked.");
    }

    public void Add(IObservedClient client)
    {
        lock (_lock)
        {
            _clients.Add(client);
        }
    }

    public void Remove(IObservedClient client)
    {
        lock (_lock)
        {
            if (!_clients.Remove(client))
            {
                return;
            }

            for (int i = 0; i < _ended.Length; i++)
            {
                _ended[i] = _clients.Count == 0 ? 0 : _ended[i] + Counters[i].Read(client);
            }
        }
    }

    private static Row Near(
        string name, string unit, string description, Func<NearCacheStatistics, long> read, string? tag = null, string? tagValue = null) =>
        new($"fastcache.client.near.{name}", unit, description, TagsOf(tag, tagValue), IsOfNear: true, client => read(client.NearCacheStatistics));

    private static Row Fill(
        string name, string unit, string description, Func<FillCounts, long> read, string? tag = null, string? tagValue = null) =>
        new($"fastcache.client.fill.{name}", unit, description, TagsOf(tag, tagValue), IsOfNear: false, client => read(client.FillCounts));

    private static KeyValuePair<string, object?>[] TagsOf(string? name, string? value) => name is null ? [] : [new(name, value)];

    private Measurement<long>[] Measure(params (Row Row, long Ended)[] rows)
    {
        lock (_lock)
        {
            return [.. rows.Where(one => _clients.Exists(one.Row.Tells))
                .Select(one => new Measurement<long>(one.Ended + _clients.Where(one.Row.Tells).Sum(one.Row.Read), one.Row.Tags))];
        }
    }

    /// <summary>By nodes, as clients of one meter may have different clusters; the lowest epoch where they do not agree.</summary>
    private Measurement<long>[] Epochs()
    {
        Dictionary<EndPoint, long> epochs = [];
        lock (_lock)
        {
            foreach (ClusterTopology topology in _clients.Select(client => client.Topology).OfType<ClusterTopology>())
            {
                foreach (ClusterNode node in topology.Nodes)
                {
                    epochs[node.EndPoint] = Math.Min(topology.Epoch, epochs.GetValueOrDefault(node.EndPoint, long.MaxValue));
                }
            }
        }

        return [.. epochs.Select(one => new Measurement<long>(one.Value, new ServerTags(one.Key).Server))];
    }

    /// <summary>One number of a client.</summary>
    private sealed record Row(
        string Name,
        string Unit,
        string Description,
        KeyValuePair<string, object?>[] Tags,
        bool IsOfNear,
        Func<IObservedClient, long> Read)
    {
        /// <summary>Whether a client has it.</summary>
        public bool Tells(IObservedClient client) => !IsOfNear || client.HasNearCache;
    }
}
