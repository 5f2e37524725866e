using System.Diagnostics;

namespace FastCache.Node;

/// <summary>How long a shard looks for new events before it sleeps: as long as that has paid lately.</summary>
/// <remarks>
/// A sleep and a wake-up cost a request that comes alone tens of microseconds, more than everything else (p50 of one
/// connection, one request at a time: 80 us asleep, 27 us awake in the prototype, see DESIGN.md). A silence that ended
/// within <see cref="MaxMicros"/>, awake or asleep, doubles the time that the next one is watched; a longer one halves it,
/// and one of a whole sleep forgets it. So a silent node sleeps within a millisecond, and one whose requests come slowly
/// does not spin.
/// </remarks>
internal sealed class AdaptiveSpin
{
    /// <summary>Longest time that is watched.</summary>
    public const int MaxMicros = 100;

    private const int MinMicros = 12;

    private static readonly long TicksPerMicro = Math.Max(1, Stopwatch.Frequency / 1_000_000);

    private int _micros;
    private long _silentSince;

    /// <summary>A silence begins.</summary>
    /// <returns>Until which time of <see cref="Stopwatch"/> to look for its end before sleeping.</returns>
    public long Begin()
    {
        _silentSince = Stopwatch.GetTimestamp();
        return _silentSince + (_micros * TicksPerMicro);
    }

    /// <summary>A silence is over.</summary>
    /// <param name="hasEvents">Whether there is something to do, or only the sleep is over.</param>
    public void End(bool hasEvents) => Learn(Stopwatch.GetTimestamp() - _silentSince, hasEvents);

    /// <summary>The same with a known length.</summary>
    internal void Learn(long silentTicks, bool hasEvents)
    {
        if (!hasEvents)
        {
            _micros = 0;
        }
        else if (silentTicks <= MaxMicros * TicksPerMicro)
        {
            _micros = Math.Clamp(_micros * 2, MinMicros, MaxMicros);
        }
        else
        {
            _micros = _micros > MinMicros ? _micros / 2 : 0;
        }
    }
}
