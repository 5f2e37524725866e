using System.Globalization;
using System.Text;
using System.Threading.Tasks.Sources;
using FastCache.Client.Connections;
using FastCache.Client.Filling;
using FastCache.Client.Near;
using FastCache.Client.Operations;
using FastCache.Client.Routing;
using FastCache.Client.Scanning;
using FastCache.Client.Streams;
using FastCache.Client.Telemetry;
using FastCache.Cluster;
using FastCache.Protocol;

namespace FastCache.Client;

/// <summary>The nodes of a FastCache cluster, or a single one, as one dictionary: every request goes straight to the shard that
/// has its key, and everybody's requests share one connection to each shard.</summary>
/// <remarks>
/// For any number of threads and tasks at once; one client for a process is enough. Keys have 1 to 250 bytes and are, like
/// values, needed by a call only until it returns its ValueTask, which is to be awaited once. All requests
/// throw, when awaited, <see cref="CacheConnectionException"/>, <see cref="CacheTimeoutException"/>,
/// <see cref="CacheLimitException"/>, <see cref="CacheRequestException"/> or, when their token is cancelled,
/// <see cref="OperationCanceledException"/>; a request that no node takes throws <see cref="ArgumentException"/> at once. A
/// cancelled request may have been executed. docs/client.md says what is guaranteed.
/// </remarks>
public sealed class FastCacheClient : IFillNode, IObservedClient, IAsyncDisposable
{
    private readonly Router _router;
    private readonly NearCache? _near;
    private readonly Filler _filler;
    private readonly StreamLines _streams;

    private FastCacheClient(Router router, NearCache? near)
    {
        _router = router;
        _near = near;
        _streams = new(router);
        _filler = new(this, router.Options.MaxBackgroundFills, TimeProvider.System, router.Telemetry.Log);
        router.Telemetry.Meter.Join(this);
    }

    /// <summary>What the near cache has done so far.</summary>
    public NearCacheStatistics NearCacheStatistics => _near?.Statistics() ?? default;

    /// <summary>What this client has had to do with copies so far.</summary>
    public ReplicaStatistics ReplicaStatistics => _router.Copies?.Statistics() ?? default;

    /// <summary>Who has which slots, as this client knows it now; null: one node has all of them.</summary>
    public ClusterTopology? Topology => _router.Routes.Topology;

    /// <summary>The nodes as they are now: those of the topology in its order, or the one node.</summary>
    public IReadOnlyList<CacheNode> Nodes => [.. _router.Routes.Nodes.Select(node => node.Snapshot())];

    /// <summary>Learns from the first seed that answers which nodes there are, and connects to every shard of each. Nodes of a
    /// cluster that cannot be connected, but for one, are tried again in the background.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="CacheException">No seed answers as a node, or no node of its cluster can be connected.</exception>
    /// <exception cref="InsufficientMemoryException">The operating system refuses the near cache's memory.</exception>
    public static async Task<FastCacheClient> ConnectAsync(
        FastCacheClientOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        ClientTelemetry telemetry = ClientTelemetry.Of(options);
        NearCache? near = null;
        try
        {
            near = options.NearCacheBytes == 0
                ? null
                : new(options, (address, feed) => new TrackingConnection(address, feed, options, telemetry.Log));
            return new(await Router.ConnectAsync(options, near, telemetry, cancellationToken).ConfigureAwait(false), near);
        }
        catch
        {
            await DisposeAsync(near).ConfigureAwait(false);
            telemetry.Meter.End();
            throw;
        }
    }

    /// <summary>Reads a value.</summary>
    /// <returns>The value in a pooled buffer, to be disposed.</returns>
    public ValueTask<CacheValue> GetAsync(ReadOnlySpan<byte> key, CancellationToken cancellationToken = default) =>
        _near is not null && !cancellationToken.IsCancellationRequested
            && _near.TryGet(key, Environment.TickCount64, out CacheValue value)
            ? new(value)
            : Ask<GetRequest, CacheValue>(new GetRequest(key), cancellationToken);

    /// <summary>Reads a value into the caller's buffer, which is written to only while the result is taken, never after
    /// a cancellation or time-out.</summary>
    public ValueTask<CopiedValue> GetAsync(
        ReadOnlySpan<byte> key, Memory<byte> destination, CancellationToken cancellationToken = default) =>
        _near is not null && !cancellationToken.IsCancellationRequested
            && _near.TryGet(key, destination.Span, Environment.TickCount64, out CopiedValue copied)
            ? new(copied)
            : Ask<GetRequest, CopiedValue>(new GetRequest(key), cancellationToken, destination);

