using System.Runtime.CompilerServices;
using FastCache.Core.Items;

namespace FastCache.Core;

/// <summary>How long an item lives, as it stands in the item, and what its client keeps with it: times of the shard's clock.</summary>
/// <param name="Expiry">When it expires; 0: never.</param>
/// <param name="Kind"><see cref="Item.Sliding"/>, <see cref="Item.KeepStale"/>, <see cref="Item.Flagged"/> and <see cref="Item.HasUnique"/>, or 0.</param>
/// <param name="PeriodMillis">For a sliding life.</param>
/// <param name="LatestExpiry">For a sliding life; 0: no limit.</param>
/// <param name="ClientFlags">For a flagged item.</param>
/// <param name="Unique">For an item with a unique of its own.</param>
internal readonly unsafe record struct Life(
    ulong Expiry, uint Kind, ulong PeriodMillis, ulong LatestExpiry, uint ClientFlags, ulong Unique)
{
    /// <summary>The life that a write asks for.</summary>
    public static Life From(in SetOptions options, ulong now)
    {
        uint kind = (options.KeepStale && options.Unique == 0 ? Item.KeepStale : 0) | (options.ClientFlags != 0 ? Item.Flagged : 0)
            | (options.Unique != 0 ? Item.HasUnique : 0);
        if (!options.Sliding || options.TimeToLiveMillis == 0)
        {
            return new Life(After(now, options.TimeToLiveMillis), kind, 0, 0, options.ClientFlags, options.Unique);
        }

        ulong latest = After(now, options.SlidingLimitMillis);
        return new Life(Renewed(now, options.TimeToLiveMillis, latest), kind | Item.Sliding, options.TimeToLiveMillis, latest,
            options.ClientFlags, options.Unique);
    }

    /// <summary>The life that an item has, for a value that takes its place: a unique of its own is the old value's alone.</summary>
    public static Life Of(Item* item)
    {
        uint kind = item->Kind & (Item.Sliding | Item.KeepStale | Item.Flagged);
        uint flags = (kind & Item.Flagged) != 0 ? Unsafe.ReadUnaligned<uint>(Item.ClientFlags(item)) : 0;
        return (kind & Item.Sliding) == 0
            ? new Life(item->Expiry, kind, 0, 0, flags, 0)
            : new Life(item->Expiry, kind, Item.Trailer(item)->PeriodMillis, Item.Trailer(item)->LatestExpiry, flags, 0);
    }

    /// <summary>The same with other client flags.</summary>
    public Life With(uint clientFlags) => this with
    {
        Kind = (Kind & ~Item.Flagged) | (clientFlags != 0 ? Item.Flagged : 0),
        ClientFlags = clientFlags,
    };

    /// <summary>The same with a unique; 0: none.</summary>
    /// <remarks>
    /// What has one is not kept when its life is over: a unique of a stale item is one that it was given when it was made so, which
    /// whoever is to write it anew may know.
    /// </remarks>
    public Life WithUnique(ulong unique) => this with
    {
        Kind = unique != 0 ? (Kind & ~Item.KeepStale) | Item.HasUnique : Kind & ~Item.HasUnique,
        Unique = unique,
    };

    /// <summary>Writes what stands behind the value of an item of this life's kind.</summary>
    public void WriteTrailers(Item* item)
    {
        if ((Kind & Item.Sliding) != 0)
        {
            *Item.Trailer(item) = new SlidingTrailer { PeriodMillis = PeriodMillis, LatestExpiry = LatestExpiry };
        }

        if ((Kind & Item.Flagged) != 0)
        {
            Unsafe.WriteUnaligned(Item.ClientFlags(item), ClientFlags);
        }

        if ((Kind & Item.HasUnique) != 0)
        {
            Unsafe.WriteUnaligned(Item.Unique(item), Unique);
        }
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
