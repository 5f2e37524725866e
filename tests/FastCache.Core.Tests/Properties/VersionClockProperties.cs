using FastCache.Core.Items;

namespace FastCache.Core.Tests.Properties;

public sealed class VersionClockProperties
{
    private const long Now = 1_800_000_000_000;

    [Fact]
    public void Versions_ascend_strictly_whatever_the_wall_clock_and_others_do()
    {
        for (int seed = 0; seed < 1_000; seed++)
        {
            Random random = new(seed);
            VersionClock clock = default;
            long unixMillis = Now;
            ulong last = 0;
            for (int step = 0; step < 300; step++)
            {
                unixMillis = random.Next(20) switch
                {
                    0 => random.NextInt64(-1_000_000, 5_000_000_000_000),
                    1 => unixMillis - random.Next(10_000_000),
                    < 10 => unixMillis + random.Next(100),
                    _ => unixMillis,
                };
                ulong highest = (ulong)Math.Max(0, unixMillis + VersionClock.MaxAheadMillis) << 16;
                ulong foreign = random.Next(3) == 0 ? last + (ulong)random.Next(3)
                    : (ulong)random.NextInt64(Now << 16, (Now + 10_000_000) << 16);
                bool observed = random.Next(2) == 0 && clock.TryObserve(foreign, unixMillis);
                Assert.True(!observed || foreign <= Math.Max(last, highest), $"took a version of the future, seed {seed}");
                last = observed ? Math.Max(last, foreign) : last;
                ulong version = clock.Next(unixMillis);
                Assert.True(version > last, $"{version:x} after {last:x}, seed {seed}");
                ulong stored = VersionClock.FromStored(VersionClock.ToStored(version));
                Assert.True(stored == version, $"{version:x} is stored as {stored:x}, seed {seed}");
                last = version;
            }
        }
    }

    [Fact]
    public void More_versions_than_a_millisecond_has_carry_into_the_next()
    {
        VersionClock clock = default;
        ulong first = clock.Next(Now);
        Assert.Equal(Now, VersionClock.UnixMillisOf(first));
        for (int i = 1; i < 200_000; i++)
        {
            Assert.Equal(first + (ulong)i, clock.Next(Now));
        }

        Assert.Equal(Now + 3, VersionClock.UnixMillisOf(clock.Next(Now)));
    }

    [Fact]
    public void A_version_from_before_2020_or_more_than_an_hour_ahead_is_not_believed()
    {
        VersionClock clock = default;
        ulong origin = (ulong)VersionClock.OriginUnixMillis << 16;
        Assert.False(clock.TryObserve(0, Now));
        Assert.False(clock.TryObserve(origin - 1, Now));
        Assert.True(clock.TryObserve(origin, Now));
        ulong hourAhead = (ulong)(Now + VersionClock.MaxAheadMillis) << 16;
        Assert.False(clock.TryObserve(hourAhead + 1, Now));
        Assert.True(clock.TryObserve(hourAhead, Now));
        Assert.Equal(hourAhead + 1, clock.Next(Now));
        Assert.False(clock.TryObserve(ulong.MaxValue, Now));
        Assert.Equal(hourAhead + 2, clock.Next(Now));
    }

    [Fact]
    public void A_wall_clock_outside_of_what_is_stored_still_gives_ascending_versions()
    {
        VersionClock clock = default;
        ulong last = 0;
        long[] clocks = [long.MinValue, -1, 0, VersionClock.OriginUnixMillis, Now, 1L << 41, 1L << 50, long.MaxValue];
        foreach (long unixMillis in clocks)
        {
            ulong version = clock.Next(unixMillis);
            Assert.True(version > last, $"{version:x} after {last:x}");
            Assert.Equal(version, VersionClock.FromStored(VersionClock.ToStored(version)));
            last = version;
        }
    }
}
