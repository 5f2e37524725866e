using FastCache.Core;
using FastCache.Core.Items;

namespace FastCache.Bench.Soak;

/// <summary>The time of a soak: it goes by with the operations, so that the same operations see the same times.</summary>
/// <remarks>
/// A batch takes up to 3 ms; now and then the clock jumps by seconds, rarely by days, and the wall clock is set by up to an
/// hour. Sometimes the shard is told a monotonic time of the past, which it has to ignore.
/// </remarks>
internal sealed class SoakClock(Shard shard, SoakRandom random)
{
    private const int BatchesPerJump = 5_000;
    private const int BatchesPerLongJump = 200_000;
    private const int BatchesPerWallChange = 10_000;
    private const int BatchesPerWrongTime = 100;
    private const int LongestJumpMillis = 60_000;
    private const long LongestLongJumpMillis = 3 * 86_400_000L;
    private const long HourMillis = 3_600_000;
    private const int VersionBits = 16;
    private const long WallAtStart = 1_800_000_000_000;

    /// <summary>How far ahead a version may be that the shard has to take.</summary>
    public const long RightAheadMillis = HourMillis / 2;

    /// <summary>How far ahead a version is that the shard has to refuse, also when the wall clock was set back by two hours.</summary>
    public const long WrongAheadMillis = 4 * HourMillis;

    /// <summary>Where the monotonic clock starts; any number will do.</summary>
    private const long MonotonicAtStart = 123_456_789;

    private long _elapsed;
    private long _wallOffset;

    /// <summary>Milliseconds of the shard's clock, as it has to count them.</summary>
    public ulong Now => (ulong)_elapsed + 1;

    public long UnixMillis => WallAtStart + _elapsed + _wallOffset;

    /// <summary>A version as another node would issue it, whose clock is off by so much.</summary>
    public ulong VersionElsewhere(long aheadMillis) => ((ulong)(UnixMillis + aheadMillis) << VersionBits) + random.Next() % (1 << VersionBits);

    /// <summary>Whether a version from elsewhere is one that the shard has to take.</summary>
    /// <remarks>
    /// Versions from elsewhere are at most half an hour ahead (<see cref="WrongAheadMillis"/> if they are to be refused), so
    /// that no setting of the wall clock brings one of them near the shard's own bound of one hour.
    /// </remarks>
    public bool MayObserve(ulong version) =>
        version >= (ulong)VersionClock.OriginUnixMillis << VersionBits && version < (ulong)(UnixMillis + (3 * HourMillis)) << VersionBits;

    /// <summary>Lets the time of a batch go by.</summary>
    public void Pass()
    {
        _elapsed += random.Below(4);
        if (random.OneIn(BatchesPerJump))
        {
            _elapsed += random.OneIn(BatchesPerLongJump / BatchesPerJump)
                ? random.Below(LongestLongJumpMillis)
                : random.Below(LongestJumpMillis);
        }

        if (random.OneIn(BatchesPerWallChange))
        {
            _wallOffset = random.Below(2 * HourMillis) - HourMillis;
        }

        shard.Advance(MonotonicAtStart + _elapsed, UnixMillis);
        if (random.OneIn(BatchesPerWrongTime))
        {
            shard.Advance(MonotonicAtStart + random.Below(_elapsed + 1), UnixMillis);
        }
    }

    /// <summary>Lets a time go by in which nothing is asked of the shard.</summary>
    public void Pass(long millis)
    {
        _elapsed += millis;
        shard.Advance(MonotonicAtStart + _elapsed, UnixMillis);
    }
}
