using FastCache.Core.Memory;

namespace FastCache.Core.Eviction;

/// <summary>Decides when a size class gets a page from another: numbers in, a pair of classes out; moves nothing itself.</summary>
/// <remarks>
/// Each class counts the items that the hands of its clock have looked at. Steps over capacity is how far the clock has
/// turned, so its inverse is how long an item has to be used again before the hand is back: what an item gets for its
/// memory. A class whose clock turns faster than the slowest one takes a page from that one, until items of all sizes have
/// about equally long. Steps and not evictions, because a class whose items are all in use gives nothing up while its hands
/// run: it must not look idle. A class with two pages' worth of free chunks gives before any other. A class whose page could
/// not be emptied, because values in it are being written or read, looks idle too: it is not asked again for a while.
/// <para>
/// A class is looked at whenever its hands have gone on by a page's worth of items. Counts are halved when they add up to
/// half of all chunks, so that what happened long ago fades; by then counting noise is small for all but the largest
/// chunks, and for those <see cref="NoiseMargin"/> widens the band.
/// </para>
/// </remarks>
internal sealed class PageBalance(int classes)
{
    /// <summary>How much faster a clock must turn than the donor's. Below, the move would cost more than it gains.</summary>
    public const double Imbalance = 1.1;

    /// <summary>Standard deviations of a count that are not taken for a difference.</summary>
    private const double NoiseMargin = 2;

    private readonly long[] _steps = new long[classes];
    private readonly long[] _nextLook = new long[classes];
    private readonly bool[] _couldNotGive = new bool[classes];
    private long _sum;

    /// <summary>Counts what the hands of a class have looked at to make room.</summary>
    /// <param name="sizeClass">The class.</param>
    /// <param name="steps">Items looked at.</param>
    /// <param name="chunksPerPage">Chunks of one of its pages.</param>
    /// <returns>Whether <see cref="DonorFor"/> should be asked now.</returns>
    public bool Count(int sizeClass, long steps, int chunksPerPage)
    {
        _sum += steps;
        _steps[sizeClass] += steps;
        if (_steps[sizeClass] < _nextLook[sizeClass])
        {
            return false;
        }

        _nextLook[sizeClass] = _steps[sizeClass] + chunksPerPage;
        return true;
    }

    /// <summary>The class that should give a page to <paramref name="taker"/>.</summary>
    /// <param name="taker">A class that evicts.</param>
    /// <param name="memory">The pages and chunks of the classes.</param>
    /// <returns>The donor, or -1 when no class lives so much longer.</returns>
    public int DonorFor(int taker, IClassMemory memory)
    {
        Fade(memory);
        int donor = SlowestOf(taker, memory, fewestPages: 2, out double slowest);
        double own = _steps[taker] - (NoiseMargin * Math.Sqrt(_steps[taker]));
        return donor >= 0 && own / Math.Max(1, memory.CapacityOf(taker)) > Imbalance * slowest ? donor : -1;
    }

    /// <summary>The class that should give a page for something that must have one.</summary>
    /// <param name="taker">The class that needs it, or -1.</param>
    /// <param name="memory">The pages and chunks of the classes.</param>
    /// <returns>The donor, or -1 when no other class has a page.</returns>
    public int DonorAtAnyPrice(int taker, IClassMemory memory)
    {
        int donor = SlowestOf(taker, memory, fewestPages: 2, out _);
        donor = donor >= 0 ? donor : SlowestOf(taker, memory, fewestPages: 1, out _);
        if (donor < 0)
        {
            Array.Clear(_couldNotGive);
        }

        return donor;
    }

    /// <summary>Takes note that a page of a class could not be emptied: others are asked until the counts fade, or none is left.</summary>
    public void CouldNotGive(int sizeClass) => _couldNotGive[sizeClass] = true;

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
            double turned = isHalfEmpty ? -1 : (double)_steps[candidate] / capacity;
            if (turned < slowest)
            {
                (donor, slowest) = (candidate, turned);
            }
        }

        return donor;
    }

    private void Fade(IClassMemory memory)
    {
        long capacity = 0;
        for (int sizeClass = 0; sizeClass < _steps.Length; sizeClass++)
        {
            capacity += memory.CapacityOf(sizeClass);
        }

        if (_sum < capacity / 2)
        {
            return;
        }

        _sum = 0;
        Array.Clear(_couldNotGive);
        for (int sizeClass = 0; sizeClass < _steps.Length; sizeClass++)
        {
            _steps[sizeClass] /= 2;
            _nextLook[sizeClass] /= 2;
        }
    }
}
