using FastCache.Bench.Simulate.Traces;

namespace FastCache.Bench.Simulate.Policies;

/// <summary>Evicts the object whose last request is longest ago.</summary>
internal sealed class LruPolicy(Trace trace, long capacity) : ICachePolicy
{
    private const int Resident = 1;

    private readonly QueueSet _queues = new(trace, Resident);

    public long Used => _queues.SizeOf(Resident);

    public bool Request(int number)
    {
        if (_queues.QueueOf(number) == Resident)
        {
            _queues.Move(number, Resident);
            return true;
        }

        int size = trace.SizeOf(number);
        if (size <= capacity)
        {
            while (Used + size > capacity)
            {
                _queues.Remove(_queues.Oldest(Resident));
            }

            _queues.Push(Resident, number);
        }

        return false;
    }
}
