using FastCache.Protocol;
using Microsoft.Extensions.Caching.Distributed;

namespace FastCache.Extensions.Tests.Examples;

/// <summary>What each expiration becomes on the wire.</summary>
public sealed class EntryLifeTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<DistributedCacheEntryOptions, SetTerms> Lives => new()
    {
        { new(), new() },
        { Absolute(Now.AddSeconds(90)), new(90_000) },
        { Absolute(Now.AddSeconds(90).ToOffset(TimeSpan.FromHours(5))), new(90_000) },
        { Relative(TimeSpan.FromSeconds(90)), new(90_000) },
        { Relative(TimeSpan.FromTicks(1)), new(1) },
        { Relative(TimeSpan.FromMilliseconds(2.3)), new(3) },
        { Relative(TimeSpan.MaxValue), new(FcpLimits.MaxTimeToLiveMillis) },
        { Absolute(DateTimeOffset.MaxValue), new(FcpLimits.MaxTimeToLiveMillis) },
        { Sliding(TimeSpan.FromSeconds(20)), new(20_000) { Sliding = true } },
        { Sliding(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(90)), new(20_000) { Sliding = true, SlidingLimitMillis = 90_000 } },
        { Sliding(TimeSpan.FromSeconds(90), TimeSpan.FromSeconds(90)), new(90_000) },
        { Sliding(TimeSpan.FromSeconds(91), TimeSpan.FromSeconds(90)), new(90_000) },
        {
            new() { AbsoluteExpiration = Now.AddDays(-1), AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(90) },
            new(90_000)
        },
    };

    [Theory]
    [MemberData(nameof(Lives))]
    public void Expirations_become_terms_of_a_set(DistributedCacheEntryOptions options, SetTerms terms) =>
        Assert.Equal(terms, EntryLife.TermsOf(options, Now));

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void An_absolute_expiration_that_has_passed_is_refused(int seconds)
    {
        ArgumentOutOfRangeException refusal = Assert.Throws<ArgumentOutOfRangeException>(
            () => EntryLife.TermsOf(Absolute(Now.AddSeconds(seconds)), Now));
        Assert.Contains("AbsoluteExpiration must be later than now, 2026-01-01T12:00:00", refusal.Message, StringComparison.Ordinal);
    }

    private static DistributedCacheEntryOptions Absolute(DateTimeOffset at) => new() { AbsoluteExpiration = at };

    private static DistributedCacheEntryOptions Relative(TimeSpan life) => new() { AbsoluteExpirationRelativeToNow = life };

    private static DistributedCacheEntryOptions Sliding(TimeSpan period, TimeSpan? limit = null) =>
        new() { SlidingExpiration = period, AbsoluteExpirationRelativeToNow = limit };
}
