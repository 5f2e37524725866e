namespace FastCache.LoadGen.Runs;

/// <summary>Finds the highest rate that holds: doubles until one does not, then halves the gap until it is small.</summary>
/// <remarks>
/// <code>
///   Next is tried ──► holds:  lowest failure unknown ─► double     known ─► middle of the gap
///                 └─► fails:  highest success unknown ─► half      known ─► middle of the gap
///   Done: gap within 5% of the highest success, or a limit is reached
/// </code>
/// </remarks>
internal sealed class RateSearch
{
    public const double FirstRate = 1_000_000;
    public const double LeastRate = 10_000;
    public const double MostRate = 64_000_000;
    private const double Gap = 0.05;

    private double _fails = double.PositiveInfinity;

    /// <summary>The rate to try.</summary>
    public double Next { get; private set; } = FirstRate;

    /// <summary>The highest rate that held; 0: none yet.</summary>
    public double Highest { get; private set; }

    public bool IsDone { get; private set; }

    /// <summary>Takes note of what <see cref="Next"/> did.</summary>
    public void Report(bool holds)
    {
        if (holds)
        {
            Highest = Next;
        }
        else
        {
            _fails = Next;
        }

        if (double.IsPositiveInfinity(_fails))
        {
            IsDone = Highest >= MostRate;
            Next = Math.Min(2 * Highest, MostRate);
        }
        else if (Highest == 0)
        {
            IsDone = _fails <= LeastRate;
            Next = Math.Max(_fails / 2, LeastRate);
        }
        else
        {
            IsDone = _fails - Highest <= Gap * Highest;
            Next = (Highest + _fails) / 2;
        }
    }
}
