using FastCache.Bench.Simulate.Traces;

namespace FastCache.Bench.Simulate.Policies;

/// <summary>Plain CLOCK, one reference bit: the oldest object goes, unless it was used since the hand last passed it.</summary>
/// <remarks>F. J. Corbató, "A paging experiment with the Multics system" (1968). The circle is cut open at the hand.</remarks>
internal sealed class ClockPolicy(Trace trace, long capacity) : ICachePolicy
{
    private const int Resident = 1;

    private readonly QueueSet _queues = new(trace, Resident);
    private readonly bool[] _isReferenced = new bool[trace.Objects];

    public long Used => _queues.SizeOf(Resident);

    public bool Request(int number)
    {
        if (_queues.QueueOf(number) == Resident)
        {
            _isReferenced[number] = true;
            return true;
        }

        int size = trace.SizeOf(number);
        if (size <= capacity)
        {
            while (Used + size > capacity)
            {
                MoveHand();
            }

            _isReferenced[number] = false;
            _queues.Push(Resident, number);
        }

        return false;
    }

    private void MoveHand()
    {
        int oldest = _queues.Oldest(Resident);
        if (_isReferenced[oldest])
        {
            _isReferenced[oldest] = false;
            _queues.Move(oldest, Resident);
        }
        else
        {
            _queues.Remove(oldest);
        }
    }
}
