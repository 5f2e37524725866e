using System.Net;
using FastCache.Client.Connections;
using FastCache.Client.Routing;

namespace FastCache.Client.Batches;

/// <summary>A node as a batch knows it: a line for each of its shards.</summary>
/// <remarks>While its shards are not known there is one line to any shard, which hands on what is for another one. When they
/// become known, or others, this is replaced as a whole between two batches.</remarks>
internal sealed class BatchNode
{
    private const int AnyShard = -1;

    private readonly FastCacheClientOptions _options;
    private readonly NodeLayout? _layout;
    private Backoff _backoff;
    private CacheException? _refusal;
    private long _nextAttempt;

    /// <param name="name">What it is called.</param>
    /// <param name="endPoint">Where it is.</param>
    /// <param name="layout">Its shards; null: not known.</param>
    /// <param name="options">Checked ones.</param>
    public BatchNode(string name, EndPoint endPoint, NodeLayout? layout, FastCacheClientOptions options)
    {
        _options = options;
        _layout = layout;
        _backoff = new(options.MaxReconnectPause);
        Name = name;
        EndPoint = endPoint;
        int shards = layout?.ShardCount ?? 0;
        Lines = [.. Enumerable.Range(layout is null ? AnyShard : 0, Math.Max(shards, 1))
            .Select(shard => new BatchLine(this, new(endPoint, shard, shards), options))];
    }

    public string Name { get; }

    public EndPoint EndPoint { get; }

    public IReadOnlyList<BatchLine> Lines { get; }

    /// <summary>Whether there is a connection to it.</summary>
    public bool IsConnected => Lines.Any(line => line.IsConnected);

    /// <summary>Its shards, if they are others than was thought.</summary>
    public NodeLayout? NewLayout { get; private set; }

    /// <summary>The line of a slot.</summary>
    public BatchLine LineOf(int slot) => Lines[_layout?.ShardOf(slot) ?? 0];

    /// <summary>Takes note of shards that are others than was thought.</summary>
    public void TakeLayout(NodeLayout layout) => NewLayout = layout;

    /// <summary>The same node with its new shards.</summary>
    public BatchNode WithNewLayout() => new(Name, EndPoint, NewLayout, _options);

    /// <summary>Connects one of its lines, or fails what that has.</summary>
    /// <remarks>After an attempt that failed there is a pause before the next, and no shorter than the attempt took: a node
    /// that does not answer takes at most half of a caller's time.</remarks>
    /// <returns>False if an attempt failed.</returns>
    public bool TryConnect(BatchLine line)
    {
        long now = Environment.TickCount64;
        if (_refusal is not null && now < _nextAttempt)
        {
            line.Fail(_refusal);
            return true;
        }

        try
        {
            line.Connect();
            _refusal = null;
            _backoff = new(_options.MaxReconnectPause);
            return true;
        }
        catch (CacheException failure)
        {
            _refusal = new CacheConnectionException($"Node {Name} is not connected: {failure.Message}", false, failure);
            long end = Environment.TickCount64;
            _nextAttempt = end + Math.Max((long)_backoff.Next().TotalMilliseconds, end - now);
            line.Fail(_refusal);
            return false;
        }
    }
}
