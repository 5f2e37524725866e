using FastCache.Protocol;

namespace FastCache.Client;

/// <summary>How <see cref="FastCacheClient.GetOrFillAsync"/> fills a key that is missing. Made once and used for many calls.</summary>
/// <remarks>What is out of range is refused when it is set, and named with what is allowed.</remarks>
public sealed record FillOptions
{
    private static readonly TimeSpan LongestLife = TimeSpan.FromMilliseconds(FcpLimits.MaxTimeToLiveMillis);
    private static readonly TimeSpan LongestTime = TimeSpan.FromMilliseconds(FcpLimits.MaxLeaseMillis);

    internal static FillOptions Default { get; } = new();

    /// <summary>How long a value lives whose source does not say so, 1 ms to 2^39 ms; 0: it does not expire.</summary>
    public TimeSpan TimeToLive
    {
        get;
        init => field = value == TimeSpan.Zero ? value : Within(nameof(TimeToLive), value, LongestLife);
    }

    /// <summary>How long the node remembers that the source has nothing, 1 ms to 2^39 ms; 0: it does not, and then each
    /// process asks for itself. What is remembered stands under the key, as <see cref="AbsenceMarker"/> draws it.</summary>
    public TimeSpan NegativeTimeToLive
    {
        get;
        init => field = value == TimeSpan.Zero ? value : Within(nameof(NegativeTimeToLive), value, LongestLife);
    }

    /// <summary>How long one caller has the right to fill the key, 1 ms to 1 h. A value that the source has only later is given
    /// to its callers and not stored.</summary>
    public TimeSpan LeaseTime
    {
        get;
        init => field = Within(nameof(LeaseTime), value, LongestTime);
    } = TimeSpan.FromSeconds(5);

    /// <summary>How long a source may take, 1 ms to 1 h. Then its token is cancelled, and its callers get a
    /// <see cref="TimeoutException"/> whether it ends or not.</summary>
    public TimeSpan SourceTimeout
    {
        get;
        init => field = Within(nameof(SourceTimeout), value, LongestTime);
    } = TimeSpan.FromSeconds(30);

    /// <summary>How long this process waits for what others fill, 1 ms to 1 h from its first caller that waits. Then those
    /// who wait get a <see cref="CacheTimeoutException"/>; the source is not asked.</summary>
    public TimeSpan WaitTime
    {
        get;
        init => field = Within(nameof(WaitTime), value, LongestTime);
    } = TimeSpan.FromSeconds(10);

    /// <summary>Whether a value whose life has ended may be given out at once while a new one is fetched. Values are then
    /// stored so that the node keeps them for that, as long as it was told to (<c>--stale-time</c>, by default not at
    /// all).</summary>
    public bool AcceptStale { get; init; }

    /// <summary>Whether the source is asked, once at a time in this process, when the node cannot be; what it says is not
    /// stored then. Otherwise callers get the <see cref="CacheException"/>.</summary>
    public bool AskSourceInOutage { get; init; } = true;

    internal uint LeaseMillis => (uint)LeaseTime.TotalMilliseconds;

    /// <summary>Whether a request to the node that ended so means that the source is asked instead.</summary>
    internal bool AsksSourceAfter(Exception failure) =>
        AskSourceInOutage && failure is CacheException and not CacheRequestException;

    private static TimeSpan Within(string name, TimeSpan value, TimeSpan most)
    {
        TimeSpan least = TimeSpan.FromMilliseconds(1);
        return value >= least && value <= most
            ? value
            : throw new ArgumentOutOfRangeException(name, value, $"{name} is {value}; allowed are {least} to {most}.");
    }
}
