using FastCache.Bench.Simulate.Traces;

namespace FastCache.Bench.Simulate.Policies;

/// <summary>Queues of objects: in at the newest end, out anywhere. An object is in at most one queue of the set.</summary>
/// <remarks>Queues are numbered from 1, so that 0 says "in none".</remarks>
internal sealed class QueueSet
{
    private const int Nobody = -1;

    private readonly Trace _trace;
    private readonly Place[] _places;
    private readonly Ends[] _ends;

    public QueueSet(Trace trace, int queues)
    {
        _trace = trace;
        _places = new Place[trace.Objects];
        _ends = new Ends[queues + 1];
        Array.Fill(_ends, new Ends { Newest = Nobody, Oldest = Nobody });
    }

    /// <summary>The queue that an object is in; 0: none.</summary>
    public int QueueOf(int number) => _places[number].Queue;

    /// <summary>Sum of the sizes of a queue's objects.</summary>
    public long SizeOf(int queue) => _ends[queue].Size;

    public bool IsEmpty(int queue) => _ends[queue].Oldest == Nobody;

    /// <summary>The object that has been in a queue longest; the queue must not be empty.</summary>
    public int Oldest(int queue) => _ends[queue].Oldest;

    /// <summary>Puts an object that is in no queue at the newest end of one.</summary>
    public void Push(int queue, int number)
    {
        ref Ends ends = ref _ends[queue];
        _places[number] = new Place { Newer = Nobody, Older = ends.Newest, Queue = queue };
        if (ends.Newest == Nobody)
        {
            ends.Oldest = number;
        }
        else
        {
            _places[ends.Newest].Newer = number;
        }

        ends.Newest = number;
        ends.Size += _trace.SizeOf(number);
    }

    /// <summary>Takes an object out of the queue that it is in.</summary>
    public void Remove(int number)
    {
        ref Place place = ref _places[number];
        ref Ends ends = ref _ends[place.Queue];
        if (place.Newer == Nobody)
        {
            ends.Newest = place.Older;
        }
        else
        {
            _places[place.Newer].Older = place.Older;
        }

        if (place.Older == Nobody)
        {
            ends.Oldest = place.Newer;
        }
        else
        {
            _places[place.Older].Newer = place.Newer;
        }

        ends.Size -= _trace.SizeOf(number);
        place.Queue = 0;
    }

    /// <summary>Moves an object to the newest end of a queue, its own or another.</summary>
    public void Move(int number, int queue)
    {
        Remove(number);
        Push(queue, number);
    }

    private struct Place
    {
        public int Newer;
        public int Older;
        public int Queue;
    }

    private struct Ends
    {
        public int Newest;
        public int Oldest;
        public long Size;
    }
}
