namespace FastCache.LoadGen.Scenarios;

/// <summary>How the rate goes over the time of a run; the rate that is asked for is the highest.</summary>
internal enum ShapeKind
{
    /// <summary>The same all the time.</summary>
    Constant,

    /// <summary>From a tenth of the rate to all of it, evenly.</summary>
    Ramp,

    /// <summary>A quarter of the time each at a quarter, a half, three quarters and all of the rate.</summary>
    Steps,

    /// <summary>Five times: at two fifths of the rate, then for a fifth of the time at all of it.</summary>
    Spikes,
}

/// <summary>When what is due: a pure function of time.</summary>
/// <remarks>
/// <code>
///   constant ___________      ramp        __/     steps        __     spikes   _   _   _
///                                     __/                  __          ___| |_| |_| |
///                                  _/                  __
/// </code>
/// The rate is a straight line in each segment, so what is due by a time is a parabola, and its inverse a root.
/// Number i is due when the area below the rate reaches i.
/// </remarks>
internal sealed class LoadShape
{
    private const double RampFrom = 0.1;
    private const int Steps = 4;
    private const int Spikes = 5;
    private const double SpikeShare = 0.2;
    private const double BetweenSpikes = 0.4;

    private readonly Segment[] _segments;

    private LoadShape(ShapeKind kind, double rate, TimeSpan duration)
    {
        Kind = kind;
        Rate = rate;
        Seconds = duration.TotalSeconds;
        List<Segment> segments = [];
        double at = 0;
        double before = 0;
        foreach ((double share, double from, double to) in Plan(kind))
        {
            Segment segment = new(at, share * Seconds, from * rate, to * rate, before);
            segments.Add(segment);
            at += segment.Length;
            before += segment.Area(segment.Length);
        }

        _segments = [.. segments];
        Count = (long)Math.Ceiling(before - 1e-6);
    }

    public ShapeKind Kind { get; }

    /// <summary>The highest rate, per second.</summary>
    public double Rate { get; }

    /// <summary>Length of the run.</summary>
    public double Seconds { get; }

    /// <summary>Lengths in seconds, and rates at their ends, of the times in which the rate goes evenly.</summary>
    public IEnumerable<(double Seconds, double From, double To)> Parts =>
        _segments.Select(segment => (segment.Length, segment.From, segment.To));

    /// <summary>All that becomes due.</summary>
    public long Count { get; }

    /// <param name="kind">How the rate goes.</param>
    /// <param name="rate">The highest, per second, above 0.</param>
    /// <param name="duration">Above 0.</param>
    public static LoadShape Of(ShapeKind kind, double rate, TimeSpan duration)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rate);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(duration, TimeSpan.Zero);
        return new(kind, rate, duration);
    }

    /// <summary>How many are due by a time; number 0 is due at 0.</summary>
    /// <param name="seconds">Since the start.</param>
    public long DueBy(double seconds)
    {
        if (seconds < 0)
        {
            return 0;
        }

        ref readonly Segment segment = ref _segments[0];
        for (int i = 1; i < _segments.Length && seconds >= _segments[i].At; i++)
        {
            segment = ref _segments[i];
        }

        double area = segment.Before + segment.Area(Math.Min(seconds - segment.At, segment.Length));
        return Math.Min((long)area + 1, Count);
    }

    /// <summary>When a number is due, in seconds since the start.</summary>
    /// <param name="number">From 0, below <see cref="Count"/>.</param>
    public double DueAt(long number)
    {
        ref readonly Segment segment = ref _segments[0];
        for (int i = 1; i < _segments.Length && number >= _segments[i].Before; i++)
        {
            segment = ref _segments[i];
        }

        return segment.At + segment.TimeOf(number - segment.Before);
    }

    /// <summary>Segments: their share of the time, and shares of the rate at their ends.</summary>
    private static IEnumerable<(double Share, double From, double To)> Plan(ShapeKind kind) => kind switch
    {
        ShapeKind.Constant => [(1, 1, 1)],
        ShapeKind.Ramp => [(1, RampFrom, 1)],
        ShapeKind.Steps => Enumerable.Range(1, Steps)
            .Select(step => (1.0 / Steps, (double)step / Steps, (double)step / Steps)),
        _ => Enumerable.Range(0, Spikes).SelectMany(_ => new[]
        {
            ((1 - SpikeShare) / Spikes, BetweenSpikes, BetweenSpikes),
            (SpikeShare / Spikes, 1.0, 1.0),
        }),
    };

    /// <summary>A time in which the rate goes evenly from one to another.</summary>
    /// <param name="At">When it begins, in seconds.</param>
    /// <param name="Length">In seconds.</param>
    /// <param name="From">Rate at its beginning.</param>
    /// <param name="To">Rate at its end.</param>
    /// <param name="Before">What was due before it.</param>
    private readonly record struct Segment(double At, double Length, double From, double To, double Before)
    {
        private double Slope => (To - From) / Length;

        public double Area(double seconds) => (From * seconds) + (Slope * seconds * seconds / 2);

        public double TimeOf(double area) => 2 * area / (From + Math.Sqrt((From * From) + (2 * Slope * area)));
    }
}