    /// <summary>Reads a part of a value, also of one that is too large for <see cref="GetAsync(ReadOnlySpan{byte},
    /// CancellationToken)"/>.</summary>
    /// <param name="key">The key.</param>
    /// <param name="start">Where to begin; behind the value's end is <see cref="Status.RangeOutOfValue"/>.</param>
    /// <param name="length">How many bytes; 0: to its end. Fewer come if the value is shorter, or the node's largest
    /// value is: <see cref="CacheValue.TotalLength"/> tells what is left.</param>
    /// <param name="cancellationToken">Releases the caller.</param>
    public ValueTask<CacheValue> GetRangeAsync(
        ReadOnlySpan<byte> key, ulong start, uint length = 0, CancellationToken cancellationToken = default) =>
        Ask<GetRangeRequest, CacheValue>(new GetRangeRequest(key, start, length), cancellationToken);

    /// <summary>Uses an item where it is kept, whatever <see cref="FastCacheClientOptions.ReadFrom"/> says, so that its sliding life
    /// begins anew.</summary>
    /// <returns>Its first byte, if it has any, to be disposed.</returns>
    internal ValueTask<CacheValue> RenewAsync(ReadOnlySpan<byte> key, CancellationToken cancellationToken = default) =>
        Ask<RenewRequest, CacheValue>(new RenewRequest(key), cancellationToken);

    /// <summary>Stores a value.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">At most the node's largest value, 1 MiB unless it was told otherwise.</param>
    /// <param name="terms">Life and conditions; <see cref="SetTerms.Quiet"/> is not for this client, which needs the
    /// reply.</param>
    /// <param name="cancellationToken">Releases the caller.</param>
    public ValueTask<WriteResult> SetAsync(
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> value,
        in SetTerms terms = default,
        CancellationToken cancellationToken = default) => terms.Quiet
        ? throw new ArgumentException("A quiet set has no reply, which this client waits for.", nameof(terms))
        : Ask<SetRequest, WriteResult>(new SetRequest(key, value, terms), cancellationToken);

    /// <summary>Stores a value of any size that the node takes, from a stream.</summary>
    /// <param name="key">The key, needed until the end.</param>
    /// <param name="value">Where the bytes are, from its position on. It is not closed.</param>
    /// <param name="length">How many of them; null: to its end. If it cannot tell where that is, all is read into memory first, at most
    /// <see cref="FastCacheClientOptions.MaxSpoolBytes"/>.</param>
    /// <param name="terms">Life and conditions; <see cref="SetTerms.Quiet"/> is not for this client.</param>
    /// <param name="cancellationToken">Gives it up; the key has what it had, unless the last byte was sent already.</param>
    /// <returns>How it ended. Until then, and if it fails, the key has what it had.</returns>
    /// <exception cref="EndOfStreamException">The stream has fewer bytes than were told; nothing was stored.</exception>
    public Task<WriteResult> SetStreamAsync(
        ReadOnlyMemory<byte> key,
        Stream value,
        long? length = null,
        SetTerms terms = default,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(value);
        ArgumentOutOfRangeException.ThrowIfNegative(length ?? 0, nameof(length));
        if (terms.Quiet || key.Length is 0 or > FcpLimits.MaxKeyBytes)
        {
            throw terms.Quiet
                ? new ArgumentException("A quiet set has no reply, which this client waits for.", nameof(terms))
                : new ArgumentException($"The key has {key.Length} bytes; allowed are 1 to {FcpLimits.MaxKeyBytes}.", nameof(key));
        }

        return ValueUpload.RunAsync(_streams, _near, key, value, length, terms, cancellationToken);
    }

