using FastCache.Client.Connections;
using FastCache.Client.Near;

namespace FastCache.Client.Tests.Properties;

/// <summary>The near cache against a model of nodes that keeps everything that ever was: requests, replies, pushes and answers
/// that are late, connections that are lost, keys that move, and others who write.</summary>
public sealed class NearCacheProperties
{
    [Fact]
    public async Task Nothing_is_served_whose_change_was_told_or_is_older_than_allowed()
    {
        int hits = 0;
        for (int seed = 0; seed < 3_000; seed++)
        {
            NearWorld world = new(seed);
            try
            {
                world.Run(2_000);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"The property does not hold for seed {seed}: {failure.Message}", failure);
            }
            finally
            {
                await world.DisposeAsync();
            }

            hits += world.Hits;
        }

        Assert.True(hits > 30_000, $"only {hits} hits: little was tested");
    }
}

/// <summary>One client with a near cache, in a world in which everything happens when the seed says so.</summary>
internal sealed class NearWorld : IAsyncDisposable
{
    private const int Keys = 3;
    private const int Shards = 2;
    private const long MaxStaleness = 100;

    private readonly Random _random;
    private readonly NearCache _near;
    private readonly NearModelShard[] _shards;
    private readonly int _connections;
    private readonly int _maxAge;
    private readonly List<(NearTicket Ticket, int Key, NearModelValue Value)> _unkept = [];
    private readonly List<(NearFeeds Feeds, NearTicket Ticket, int Key, int Shard)> _begun = [];
    private readonly Dictionary<(int Shard, int Key), List<NearOwnWrite>> _writes = [];
    private readonly Dictionary<NearModelValue, long> _keptAt = [];
    private int[] _owners = [0, 1, 0];
    private int[] _followed = [];
    private long _now = 1_000_000;
    private long _version;

    public NearWorld(int seed)
    {
        _random = new(seed);
        _connections = _random.Next(1, 3);
        _maxAge = _random.Next(50, 1_000);
        _shards = [.. Enumerable.Range(0, Shards).Select(i => new NearModelShard(i))];
        _near = new(
            new()
            {
                Seeds = [],
                NearCacheBytes = NearCache.LeastBytes,
                NearCacheMaxStaleness = TimeSpan.FromMilliseconds(MaxStaleness),
                NearCacheMaxAge = TimeSpan.FromMilliseconds(_maxAge),
            },
            (address, feed) => _shards[address.Shard].Connect(feed));
        Follow();
    }

    public int Hits { get; private set; }

    public void Run(int steps)
    {
        for (int step = 0; step < steps; step++)
        {
            _now += _random.Next(200) == 0 ? _random.Next(80) : _random.Next(20) == 0 ? 1 : 0;
            NearModelShard shard = _shards[_random.Next(Shards)];
            int key = _random.Next(Keys);
            switch (_random.Next(1_000))
            {
                case < 250:
                    Get(key);
                    break;
                case < 270:
                    // What another thread does between two lines of the client: it finds its way before keys move, and goes on after.
                    _begun.Add((_near.Begin(Name(key), out NearTicket ticket), ticket, key, _owners[key]));
                    break;
                case < 300 when _begun.Count > 0:
                    GoOn();
                    break;
                case < 320:
                    Write(key);
                    break;
                case < 330:
                    shard.Write(key, ++_version, _now, isDelete: _random.Next(4) == 0);
                    break;
                case < 500:
                    Several(() => shard.Execute(_random, _now));
                    break;
                case < 650:
                    Several(() => TakeReply(shard));
                    break;
                case < 750:
                    Several(Keep);
                    break;
                case < 930:
                    Several(() => shard.HearTracker(_random));
                    break;
                case < 980:
                    shard.Ask(_now);
                    break;
                case < 983:
                    shard.LoseTracker();
                    break;
                case < 990:
                    shard.ForgetPushes();
                    break;
                case < 993 when _owners.SequenceEqual(_followed):
                    _owners = [.. _owners.Select(_ => _random.Next(Shards))];
                    break;
                case < 996:
                    Follow();
                    break;
                default:
                    shard.IsHalted ^= true;
                    break;
            }
        }
    }

