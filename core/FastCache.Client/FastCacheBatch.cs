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
/// One thread at a time. Requests of one shard are executed in their order; those of different shards in any. Once its
/// buffers have grown to the largest batch nothing is allocated. After an exception from <see cref="Send"/> or
/// <see cref="Receive"/> the batch is of no use any more: any of its requests may have been executed. It never connects again, and repeats nothing.
/// </remarks>
public sealed class FastCacheBatch : IDisposable
{
    private readonly NodeLayout _layout;
    private readonly BatchLine[] _lines;
    private Place[] _places = new Place[128];

    private FastCacheBatch(NodeLayout layout, BatchLine[] lines)
    {
        _layout = layout;
        _lines = lines;
    }

    /// <summary>Requests since <see cref="Clear"/>.</summary>
    public int Count { get; private set; }

    /// <summary>The reply to a request, valid until <see cref="Clear"/>.</summary>
    /// <param name="index">What the method returned that added it.</param>
    /// <exception cref="InvalidOperationException">It has no reply yet.</exception>
    public Reply this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
            return _lines.Length == 1 ? _lines[0].ReplyOf(index) : _lines[_places[index].Line].ReplyOf(_places[index].Number);
        }
    }

    /// <summary>Connects to every shard of the node at the first of the seeds that answers. Of a cluster, keys of other nodes have
    /// <see cref="Status.Moved"/> as their reply.</summary>
    /// <param name="options"><see cref="FastCacheClientOptions.Seeds"/>, <see cref="FastCacheClientOptions.ConnectTimeout"/>,
    /// <see cref="FastCacheClientOptions.RequestTimeout"/>, here for each wait for the node, and
    /// <see cref="FastCacheClientOptions.MaxOutstanding"/> and <see cref="FastCacheClientOptions.MaxSendBytes"/>, here for
    /// one batch on one shard, count.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="CacheException">No seed answers as a node.</exception>
    public static FastCacheBatch Connect(FastCacheClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        List<string> failures = [];
        foreach (EndPoint seed in options.Seeds)
        {
            try
            {
                return Connect(seed, options);
            }
            catch (CacheException failure)
            {
                failures.Add($"{seed}: {failure.Message}");
            }
        }

        throw Router.NoSeed(failures);
    }

    /// <summary>Adds a read.</summary>
    /// <returns>Its index.</returns>
    /// <exception cref="ArgumentException">No node takes this key.</exception>
    /// <exception cref="CacheLimitException">The batch is full.</exception>
    public int Get(ReadOnlySpan<byte> key, bool returnVersion = false)
    {
        BatchLine line = LineOf(key, out int at);
        Span<byte> room = line.Room(FcpLimits.HeaderBytes + key.Length, key.Length);
        return Added(at, line.Add(RequestWriter.Get(room, line.NextId, key, returnVersion), Opcode.Get));
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

        BatchLine line = LineOf(key, out int at);
        Span<byte> room = line.Room(FcpLimits.MaxSetOverheadBytes + key.Length + value.Length, key.Length);
        return Added(at, line.Add(RequestWriter.Set(room, line.NextId, key, value, terms), Opcode.Set));
    }

    /// <summary>Adds a delete.</summary>
    /// <returns>Its index.</returns>
    /// <exception cref="ArgumentException">No node takes this key.</exception>
    /// <exception cref="CacheLimitException">The batch is full.</exception>
    public int Delete(ReadOnlySpan<byte> key)
    {
        BatchLine line = LineOf(key, out int at);
        Span<byte> room = line.Room(FcpLimits.HeaderBytes + key.Length, key.Length);
        return Added(at, line.Add(RequestWriter.Delete(room, line.NextId, key), Opcode.Delete));
    }

    /// <summary>Sends everything and waits for all replies: <see cref="Send"/> and <see cref="Receive"/>.</summary>
    /// <exception cref="CacheConnectionException">The connection was lost, or ended by the node.</exception>
    /// <exception cref="CacheTimeoutException">The node did not answer in time.</exception>
    public void Execute()
    {
        Send();
        Receive();
    }

    /// <summary>Sends as much as can be sent before replies are received: a thread with several batches sends them all before
    /// it waits for the first.</summary>
    /// <exception cref="CacheConnectionException">The connection was lost.</exception>
    /// <exception cref="CacheTimeoutException">The node did not take it in time.</exception>
    public void Send()
    {
        foreach (BatchLine line in _lines)
        {
            line.SendPart();
        }
    }

    /// <summary>Waits for all replies. A request that the node refuses has its refusal as its reply.</summary>
    /// <exception cref="CacheConnectionException">The connection was lost, or ended by the node.</exception>
    /// <exception cref="CacheTimeoutException">The node did not answer in time.</exception>
    public void Receive()
    {
        while (true)
        {
            bool isDone = true;
            foreach (BatchLine line in _lines)
            {
                line.ReceivePart();
                isDone &= line.IsDone;
            }

            if (isDone)
            {
                return;
            }

            // All shards work at the same time: each gets its next part before the replies of any are waited for.
            Send();
        }
    }

    /// <summary>Forgets all requests and replies.</summary>
    public void Clear()
    {
        Count = 0;
        foreach (BatchLine line in _lines)
        {
            line.Clear();
        }
    }

    /// <summary>Closes the connections.</summary>
    public void Dispose()
    {
        foreach (BatchLine line in _lines)
        {
            line.Dispose();
        }
    }

    private static FastCacheBatch Connect(EndPoint seed, FastCacheClientOptions options)
    {
        List<BatchLine> lines = [new(new(seed, 0, 1), 0, options)];
        try
        {
            NodeLayout layout = lines[0].AskLayout();
            lines[0].Dispose();
            lines.Clear();
            for (int shard = 0; shard < layout.ShardCount; shard++)
            {
                lines.Add(new(new(seed, shard, layout.ShardCount), shard + 1, options));
            }

            return new(layout, [.. lines]);
        }
        catch
        {
            lines.ForEach(line => line.Dispose());
            throw;
        }
    }

    private BatchLine LineOf(ReadOnlySpan<byte> key, out int at)
    {
        at = _lines.Length == 1 ? 0 : _layout.ShardOf(KeySlot.Of(key));
        return _lines[at];
    }

    private int Added(int line, int number)
    {
        if (_lines.Length > 1)
        {
            if (Count == _places.Length)
            {
                Array.Resize(ref _places, 2 * Count);
            }

            _places[Count] = new((ushort)line, number);
        }

        return Count++;
    }

    private readonly record struct Place(ushort Line, int Number);
}
