using System.Numerics;
using FastCache.Client.Connections;

namespace FastCache.Client.Near;

/// <summary>Values that were read, kept in this process as long as their nodes tell of changes.</summary>
/// <remarks>
/// A request for a value takes a ticket before it is sent: the key's generation and the session of its shard's feed. The
/// value is kept under that ticket, and is worth something as long as both are what they were.
/// <para>
/// No value is served after its change was processed. Say a request took its ticket at time t, and was executed by the node
/// at e &gt; t; the key was changed at c, which was told at p. If c &lt; e the value is not older than the change. If c &gt; e,
/// then c is after t, when the session was on, so it was told in that session, which raises the generation after t, or drops
/// the session, or the session was lost, which ends it: the ticket is void whenever the value arrives, before p or after.
/// Neither number ever has a value again that it had before.
/// </para>
/// <para>
/// Own changes raise the generation when their request stands in the send buffer: what is read behind it on the same
/// connection is the new value, what was read before it has a ticket from before. They raise it again before their caller
/// goes on, for reads on other connections that were executed before the change but began after the first raise.
/// A change that is given up is told by the feed, like those of others, when it is executed.
/// </para>
/// <para>
/// When keys may have moved between shards, all sessions begin anew, after the new ways to the shards are in use. A ticket
/// counts only if no such change was published between its start and the reading of its session: the session of an old
/// way is then one from before the change.
/// </para>
/// </remarks>
internal sealed class NearCache : IAsyncDisposable
{
    /// <summary>Least bytes of a near cache, and of each stripe of it.</summary>
    public const long LeastBytes = 16 << 20;

    /// <summary>Longest value that is kept at most: an entry stands in one chunk of the engine.</summary>
    public const int MostValueBytes = 60 << 10;

    // Environment.TickCount64 may lag behind by as much (on Windows; 1 to 10 ms on Linux).
    private const int ClockMillis = 16;
    private const int StripesPerProcessor = 4;

    private readonly Func<ShardAddress, ChangeFeed, IAsyncDisposable> _follow;
    private readonly KeyGenerations _generations;
    private readonly NearStripe[] _stripes;
    private readonly Lock _lock = new();
    private readonly List<Task> _closing = [];
    private readonly long _trustMillis;
    private readonly long _maxAgeMillis;
    private readonly int _maxValueBytes;
    private volatile NearFeeds _feeds = NearFeeds.None;
    private long _retiredChanges;
    private long _retiredDrops;
    private bool _isClosed;

    /// <param name="options">Checked ones, with the near cache on.</param>
    /// <param name="follow">Begins to feed the changes of a shard; ends when disposed.</param>
    /// <exception cref="InsufficientMemoryException">The operating system refuses the memory.</exception>
    public NearCache(FastCacheClientOptions options, Func<ShardAddress, ChangeFeed, IAsyncDisposable> follow)
    {
        _follow = follow;
        _trustMillis = (long)options.NearCacheMaxStaleness.TotalMilliseconds - ClockMillis;
        _maxAgeMillis = (long)options.NearCacheMaxAge.TotalMilliseconds;
        _maxValueBytes = options.NearCacheMaxValueBytes;
        _generations = new(options.NearCacheBytes);
        uint wanted = BitOperations.RoundUpToPowerOf2((uint)(StripesPerProcessor * Environment.ProcessorCount));
        long possible = options.NearCacheBytes / LeastBytes;
        int stripes = (int)Math.Min(wanted, 1L << BitOperations.Log2((ulong)possible));
        long each = (options.NearCacheBytes - _generations.Bytes) / stripes;
        _stripes = [.. Enumerable.Range(0, stripes).Select(_ => new NearStripe(each))];
    }

    /// <summary>The counters now.</summary>
    public NearCacheStatistics Statistics()
    {
        NearCacheStatistics sum;
        lock (_lock)
        {
            IEnumerable<ChangeFeed> feeds = _feeds.All.Select(one => one.Value.Feed);
            sum = new()
            {
                Invalidations = _retiredChanges + feeds.Sum(feed => feed.Changes),
                Drops = _retiredDrops + feeds.Sum(feed => feed.Drops),
                Shards = _feeds.All.Count,
                TrackedShards = feeds.Count(feed => feed.Session != 0 && Environment.TickCount64 < feed.TrustedUntil),
            };
        }

        return _stripes.Aggregate(sum with { Bytes = _generations.Bytes }, (all, stripe) => stripe.AddTo(all));
    }

