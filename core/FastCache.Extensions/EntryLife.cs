using FastCache.Protocol;
using Microsoft.Extensions.Caching.Distributed;

namespace FastCache.Extensions;

/// <summary>Expirations of a distributed cache as terms of a set.</summary>
internal static class EntryLife
{
    /// <param name="options">What the application asks for. Of two absolute expirations the one relative to now counts.</param>
    /// <param name="now">When.</param>
    /// <exception cref="ArgumentOutOfRangeException">The absolute expiration has passed.</exception>
    public static SetTerms TermsOf(DistributedCacheEntryOptions options, DateTimeOffset now)
    {
        TimeSpan? absolute = options.AbsoluteExpirationRelativeToNow ?? (options.AbsoluteExpiration - now);
        if (absolute <= TimeSpan.Zero)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options),
                options.AbsoluteExpiration,
                $"{nameof(options.AbsoluteExpiration)} must be later than now, {now:O}.");
        }

        if (options.SlidingExpiration is not TimeSpan sliding || sliding >= absolute)
        {
            return new(absolute is TimeSpan life ? Millis(life) : 0);
        }

        return new(Millis(sliding))
        {
            Sliding = true,
            SlidingLimitMillis = absolute is TimeSpan limit ? Millis(limit) : 0,
        };
    }

    /// <summary>Never less than asked for, and about 17 years where that is more.</summary>
    internal static ulong Millis(TimeSpan life) =>
        Math.Min((ulong)Math.Ceiling(life.TotalMilliseconds), FcpLimits.MaxTimeToLiveMillis);
}
