using System.Net;
using FastCache.Client.Batches;
using FastCache.Client.Routing;
using FastCache.Protocol;

namespace FastCache.Client;

/// <summary>Requests that are collected, sent together and answered together, over own connections that block: for loops that
/// have many requests at hand, and for load generators.</summary>
/// <remarks>
/// <code>
/// using FastCacheBatch batch = FastCacheBatch.Connect(options);
/// while (...)
/// {
///     batch.Clear();
///     batch.Get(key);            // 0
///     batch.Set(other, value);   // 1
///     batch.Execute();
///     Use(batch[0].Value);
/// }
/// </code>
/// One thread at a time. Requests of one shard are executed in their order, unless slots move between nodes meanwhile; those of
/// different shards in any. Once its buffers have grown to the largest batch nothing is allocated.
/// <para>
/// Of a cluster it speaks with all nodes, and sends a request again that was answered Moved, as docs/client.md describes; what
/// was sent is not repeated otherwise. When a connection is lost the requests on it fail; those of others have their replies,
/// and the next <see cref="Send"/> connects again. The batch stays of use.
/// </para>
/// </remarks>
public sealed class FastCacheBatch : IDisposable
{
    private readonly BatchRoutes _routes;
    private readonly BatchRepeats _repeats;
    private readonly BatchPlaces _places = new();
    private BatchLine[] _lines;
    private BatchLine? _only; // While it has all requests in their order: no place of them is noted.
    private int _countOfOnly;

    private FastCacheBatch(BatchRoutes routes, FastCacheClientOptions options)
    {
        _routes = routes;
        _repeats = new(routes, _places, options.RequestTimeout);
        _lines = routes.Lines;
        _only = routes.Only;
    }

    /// <summary>Requests since <see cref="Clear"/>.</summary>
    public int Count => _only is null ? _places.Count : _countOfOnly;

    /// <summary>The reply to a request, valid until <see cref="Clear"/>.</summary>
    /// <param name="index">What the method returned that added it.</param>
    /// <exception cref="InvalidOperationException">It has no reply yet.</exception>
    /// <exception cref="CacheException">It will have none: <see cref="FailureOf"/>.</exception>
    public Reply this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
            if (_only is BatchLine only)
            {
                return only.ReplyOf(index);
            }

