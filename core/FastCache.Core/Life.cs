using FastCache.Core.Items;

namespace FastCache.Core;

/// <summary>How long an item lives, as it stands in the item: times of the shard's clock.</summary>
/// <param name="Expiry">When it expires; 0: never.</param>
/// <param name="Kind"><see cref="Item.Sliding"/> and <see cref="Item.KeepStale"/>, or 0.</param>
/// <param name="PeriodMillis">For a sliding life.</param>
/// <param name="LatestExpiry">For a sliding life; 0: no limit.</param>
internal readonly unsafe record struct Life(ulong Expiry, uint Kind, ulong PeriodMillis, ulong LatestExpiry)
{
    /// <summary>The life that a write asks for.</summary>
    public static Life From(in SetOptions options, ulong now)
    {
        uint kind = options.KeepStale ? Item.KeepStale : 0;
        if (!options.Sliding || options.TimeToLiveMillis == 0)
        {
            return new Life(After(now, options.TimeToLiveMillis), kind, 0, 0);
        }

        ulong latest = After(now, options.SlidingLimitMillis);
        return new Life(Renewed(now, options.TimeToLiveMillis, latest), kind | Item.Sliding, options.TimeToLiveMillis, latest);
    }

    /// <summary>The life that an item has.</summary>
    public static Life Of(Item* item)
    {
        uint kind = item->Kind & (Item.Sliding | Item.KeepStale);
        return (kind & Item.Sliding) == 0
            ? new Life(item->Expiry, kind, 0, 0)
            : new Life(item->Expiry, kind, Item.Trailer(item)->PeriodMillis, Item.Trailer(item)->LatestExpiry);
    }

    /// <summary>The expiry so many milliseconds from now; 0 for 0, and the latest that an item can hold for anything beyond.</summary>
    public static ulong After(ulong now, ulong millis) =>
        millis == 0 ? 0 : Math.Min(now + Math.Min(millis, Item.ExpiryMask), Item.ExpiryMask);

    /// <summary>Whether an item that expires at <paramref name="current"/> may be made to expire at <paramref name="wanted"/>.</summary>
    public static bool Permits(LifeCondition condition, ulong current, ulong wanted) => condition switch
    {
        LifeCondition.IfEndless => current == 0,
        LifeCondition.IfLimited => current != 0,
        // 0 is never: less one it is the latest time there is.
        LifeCondition.IfLater => wanted - 1 > current - 1,
        LifeCondition.IfSooner => wanted - 1 < current - 1,
        _ => true,
    };

    /// <summary>The expiry that a hit gives to a sliding item.</summary>
    /// <remarks>A period of 0, which a touch may give, ends at the limit too: never is later than any.</remarks>
    public static ulong Renewed(ulong now, ulong periodMillis, ulong latestExpiry)
    {
        ulong expiry = After(now, periodMillis);
        return latestExpiry != 0 && (expiry == 0 || expiry > latestExpiry) ? latestExpiry : expiry;
    }
}
