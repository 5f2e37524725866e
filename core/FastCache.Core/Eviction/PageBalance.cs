using FastCache.Core.Memory;

namespace FastCache.Core.Eviction;

/// <summary>Decides when a size class gets a page from another: numbers in, a pair of classes out; moves nothing itself.</summary>
/// <remarks>
/// Each class counts the items that the hands of its clock have looked at. Steps over capacity is how far the clock has
/// turned, so its inverse is how long an item has to be used again before the hand is back: what an item gets for its
/// memory. A class whose clock turns faster than the slowest one takes a page from that one, until items of all sizes have
/// about equally long. Steps and not evictions, because a class whose items are all in use gives nothing up while its hands
/// run: it must not look idle. A class with two pages' worth of free chunks gives before any other.
/// <para>
/// A class is looked at whenever its hands have gone on by a page's worth of items. Steps are turned into turns then, with
/// the capacity of that time: a class that nobody uses must not seem to turn faster because its pages go. Counts are halved
/// when the hands of all classes have passed half of the memory, so that what happened long ago fades; by then counting
/// noise is small for all but the largest chunks, and for those <see cref="NoiseMargin"/> widens the band.
/// </para>
/// </remarks>
internal sealed class PageBalance(int classes)
{
    /// <summary>How much faster a clock must turn than the donor's. Below, the move would cost more than it gains.</summary>
    public const double Imbalance = 1.1;

    /// <summary>Standard deviations of a count that are not taken for a difference.</summary>
    private const double NoiseMargin = 2;

    /// <summary>Steps since the last look at the class.</summary>
    private readonly long[] _sinceLook = new long[classes];

    /// <summary>Steps that are not yet counted as turns.</summary>
    private readonly long[] _uncounted = new long[classes];

    private readonly double[] _steps = new double[classes];
    private readonly double[] _turns = new double[classes];
    private readonly bool[] _couldNotGive = new bool[classes];
    private double _pagesPassed;

    /// <summary>Counts what the hands of a class have looked at to make room.</summary>
    /// <param name="sizeClass">The class.</param>
    /// <param name="steps">Items looked at.</param>
    /// <param name="chunksPerPage">Chunks of one of its pages.</param>
    /// <returns>Whether <see cref="DonorFor"/> should be asked now.</returns>
    public bool Count(int sizeClass, long steps, int chunksPerPage)
    {
        _uncounted[sizeClass] += steps;
        _sinceLook[sizeClass] += steps;
        if (_sinceLook[sizeClass] < chunksPerPage)
        {
            return false;
        }

        _sinceLook[sizeClass] = 0;
        return true;
    }

    /// <summary>The class that should give a page to <paramref name="taker"/>.</summary>
    /// <param name="taker">A class that evicts.</param>
    /// <param name="memory">The pages and chunks of the classes.</param>
    /// <returns>The donor, or -1 when no class lives so much longer.</returns>
    public int DonorFor(int taker, IClassMemory memory)
    {
        CountTurns(memory);
        Fade(memory);
        int donor = SlowestOf(taker, memory, fewestPages: 2, out double slowest);
        double own = _turns[taker] * (1 - (NoiseMargin / Math.Sqrt(Math.Max(1, _steps[taker]))));
        return donor >= 0 && own > Imbalance * slowest ? donor : -1;
    }

    /// <summary>The class that should give a page for something that must have one.</summary>
    /// <param name="taker">The class that needs it, or -1.</param>
    /// <param name="memory">The pages and chunks of the classes.</param>
    /// <returns>The donor, or -1 when no other class has a page.</returns>
    public int DonorAtAnyPrice(int taker, IClassMemory memory)
    {
        CountTurns(memory);
        int donor = SlowestOf(taker, memory, fewestPages: 2, out _);
        donor = donor >= 0 ? donor : SlowestOf(taker, memory, fewestPages: 1, out _);
        if (donor < 0)
        {
            // All have been asked: what stood in the way may be gone the next time.
            Array.Clear(_couldNotGive);
        }

        return donor;
    }

    /// <summary>Takes note of what became of a page that a class was asked for.</summary>
    /// <param name="donor">The class.</param>
    /// <param name="hasGiven">If not, others are asked until one has given.</param>
    public void Asked(int donor, bool hasGiven)
    {
        if (hasGiven)
        {
            Array.Clear(_couldNotGive);
        }
        else
        {
            _couldNotGive[donor] = true;
        }
    }

    private int SlowestOf(int taker, IClassMemory memory, int fewestPages, out double slowest)
    {
        int donor = -1;
        slowest = double.MaxValue;
        for (int candidate = 0; candidate < _steps.Length; candidate++)
        {
            // The last page of a class stays if possible: what it holds could not be stored again without taking one.
            if (candidate == taker || _couldNotGive[candidate] || memory.PagesOf(candidate) < fewestPages)
            {
                continue;
            }

            long capacity = memory.CapacityOf(candidate);
            bool isHalfEmpty = capacity - memory.UsedChunksOf(candidate) >= 2L * memory.ChunksPerPageOf(candidate);
            double turned = isHalfEmpty ? -1 : _turns[candidate];
            if (turned < slowest)
            {
                (donor, slowest) = (candidate, turned);
            }
        }

        return donor;
    }

    private void CountTurns(IClassMemory memory)
    {
        for (int sizeClass = 0; sizeClass < _turns.Length; sizeClass++)
        {
            long steps = _uncounted[sizeClass];
            _uncounted[sizeClass] = 0;
            _steps[sizeClass] += steps;
            _turns[sizeClass] += (double)steps / Math.Max(1, memory.CapacityOf(sizeClass));
            _pagesPassed += (double)steps / memory.ChunksPerPageOf(sizeClass);
        }
    }

    private void Fade(IClassMemory memory)
    {
        int pages = 0;
        for (int sizeClass = 0; sizeClass < _turns.Length; sizeClass++)
        {
            pages += memory.PagesOf(sizeClass);
        }

        if (_pagesPassed < pages / 2.0)
        {
            return;
        }

        _pagesPassed = 0;
        Array.Clear(_couldNotGive);
        for (int sizeClass = 0; sizeClass < _turns.Length; sizeClass++)
        {
            _turns[sizeClass] /= 2;
            _steps[sizeClass] /= 2;
        }
    }
}