    public ValueTask DisposeAsync() => _near.DisposeAsync();

    private static byte[] Name(int key) => [(byte)(key + 1)];

    private void Several(Action action)
    {
        for (int i = _random.Next(8); i >= 0; i--)
        {
            action();
        }
    }

    private void Follow()
    {
        _followed = [.. _owners];
        _near.Follow(_owners.Distinct().Select(shard => NearModelShard.AddressOf(shard)));
    }

    private void Get(int key)
    {
        if (!_near.TryGet(Name(key), _now, out CacheValue found))
        {
            NearFeeds feeds = _near.Begin(Name(key), out NearTicket ticket);
            Send(feeds, ticket, key, _owners[key]);
            return;
        }

        using (found)
        {
            Hits++;
            NearModelValue value = NearModelValue.Read(found.Span);
            Assert.Equal((found.Version, key), ((ulong)value.Version, value.Key));
            Check(value);
        }
    }

    private void Check(NearModelValue value)
    {
        int key = value.Key;
        NearModelShard shard = _shards[value.Shard];
        Assert.True(value.Shard == _owners[key] || value.Shard == _followed[key], "the key is on another shard");
        Assert.True(shard.IsTold, "nobody tells of changes");
        long told = shard.Told(key);
        Assert.True(value.Version >= told, $"served is version {value.Version}, told was {told}");
        long supersededAt = shard.SupersededAt(value);
        Assert.True(supersededAt > _now - MaxStaleness, $"served is what was changed {_now - supersededAt} ms ago");
        Assert.True(_now - _keptAt[value] < _maxAge, $"served is what was kept {_now - _keptAt[value]} ms ago");
        foreach (NearOwnWrite write in _writes.GetValueOrDefault((value.Shard, key), []))
        {
            // On one connection what was only sent counts as well.
            bool counts = write.IsEnded || _connections == 1;
            Assert.True(!counts || value.Version >= write.Version, $"served is version {value.Version}, own is {write.Version}");
        }
    }

    private void GoOn()
    {
        int i = _random.Next(_begun.Count);
        (NearFeeds feeds, NearTicket ticket, int key, int shard) = _begun[i];
        _begun.RemoveAt(i);
        Send(feeds, ticket, key, shard);
    }

    private void Send(NearFeeds feeds, NearTicket ticket, int key, int shard)
    {
        ticket = _near.Complete(ticket, feeds, NearModelShard.AddressOf(shard));
        _shards[shard].Send(_random.Next(_connections), new(key, ticket, null));
    }

    private void Write(int key)
    {
        int shard = _owners[key];
        NearOwnWrite write = new() { Version = long.MaxValue };
        _shards[shard].Send(_random.Next(_connections), new(key, default, write));
        _near.Change(_near.Hash(Name(key)));
        if (!_writes.TryGetValue((shard, key), out List<NearOwnWrite>? writes))
        {
            _writes.Add((shard, key), writes = []);
        }

        writes.Add(write);
        write.Execute = now =>
        {
            write.Version = ++_version;
            _shards[shard].Write(key, write.Version, now, isDelete: false);
        };
    }

    private void TakeReply(NearModelShard shard)
    {
        if (!shard.TryTakeReply(_random, out NearModelRequest? request, out NearModelValue? value))
        {
            return;
        }

        if (request.Write is NearOwnWrite write)
        {
            // One in four callers has given up.
            if (_random.Next(4) != 0)
            {
                _near.Change(_near.Hash(Name(request.Key)));
                write.IsEnded = true;
            }
        }
        else if (value is not null && request.Ticket.Session != 0)
        {
            _unkept.Add((request.Ticket, request.Key, value));
        }
    }

    private void Keep()
    {
        if (_unkept.Count == 0)
        {
            return;
        }

        int i = _random.Next(_unkept.Count);
        (NearTicket ticket, int key, NearModelValue value) = _unkept[i];
        _unkept.RemoveAt(i);
        _near.Keep(ticket, Name(key), value.Bytes(), (ulong)value.Version, _now);
        _keptAt[value] = _now;
    }
}