    /// <summary>Reads a value of any size, as a stream to be disposed.</summary>
    /// <param name="key">The key, needed until the end.</param>
    /// <param name="cancellationToken">Gives it up before there is a stream; each read has its own.</param>
    /// <returns>Null if the key is not there.</returns>
    public async Task<CacheValueStream?> GetStreamAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken = default)
    {
        // Most values are in the first reply, on the connection that all share.
        CacheValue first = await GetRangeAsync(key.Span, 0, FcpLimits.MaxPieceBytes, cancellationToken).ConfigureAwait(false);
        if (!first.IsFound || first.TotalLength == (ulong)first.Memory.Length)
        {
            return first.IsFound ? new(first) : null;
        }

        first.Dispose();
        return await _streams.ReadAsync(key, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Deletes a key.</summary>
    /// <returns>Whether it was there.</returns>
    public ValueTask<bool> DeleteAsync(ReadOnlySpan<byte> key, CancellationToken cancellationToken = default) =>
        Ask<DeleteRequest, bool>(new DeleteRequest(key, null), cancellationToken);

    /// <summary>Deletes a key if its item has a version.</summary>
    public ValueTask<WriteResult> DeleteIfVersionAsync(
        ReadOnlySpan<byte> key, ulong version, CancellationToken cancellationToken = default) =>
        Ask<DeleteRequest, WriteResult>(new DeleteRequest(key, version), cancellationToken);

    /// <summary>Gives an item another life.</summary>
    /// <param name="key">The key.</param>
    /// <param name="timeToLiveMillis">From now; 0: it does not expire.</param>
    /// <param name="cancellationToken">Releases the caller.</param>
    /// <returns>Whether it was there.</returns>
    public ValueTask<bool> TouchAsync(
        ReadOnlySpan<byte> key, ulong timeToLiveMillis, CancellationToken cancellationToken = default) =>
        Ask<TouchRequest, bool>(new TouchRequest(key, timeToLiveMillis), cancellationToken);

    /// <summary>Adds to a counter.</summary>
    public ValueTask<CountResult> IncrementAsync(
        ReadOnlySpan<byte> key, ulong amount = 1, in CountTerms terms = default, CancellationToken cancellationToken = default) =>
        Ask<CountRequest, CountResult>(new CountRequest(key, amount, terms, subtract: false), cancellationToken);

    /// <summary>Subtracts from a counter.</summary>
    public ValueTask<CountResult> DecrementAsync(
        ReadOnlySpan<byte> key, ulong amount = 1, in CountTerms terms = default, CancellationToken cancellationToken = default) =>
        Ask<CountRequest, CountResult>(new CountRequest(key, amount, terms, subtract: true), cancellationToken);

    /// <summary>Puts bytes behind a value, which may then have at most 256 KiB.</summary>
    public ValueTask<WriteResult> AppendAsync(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> piece, CancellationToken cancellationToken = default) =>
        Ask<AppendRequest, WriteResult>(new AppendRequest(key, piece), cancellationToken);

    /// <summary>Puts bytes before a value, which may then have at most 256 KiB.</summary>
    public ValueTask<WriteResult> PrependAsync(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> piece, CancellationToken cancellationToken = default) =>
        Ask<PrependRequest, WriteResult>(new PrependRequest(key, piece), cancellationToken);

    /// <summary>Reads a value, or is granted the right to fill the key: by a set with <see cref="SetTerms.LeaseToken"/>.</summary>
    /// <param name="key">The key.</param>
    /// <param name="leaseMillis">How long a grant lasts, 1 to 3,600,000.</param>
    /// <param name="cancellationToken">Releases the caller.</param>
    public ValueTask<LeasedValue> LeaseGetAsync(
        ReadOnlySpan<byte> key, uint leaseMillis, CancellationToken cancellationToken = default) =>
        Ask<LeaseGetRequest, LeasedValue>(new LeaseGetRequest(key, leaseMillis), cancellationToken);

    /// <summary>Gives a grant back unused, so that another caller is granted it at once.</summary>
    /// <returns>Whether it had not ended before.</returns>
    public ValueTask<bool> LeaseReleaseAsync(
        ReadOnlySpan<byte> key, ulong token, CancellationToken cancellationToken = default) =>
        Ask<LeaseReleaseRequest, bool>(new LeaseReleaseRequest(key, token), cancellationToken);

    /// <summary>Makes a value stale: absent for all but <see cref="LeaseGetAsync"/>.</summary>
    /// <returns>Whether it was there.</returns>
    public ValueTask<bool> MakeStaleAsync(ReadOnlySpan<byte> key, CancellationToken cancellationToken = default) =>
        Ask<MakeStaleRequest, bool>(new MakeStaleRequest(key), cancellationToken);

    /// <summary>Reads a value, and sees to it that a missing one is fetched once: for all callers of this process, and by one
    /// process at a time. The section "Stampedes" of docs/client.md says what is guaranteed.</summary>
    /// <param name="key">The key.</param>
    /// <param name="state">What the source needs.</param>
    /// <param name="source">Fetches the value. Its exceptions reach all callers that waited for it.</param>
    /// <param name="options">How to fill; null: values do not expire and are never stale.</param>
    /// <param name="cancellationToken">Releases the caller; the source goes on for the others, if there are any.</param>
    /// <returns>The value, to be disposed.</returns>
    public ValueTask<FilledValue> GetOrFillAsync<TState>(
        ReadOnlySpan<byte> key,
        TState state,
        FillSource<TState> source,
        FillOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        FillOptions given = options ?? FillOptions.Default;
        return _filler.GetAsync(key, new FillOrder<TState>(default, state, source, given, given.AcceptStale), cancellationToken);
    }

    /// <summary>What fills have come to so far.</summary>
    public FillCounts FillCounts => _filler.Counters.Read();

    internal Filler Filler => _filler;

    bool IObservedClient.HasNearCache => _near is not null;

    bool IObservedClient.HasCopies => _router.Copies is not null;

    /// <summary>Reads many values, from all shards at once.</summary>
    /// <param name="keys">The keys.</param>
    /// <param name="values">At least as long; takes the value of each key, to be disposed one by one.</param>
    /// <param name="cancellationToken">Releases the caller.</param>
    /// <returns>How many keys were there. If one fails all fail, with the first reason, and no value is left to dispose.</returns>
    public ValueTask<int> GetManyAsync(
        ReadOnlyMemory<ReadOnlyMemory<byte>> keys, Memory<CacheValue> values, CancellationToken cancellationToken = default)
    {
        CheckRoom(keys.Length, values.Length, nameof(values));
        return ManyKeys.RunAsync(
            keys.Length,
            i => GetAsync(keys.Span[i].Span, cancellationToken),
            (i, value) => values.Span[i] = value,
            static value => value.IsFound);
    }

    /// <summary>Stores many values, in all shards at once: each by itself, not all or none.</summary>
    /// <param name="entries">Keys and values.</param>
    /// <param name="terms">Life and conditions of each.</param>
    /// <param name="results">Empty, or at least as long: takes how each one ended.</param>
    /// <param name="cancellationToken">Releases the caller.</param>
    /// <returns>How many were done. If one fails the call fails with the first reason, and the others may have been
    /// done.</returns>
    public ValueTask<int> SetManyAsync(
        ReadOnlyMemory<CacheEntry> entries,
        SetTerms terms = default,
        Memory<WriteResult> results = default,
        CancellationToken cancellationToken = default)
    {
        CheckRoom(entries.Length, results.IsEmpty ? entries.Length : results.Length, nameof(results));
        return ManyKeys.RunAsync(
            entries.Length,
            i => SetAsync(entries.Span[i].Key.Span, entries.Span[i].Value.Span, terms, cancellationToken),
            (i, result) =>
            {
                if (!results.IsEmpty)
                {
                    results.Span[i] = result;
                }
            },
            static result => result.IsDone);
    }

    /// <summary>The keys of all nodes, each an array of its own, in no order, asked for in pages as they are wanted.</summary>
    /// <param name="prefix">What the keys begin with, 0 to 250 bytes; needed until the end.</param>
    /// <param name="cancellationToken">Releases the caller.</param>
    /// <returns>Every key that is there from the first page to the last and whose slot keeps its primary; keys that come or go
    /// meanwhile may be told or not, and any may be told twice. The section "Scanning" of docs/client.md says what else holds.</returns>
    /// <exception cref="ArgumentException">The prefix is longer than a key can be.</exception>
    public IAsyncEnumerable<byte[]> ScanAsync(ReadOnlyMemory<byte> prefix = default, CancellationToken cancellationToken = default)
    {
        if (prefix.Length > FcpLimits.MaxKeyBytes)
        {
            throw new ArgumentException($"The prefix has {prefix.Length} bytes; keys have at most {FcpLimits.MaxKeyBytes}.", nameof(prefix));
        }

        return new KeyScan(_router, prefix).RunAsync(cancellationToken);
    }

    /// <summary>Waits until a node, one that is connected if there is any, has answered an empty request.</summary>
    public ValueTask PingAsync(CancellationToken cancellationToken = default) => PingAsync(null, cancellationToken);

    /// <summary>Waits until a node has answered an empty request.</summary>
    /// <param name="node">Its name, as <see cref="Nodes"/> has it; null: any node.</param>
    /// <param name="cancellationToken">Releases the caller.</param>
    /// <exception cref="ArgumentException">There is no such node.</exception>
    public ValueTask PingAsync(string? node, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellationToken);
        }

        Operation operation = _router.Begin(new PingRequest(), node, cancellationToken);
        return new(operation, operation.Token);
    }

    /// <summary>The counters of a node, one that is connected if there is any, by name; docs/stats.md lists them.</summary>
    public ValueTask<IReadOnlyDictionary<string, long>> StatsAsync(CancellationToken cancellationToken = default) =>
        StatsAsync(null, cancellationToken);

    /// <summary>The counters of a node by name; docs/stats.md lists them.</summary>
    /// <param name="node">Its name, as <see cref="Nodes"/> has it; null: any node.</param>
    /// <param name="cancellationToken">Releases the caller.</param>
    /// <exception cref="ArgumentException">There is no such node.</exception>
    /// <exception cref="CacheConnectionException">Also if the answer is not what the protocol says.</exception>
    public async ValueTask<IReadOnlyDictionary<string, long>> StatsAsync(
        string? node, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Operation operation = _router.Begin(new StatsRequest(), node, cancellationToken);
        using CacheValue text = await new ValueTask<CacheValue>(operation, operation.Token).ConfigureAwait(false);
        Dictionary<string, long> counters = [];
        foreach (string line in Encoding.UTF8.GetString(text.Span).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space <= 0 || !long.TryParse(line.AsSpan(space + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long counter))
            {
                throw new CacheConnectionException(
                    $"A node breaks the protocol: its counters have a line '{line[..Math.Min(line.Length, 100)]}'; allowed are a name, a space and a number.",
                    mayHaveExecuted: false);
            }

            counters[line[..space]] = counter;
        }

        return counters;
    }

    /// <summary>Closes all connections; requests that are outstanding fail. Fills are stopped first, and have a second to give
    /// their leases back.</summary>
    public async ValueTask DisposeAsync()
    {
        await _filler.Flights.DisposeAsync().ConfigureAwait(false);
        _streams.Dispose();
        await _router.DisposeAsync().ConfigureAwait(false);

        // Before the near cache's memory is gone, of which it is asked.
        _router.Telemetry.Meter.Leave(this);
        await DisposeAsync(_near).ConfigureAwait(false);
        _router.Telemetry.Meter.End();
    }

    private static ValueTask DisposeAsync(NearCache? near) => near?.DisposeAsync() ?? ValueTask.CompletedTask;

    private ValueTask<TResult> Ask<TRequest, TResult>(
        scoped in TRequest request, CancellationToken cancellationToken, Memory<byte> destination = default)
        where TRequest : IRequest, allows ref struct
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<TResult>(cancellationToken);
        }

        if (_near is not null && TRequest.Near != NearEffect.None)
        {
            return AskBesideNear<TRequest, TResult>(_near, request, destination, cancellationToken);
        }

        Operation operation = _router.Begin(request, destination, cancellationToken);
        return new((IValueTaskSource<TResult>)(object)operation, operation.Token);
    }

    /// <summary>Asks for what may be kept near, or changes it; <see cref="NearCache"/> says why in this order.</summary>
    private ValueTask<TResult> AskBesideNear<TRequest, TResult>(
        NearCache near, scoped in TRequest request, Memory<byte> destination, CancellationToken cancellationToken)
        where TRequest : IRequest, allows ref struct
    {
        Operation? operation;
        NearTicket ticket;
        do
        {
            NearFeeds feeds = near.Begin(request.Key, out ticket);
            ShardConnection connection = _router.Of(request, out int slot);
            ticket = near.Complete(ticket, feeds, connection.Address);
            operation = connection.Begin(request, slot, destination, cancellationToken);
        }
        while (operation is null);

        if (TRequest.Near == NearEffect.Changes)
        {
            near.Change(ticket.Hash);
            operation.ChangeNear(near, ticket.Hash);
        }
        else if (ticket.Session != 0)
        {
            operation.KeepNear(near, ticket, request.Key);
        }

        return new((IValueTaskSource<TResult>)(object)operation, operation.Token);
    }

    private static void CheckRoom(int count, int room, string name)
    {
        if (room < count)
        {
            throw new ArgumentException($"{name} has room for {room} of {count}.", name);
        }
    }
}
