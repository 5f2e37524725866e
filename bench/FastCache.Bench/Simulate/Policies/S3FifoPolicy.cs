using FastCache.Bench.Simulate.Traces;

namespace FastCache.Bench.Simulate.Policies;

/// <summary>S3-FIFO: a small queue filters what is used once, ghosts remember it, a main queue keeps the rest.</summary>
/// <remarks>
/// Yang, Zhang, Qiu, Yue, Rashmi, "FIFO queues are all you need for cache eviction" (SOSP 2023): a tenth of the capacity
/// for the small queue, ghosts worth nine tenths of it, two uses in the small queue to be kept.
/// <code>
///        unknown             used twice
///  ----------------&gt; SMALL ---------------&gt; MAIN  (used: once more around, at most three times in a row)
///                      |                    ^  |
///                      v     asked again    |  v
///                    GHOST -----------------+  gone
/// </code>
/// </remarks>
internal sealed class S3FifoPolicy(Trace trace, long capacity) : ICachePolicy
{
    private const int Small = 1;
    private const int Main = 2;
    private const int Ghosts = 3;
    private const int UsesToKeep = 2;
    private const int MostUses = 3;

    private readonly QueueSet _queues = new(trace, Ghosts);
    private readonly byte[] _uses = new byte[trace.Objects];
    private readonly long _smallCapacity = Math.Max(1, capacity / 10);
    private readonly long _ghostCapacity = capacity * 9 / 10;

    public long Used => _queues.SizeOf(Small) + _queues.SizeOf(Main);

    public bool Request(int number)
    {
        int queue = _queues.QueueOf(number);
        if (queue is Small or Main)
        {
            _uses[number] = (byte)Math.Min(MostUses, _uses[number] + 1);
            return true;
        }

        int size = trace.SizeOf(number);
        if (size > capacity)
        {
            return false;
        }

        if (queue == Ghosts)
        {
            _queues.Remove(number);
        }

        while (Used + size > capacity)
        {
            Evict();
        }

        _uses[number] = 0;
        _queues.Push(queue == Ghosts ? Main : Small, number);
        return false;
    }

    private void Evict()
    {
        if (_queues.SizeOf(Main) > capacity - _smallCapacity || _queues.IsEmpty(Small))
        {
            EvictFromMain();
        }
        else
        {
            EvictFromSmall();
        }
    }

    /// <summary>Evicts one object, unless all of the small queue proves worth keeping.</summary>
    private void EvictFromSmall()
    {
        while (!_queues.IsEmpty(Small))
        {
            int oldest = _queues.Oldest(Small);
            if (_uses[oldest] < UsesToKeep)
            {
                _queues.Move(oldest, Ghosts);
                LimitGhosts();
                return;
            }

            _uses[oldest] = 0;
            _queues.Move(oldest, Main);
        }
    }

    private void EvictFromMain()
    {
        int oldest = _queues.Oldest(Main);
        while (_uses[oldest] > 0)
        {
            _uses[oldest]--;
            _queues.Move(oldest, Main);
            oldest = _queues.Oldest(Main);
        }

        _queues.Remove(oldest);
    }

    private void LimitGhosts()
    {
        while (_queues.SizeOf(Ghosts) > _ghostCapacity)
        {
            _queues.Remove(_queues.Oldest(Ghosts));
        }
    }
}
