namespace FastCache.Core.Eviction;

/// <summary>Decides when a size class gets a page from another: numbers in, a pair of classes out; moves nothing itself.</summary>
/// <remarks>
/// Each class counts its evictions in a window. Evictions over capacity is the part of a class that was turned over in
/// the window, so its inverse is how long an item lives there. A class that turns over more than
/// <see cref="Imbalance"/> times as fast as the slowest one takes a page from that one, until items of all sizes live
/// about equally long. A class is looked at whenever it has evicted a page's worth of items; after each look that moved
/// a page all counts are halved, so that what happened long ago fades.
/// </remarks>
internal sealed class PageBalance(int classes)
{
    /// <summary>How much faster a class must turn over than its donor. Below, the move would cost more than it gains.</summary>
    public const double Imbalance = 2;

    private readonly long[] _evictions = new long[classes];
    private readonly long[] _nextLook = new long[classes];

    /// <summary>Counts an eviction that made room in a class.</summary>
    /// <param name="sizeClass">The class.</param>
    /// <param name="chunksPerPage">Chunks of one of its pages.</param>
    /// <returns>Whether <see cref="DonorFor"/> should be asked now.</returns>
    public bool CountEviction(int sizeClass, int chunksPerPage)
    {
        if (++_evictions[sizeClass] < _nextLook[sizeClass] + chunksPerPage)
        {
            return false;
        }

        _nextLook[sizeClass] = _evictions[sizeClass];
        return true;
    }

    /// <summary>The class that should give a page to <paramref name="taker"/>.</summary>
    /// <param name="taker">A class that evicts.</param>
    /// <param name="capacityOf">Chunks that a class has pages for; 0 for a class without pages.</param>
    /// <param name="pagesOf">Pages of a class.</param>
    /// <returns>The donor, or -1 when no class lives so much longer.</returns>
    public int DonorFor(int taker, Func<int, long> capacityOf, Func<int, int> pagesOf)
    {
        int donor = -1;
        double slowest = double.MaxValue;
        for (int candidate = 0; candidate < _evictions.Length; candidate++)
        {
            // The last page of a class stays: what it holds could not be stored again without taking one.
            if (candidate == taker || pagesOf(candidate) < 2)
            {
                continue;
            }

            double turnover = (double)_evictions[candidate] / capacityOf(candidate);
            if (turnover < slowest)
            {
                (donor, slowest) = (candidate, turnover);
            }
        }

        double own = (double)_evictions[taker] / Math.Max(1, capacityOf(taker));
        if (donor < 0 || own <= Imbalance * slowest)
        {
            return -1;
        }

        for (int sizeClass = 0; sizeClass < _evictions.Length; sizeClass++)
        {
            _evictions[sizeClass] /= 2;
            _nextLook[sizeClass] /= 2;
        }

        return donor;
    }
}
