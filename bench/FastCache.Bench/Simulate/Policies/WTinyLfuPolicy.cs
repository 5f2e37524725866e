using FastCache.Bench.Simulate.Traces;

namespace FastCache.Bench.Simulate.Policies;

/// <summary>W-TinyLFU: a small LRU window before a segmented LRU that admits only what was asked for more often.</summary>
/// <remarks>
/// Einziger, Friedman, Manes, "TinyLFU: A Highly Efficient Cache Admission Policy" (2017): 1% window, the rest main, four
/// fifths of that protected.
/// <code>
///      new          oldest of a full window,            used
///  ---------&gt; WINDOW ----------------------&gt; PROBATION -------&gt; PROTECTED
///               |     if more frequent than   |      ^            |
///               v     probation's oldest      v      +------------+
///              gone                          gone     oldest of a full segment
/// </code>
/// While main first fills, the protected segment takes what probation has no room for, as in the simulator that the usual
/// reference figures come from.
/// </remarks>
internal sealed class WTinyLfuPolicy : ICachePolicy
{
    private const int Window = 1;
    private const int Probation = 2;
    private const int Protected = 3;

    private readonly Trace _trace;
    private readonly long _capacity;
    private readonly long _windowCapacity;
    private readonly long _mainCapacity;
    private readonly long _protectedCapacity;
    private readonly QueueSet _queues;
    private readonly FrequencySketch _frequencies;

    public WTinyLfuPolicy(Trace trace, long capacity)
    {
        _trace = trace;
        _capacity = capacity;
        _windowCapacity = Math.Max(1, capacity / 100);
        _mainCapacity = capacity - _windowCapacity;
        _protectedCapacity = _mainCapacity * 4 / 5;
        _queues = new QueueSet(trace, Protected);
        _frequencies = new FrequencySketch((long)Math.Min(trace.Objects, (double)capacity / trace.Footprint * trace.Objects));
    }

    public long Used => _queues.SizeOf(Window) + MainUsed;

    private long MainUsed => _queues.SizeOf(Probation) + _queues.SizeOf(Protected);

    public bool Request(int number)
    {
        _frequencies.Count(number);
        int queue = _queues.QueueOf(number);
        switch (queue)
        {
            case Window or Protected:
                _queues.Move(number, queue);
                return true;
            case Probation:
                Promote(number);
                return true;
        }

        if (_trace.SizeOf(number) <= _capacity)
        {
            _queues.Push(Window, number);
            while (_queues.SizeOf(Window) > _windowCapacity)
            {
                Admit(_queues.Oldest(Window));
            }
        }

        return false;
    }

    private void Promote(int number)
    {
        _queues.Move(number, Protected);
        while (_queues.SizeOf(Protected) > _protectedCapacity)
        {
            _queues.Move(_queues.Oldest(Protected), Probation);
        }
    }

    /// <summary>Moves a candidate from the window to main, or drops it.</summary>
    private void Admit(int candidate)
    {
        int size = _trace.SizeOf(candidate);
        if (TryMakeRoom(candidate, size))
        {
            _queues.Move(candidate, SegmentWithRoom(size));
        }
        else
        {
            _queues.Remove(candidate);
        }
    }

    /// <summary>Evicts from main what the candidate was asked for more often than.</summary>
    private bool TryMakeRoom(int candidate, int size)
    {
        if (size > _mainCapacity)
        {
            return false;
        }

        while (MainUsed + size > _mainCapacity)
        {
            int victim = _queues.Oldest(_queues.IsEmpty(Probation) ? Protected : Probation);
            if (_frequencies.Estimate(candidate) <= _frequencies.Estimate(victim))
            {
                return false;
            }

            _queues.Remove(victim);
        }

        return true;
    }

    private int SegmentWithRoom(int size)
    {
        bool probationIsFull = _queues.SizeOf(Probation) + size > _mainCapacity - _protectedCapacity;
        return probationIsFull && _queues.SizeOf(Protected) + size <= _protectedCapacity ? Protected : Probation;
    }
}
