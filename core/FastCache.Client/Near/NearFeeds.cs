using System.Diagnostics.CodeAnalysis;
using FastCache.Client.Connections;

namespace FastCache.Client.Near;

/// <summary>The shards whose changes are told at one time. Never changes.</summary>
internal sealed class NearFeeds
{
    public static readonly NearFeeds None = new([]);

    private readonly Dictionary<ShardAddress, NearFeed> _byAddress;

    public NearFeeds(Dictionary<ShardAddress, NearFeed> byAddress)
    {
        _byAddress = byAddress;
        ByPlace = new ChangeFeed?[byAddress.Values.Select(one => one.Feed.Place + 1).DefaultIfEmpty().Max()];
        foreach (NearFeed one in byAddress.Values)
        {
            ByPlace[one.Feed.Place] = one.Feed;
        }
    }

    public ChangeFeed?[] ByPlace { get; }

    public IReadOnlyCollection<KeyValuePair<ShardAddress, NearFeed>> All => _byAddress;

    public bool TryGet(ShardAddress address, [NotNullWhen(true)] out NearFeed? feed) => _byAddress.TryGetValue(address, out feed);

    /// <summary>The lowest place that nobody has and that is not among some others.</summary>
    public int FreePlace(ICollection<int> others) =>
        Enumerable.Range(0, ChangeFeed.MaxPlaces).First(place => (place >= ByPlace.Length || ByPlace[place] is null) && !others.Contains(place));
}

/// <summary>One shard's feed and who brings it.</summary>
internal sealed record NearFeed(ChangeFeed Feed, IAsyncDisposable Source);