            Place place = _places[index];
            return place.Line != Place.Nowhere ? _lines[place.Line].ReplyOf(place.Number) : throw _places.FailureOf(index)!;
        }
    }

    /// <summary>Connects to every shard of every node of the cluster, or of the one node, that the first of the seeds tells of
    /// that answers. Nodes of a cluster that cannot be connected, but for one, are tried again when requests are for them.</summary>
    /// <param name="options"><see cref="FastCacheClientOptions.Seeds"/>, <see cref="FastCacheClientOptions.ConnectTimeout"/>,
    /// <see cref="FastCacheClientOptions.RequestTimeout"/>, here for each wait for a node and for all repeats together,
    /// <see cref="FastCacheClientOptions.MaxReconnectPause"/>, and <see cref="FastCacheClientOptions.MaxOutstanding"/> and
    /// <see cref="FastCacheClientOptions.MaxSendBytes"/>, here for one batch on one shard, count.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="CacheException">No seed answers as a node, or no node of its cluster can be connected.</exception>
    public static FastCacheBatch Connect(FastCacheClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        List<string> failures = [];
        foreach (EndPoint seed in options.Seeds)
        {
            try
            {
                return new(BatchRoutes.Connect(seed, options), options);
            }
            catch (Exception failure) when (NodeTalk.IsFailure(failure))
            {
                failures.Add($"{seed}: {NodeTalk.ReasonOf(failure)}");
            }
        }

        throw Router.NoSeed(failures);
    }

    /// <summary>Why a request has no reply after <see cref="Receive"/>; null if it has one, or may still get one.</summary>
    /// <param name="index">What the method returned that added it.</param>
    /// <returns>With <see cref="CacheException.MayHaveExecuted"/>. A request that moved too often has a
    /// <see cref="CacheRequestException"/>; other refusals are replies.</returns>
    public CacheException? FailureOf(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        return _only is null ? _places.FailureOf(index) : null;
    }

    /// <summary>Adds a read.</summary>
    /// <returns>Its index.</returns>
    /// <exception cref="ArgumentException">No node takes this key.</exception>
    /// <exception cref="CacheLimitException">The batch is full.</exception>
    public int Get(ReadOnlySpan<byte> key, bool returnVersion = false)
    {
        BatchLine line = LineOf(key, out int slot);
        Span<byte> room = line.Room(FcpLimits.HeaderBytes + key.Length, key.Length);
        return Added(line, slot, line.Add(RequestWriter.Get(room, line.NextId, key, returnVersion), Opcode.Get));
    }

    /// <summary>Adds a set.</summary>
    /// <returns>Its index.</returns>
    /// <exception cref="ArgumentException">No node takes this set, or it is quiet.</exception>
    /// <exception cref="CacheLimitException">The batch is full.</exception>
    public int Set(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, in SetTerms terms = default)
    {
        if (terms.Quiet)
        {
            throw new ArgumentException("A quiet set has no reply, which the batch waits for.", nameof(terms));
        }

        BatchLine line = LineOf(key, out int slot);
        Span<byte> room = line.Room(FcpLimits.MaxSetOverheadBytes + key.Length + value.Length, key.Length);
        return Added(line, slot, line.Add(RequestWriter.Set(room, line.NextId, key, value, terms), Opcode.Set));
    }

    /// <summary>Adds a delete.</summary>
    /// <returns>Its index.</returns>
    /// <exception cref="ArgumentException">No node takes this key.</exception>
    /// <exception cref="CacheLimitException">The batch is full.</exception>
    public int Delete(ReadOnlySpan<byte> key)
    {
        BatchLine line = LineOf(key, out int slot);
        Span<byte> room = line.Room(FcpLimits.HeaderBytes + key.Length, key.Length);
        return Added(line, slot, line.Add(RequestWriter.Delete(room, line.NextId, key), Opcode.Delete));
    }

    /// <summary>Sends everything and waits for all replies: <see cref="Send"/> and <see cref="Receive"/>.</summary>
    /// <exception cref="CacheException">As from <see cref="Receive"/>.</exception>
    public void Execute()
    {
        Send();
        Receive();
    }

    /// <summary>Sends as much as can be sent before replies are received: a thread with several batches sends them all before
    /// it waits for the first. Connects first where a connection was lost. What fails is told by <see cref="Receive"/>.</summary>
    public void Send()
    {
        bool isEachConnected = true;
        foreach (BatchLine line in _lines)
        {
            isEachConnected &= line.TrySendPart();
        }

        if (!isEachConnected)
        {
            ConnectAndSend();
        }
    }

    /// <summary>Waits for all replies. A request that a node refuses has its refusal as its reply.</summary>
    /// <exception cref="CacheException">Some requests have no reply, after all others have theirs: the reason of one of them;
    /// <see cref="FailureOf"/> has each one's.</exception>
    public void Receive()
    {
        if (TryReceive())
        {
            return;
        }

        NotePlaces();
        _repeats.Begin();
        CacheException? failure = null;
        do
        {
            CacheException? another = _repeats.Settle();
            failure ??= another;
            _lines = _routes.Lines;
            Send();
        }
        while (!TryReceive());

        if (failure is not null)
        {
            throw failure;
        }
    }

    /// <summary>Forgets all requests and replies.</summary>
    public void Clear()
    {
        _countOfOnly = 0;
        _places.Clear();
        _routes.TryRenew();
        _lines = _routes.Lines;
        _only = _routes.Only;
        foreach (BatchLine line in _lines)
        {
            line.Clear();
        }
    }

    /// <summary>Closes the connections.</summary>
    public void Dispose() => _routes.Dispose();

    /// <summary>Receives what can be, and sends what has to wait for that.</summary>
    /// <returns>Whether each request has a reply that holds.</returns>
    private bool TryReceive()
    {
        while (true)
        {
            bool isDone = true;
            bool isSettled = true;
            foreach (BatchLine line in _lines)
            {
                line.ReceivePart();
                isDone &= line.IsDone;
                isSettled &= !line.IsUnsettled;
            }

            if (isDone)
            {
                return isSettled;
            }

            // All shards work at the same time: each gets its next part before the replies of any are waited for.
            Send();
        }
    }

    private void ConnectAndSend()
    {
        foreach (BatchLine line in _lines)
        {
            // Others have their requests already, and work while this one is connected.
            if (line.TrySendPart())
            {
                continue;
            }

            if (!line.Node.TryConnect(line) && _routes.HasTopology && _routes.TryLearnWithout(line.Node))
            {
                NotePlaces();
                _lines = _routes.Lines;
            }

            line.TrySendPart();
        }
    }

    /// <summary>From here on requests may be elsewhere than on the only line, in their order.</summary>
    private void NotePlaces()
    {
        if (_only is not null)
        {
            for (int i = 0; i < _countOfOnly; i++)
            {
                _places.Add(0, i, 0);
            }

            _only = null;
        }
    }

    private BatchLine LineOf(ReadOnlySpan<byte> key, out int slot)
    {
        if (_only is BatchLine only)
        {
            slot = 0;
            return only;
        }

        slot = KeySlot.Of(key);
        return _lines[_routes.LineOf(slot)];
    }

    private int Added(BatchLine line, int slot, int number)
    {
        if (_only is not null)
        {
            return _countOfOnly++;
        }

        _places.Add(line.Number, number, slot);
        return _places.Count - 1;
    }
}
