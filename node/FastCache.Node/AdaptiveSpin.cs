using System.Diagnostics;

namespace FastCache.Node;

/// <summary>How long a shard looks for new events before it sleeps: as long as that has paid lately.</summary>
/// <remarks>
/// A sleep and a wake-up cost a request that comes alone tens of microseconds, more than everything else (p50 of one
/// connection, one request at a time: 80 us asleep, 27 us awake in the prototype, see DESIGN.md). Where a request
/// follows the last one within <see cref="MaxMicros"/>, the spin that finds it doubles up to that; one in vain halves it
/// down to nothing, so a silent node sleeps within a millisecond, and one whose requests come slowly never spins. It
/// starts again when a sleep turns out to have been short.
/// </remarks>
internal sealed class AdaptiveSpin
{
    /// <summary>Longest spin.</summary>
    public const int MaxMicros = 100;

    private const int MinMicros = 12;

    private static readonly long TicksPerMicro = Math.Max(1, Stopwatch.Frequency / 1_000_000);

    private int _micros;
    private long _asleepSince;

    /// <summary>Ticks of <see cref="Stopwatch"/> that may be spent looking now; 0: none.</summary>
    public long BudgetTicks => _micros * TicksPerMicro;

    /// <summary>A spin found something.</summary>
    public void Paid() => _micros = Math.Min(MaxMicros, _micros * 2);

    /// <summary>A spin found nothing.</summary>
    public void Failed() => _micros = _micros > MinMicros ? _micros / 2 : 0;

    /// <summary>A sleep begins.</summary>
    public void Sleep() => _asleepSince = Stopwatch.GetTimestamp();

    /// <summary>A sleep has ended with something to do.</summary>
    public void Woken()
    {
        if (_micros == 0 && Stopwatch.GetTimestamp() - _asleepSince < MaxMicros * TicksPerMicro)
        {
            _micros = MinMicros;
        }
    }
}