    /// <summary>Looks a key up that the node would take.</summary>
    /// <param name="key">Any bytes; what is no key is not found.</param>
    /// <param name="nowMillis">The time, in <see cref="Environment.TickCount64"/>.</param>
    /// <param name="value">The value in a pooled buffer.</param>
    public bool TryGet(ReadOnlySpan<byte> key, long nowMillis, out CacheValue value)
    {
        if (!IsKey(key))
        {
            value = default;
            return false;
        }

        ulong hash = _generations.Hash(key);
        return StripeOf(hash).TryGet(JudgeOf(hash, nowMillis), key, out value);
    }

    /// <summary>Looks a key up and copies its value.</summary>
    public bool TryGet(ReadOnlySpan<byte> key, Span<byte> destination, long nowMillis, out CopiedValue copied)
    {
        if (!IsKey(key))
        {
            copied = default;
            return false;
        }

        ulong hash = _generations.Hash(key);
        return StripeOf(hash).TryGet(JudgeOf(hash, nowMillis), key, destination, out copied);
    }

    /// <summary>The first half of a ticket: before the way to the shard is looked up.</summary>
    /// <returns>What belongs to it, for the second half.</returns>
    public NearFeeds Begin(ReadOnlySpan<byte> key, out NearTicket ticket)
    {
        NearFeeds feeds = _feeds;
        ulong hash = IsKey(key) ? _generations.Hash(key) : 0;
        ticket = new(hash, _generations.Of(hash), 0);
        return feeds;
    }

    /// <summary>The second half: before the request is sent.</summary>
    public NearTicket Complete(in NearTicket ticket, NearFeeds feeds, ShardAddress address)
    {
        long session = feeds.TryGet(address, out NearFeed? feed) ? feed.Feed.Session : 0;
        return ticket with { Session = feeds == _feeds ? session : 0 };
    }

    /// <summary>Keeps a value that was read, if it is short enough and its ticket still good for anything.</summary>
    public void Keep(in NearTicket ticket, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, ulong version, long nowMillis)
    {
        NearEntry entry = new(ticket.Generation, ticket.Session, version, nowMillis);
        NearJudge judge = JudgeOf(ticket.Hash, nowMillis);
        if (value.Length <= _maxValueBytes && judge.IsCurrent(entry, out _))
        {
            StripeOf(ticket.Hash).Keep(judge, key, entry, value);
        }
    }

    /// <summary>The hash by which a key is changed.</summary>
    public ulong Hash(ReadOnlySpan<byte> key) => _generations.Hash(key);

    /// <summary>What is kept of a key is worth nothing any more.</summary>
    public void Change(ulong keyHash) => _generations.Raise(keyHash);

    /// <summary>From now on keys are on these shards, each on any of them. Call it when they are asked already.</summary>
    public void Follow(IEnumerable<ShardAddress> addresses)
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                return;
            }

            NearFeeds old = _feeds;
            Dictionary<ShardAddress, NearFeed> all = [];
            HashSet<int> given = [];
            foreach (ShardAddress address in addresses.Distinct())
            {
                if (!old.TryGet(address, out NearFeed? feed))
                {
                    ChangeFeed changes = new(old.FreePlace(given), _generations, _trustMillis);
                    given.Add(changes.Place);
                    feed = new(changes, _follow(address, changes));
                }

                all.Add(address, feed);
            }

            _feeds = new(all);
            foreach ((ShardAddress address, NearFeed feed) in old.All)
            {
                if (all.ContainsKey(address))
                {
                    feed.Feed.Drop();
                }
                else
                {
                    Retire(feed);
                }
            }

            _closing.RemoveAll(closed => closed.IsCompletedSuccessfully);
        }
    }

    /// <summary>Ends everything and gives the memory back.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _isClosed = true;
            foreach ((_, NearFeed feed) in _feeds.All)
            {
                Retire(feed);
            }

            _feeds = NearFeeds.None;
        }

        await Task.WhenAll(_closing).ConfigureAwait(false);
        foreach (NearStripe stripe in _stripes)
        {
            stripe.Dispose();
        }
    }

    private static bool IsKey(ReadOnlySpan<byte> key) => key.Length is > 0 and <= Core.Shard.MaxKeyBytes;

    private NearStripe StripeOf(ulong hash) => _stripes[(int)(hash >> 32) & (_stripes.Length - 1)];

    private NearJudge JudgeOf(ulong hash, long nowMillis) => new(_feeds.ByPlace, _generations, hash, nowMillis, _maxAgeMillis);

    private void Retire(NearFeed feed)
    {
        feed.Feed.Retire();
        _retiredChanges += feed.Feed.Changes;
        _retiredDrops += feed.Feed.Drops;
        _closing.Add(feed.Source.DisposeAsync().AsTask());
    }
}
