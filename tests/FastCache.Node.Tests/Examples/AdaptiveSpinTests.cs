using System.Diagnostics;

namespace FastCache.Node.Tests.Examples;

public sealed class AdaptiveSpinTests
{
    private static readonly long TicksPerMicro = Stopwatch.Frequency / 1_000_000;
    private readonly AdaptiveSpin _spin = new();

    [Fact]
    public void Does_not_spin_before_it_has_seen_that_it_pays() => Assert.Equal(0, Watched());

    [Fact]
    public void Short_silences_make_it_watch_longer_up_to_the_most()
    {
        long before = 0;
        for (int i = 0; i < 10; i++)
        {
            _spin.Learn(30 * TicksPerMicro, hasEvents: true);
            Assert.True(Watched() >= before);
            before = Watched();
        }

        Assert.Equal(AdaptiveSpin.MaxMicros * TicksPerMicro, before);
    }

    [Fact]
    public void Long_silences_make_it_watch_shorter_down_to_nothing()
    {
        LearnToSpin();
        for (int i = 0; i < 10; i++)
        {
            _spin.Learn(5_000 * TicksPerMicro, hasEvents: true);
        }

        Assert.Equal(0, Watched());
    }

    [Fact]
    public void A_sleep_without_any_event_ends_it_at_once()
    {
        LearnToSpin();
        _spin.Learn(100_000 * TicksPerMicro, hasEvents: false);
        Assert.Equal(0, Watched());
    }

    private void LearnToSpin()
    {
        for (int i = 0; i < 10; i++)
        {
            _spin.Learn(TicksPerMicro, hasEvents: true);
        }

        Assert.NotEqual(0, Watched());
    }

    /// <summary>Ticks that a silence of now would be watched, as near as two looks at the clock tell.</summary>
    private long Watched()
    {
        long before = Stopwatch.GetTimestamp();
        long end = _spin.Begin();
        long after = Stopwatch.GetTimestamp();
        long micros = (end - after) / TicksPerMicro;
        // Budgets are whole microseconds and the looks are not: the smallest that is no accident is taken for it.
        return end <= after ? 0 : Math.Max(micros, (end - before) / TicksPerMicro) * TicksPerMicro;
    }
}
