using System.Diagnostics;

namespace FastCache.LoadGen.Engine;

/// <summary>The outstanding requests of one connection, as runs of neighbours in the schedule, oldest first.</summary>
/// <remarks>
/// Bounded in runs and in requests. A request's due time follows from its number, so a run is a first number and a count.
/// </remarks>
internal sealed class DueRing
{
    /// <summary>Most runs; a power of two.</summary>
    public const int MaxRuns = 2048;

    /// <summary>Most requests.</summary>
    public const int MaxRequests = 64 << 10;

    private readonly (long First, int Count)[] _runs = new (long, int)[MaxRuns];
    private int _oldest;
    private int _used;

    /// <summary>Requests in all runs.</summary>
    public int Requests { get; private set; }

    /// <summary>How many requests a further run may have; 0: none.</summary>
    public int Room => _used == MaxRuns ? 0 : MaxRequests - Requests;

    public void Clear() => (_oldest, _used, Requests) = (0, 0, 0);

    /// <summary>Adds a run.</summary>
    /// <param name="first">Number of its first request.</param>
    /// <param name="count">1 to <see cref="Room"/>.</param>
    public void Add(long first, int count)
    {
        Debug.Assert(count >= 1 && count <= Room);
        _runs[(_oldest + _used) & (MaxRuns - 1)] = (first, count);
        _used++;
        Requests += count;
    }

    /// <summary>Takes the oldest request; returns its number in the schedule.</summary>
    public long Take()
    {
        if (Requests == 0)
        {
            throw new LoadFailedException("wrong reply: one more than there were requests");
        }

        ref (long First, int Count) run = ref _runs[_oldest];
        long request = run.First++;
        Requests--;
        if (--run.Count == 0)
        {
            _oldest = (_oldest + 1) & (MaxRuns - 1);
            _used--;
        }

        return request;
    }
}
