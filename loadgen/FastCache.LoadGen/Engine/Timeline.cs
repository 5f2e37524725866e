namespace FastCache.LoadGen.Engine;

/// <summary>One second of a measured phase.</summary>
/// <param name="Length">How long it really was.</param>
/// <param name="Operations">Replies.</param>
/// <param name="P50">Microseconds, to 6%, as are the other percentiles.</param>
/// <param name="ServerCpuShare">Of one processor; null: unknown.</param>
/// <param name="ServerResidentBytes">At its end; null: unknown.</param>
/// <param name="HitRatio">Hits among reads; null: no reads.</param>
internal readonly record struct Second(
    TimeSpan Length, long Operations, double P50, double P99, double P999, double? ServerCpuShare, long? ServerResidentBytes, double? HitRatio);

/// <summary>The whole seconds of a phase: begun by the thread that makes the load, filled by the one that watches it.</summary>
internal sealed class Timeline
{
    private readonly Lock _lock = new();
    private readonly List<Second> _seconds = [];
    private int? _server;
    private int _phase;

    /// <summary>The process that the phase measures; null: unknown, or elsewhere.</summary>
    public int? Server
    {
        get
        {
            lock (_lock)
            {
                return _server;
            }
        }

        set
        {
            lock (_lock)
            {
                _server = value;
            }
        }
    }

    /// <summary>The number of the phase that is under way.</summary>
    public int Phase
    {
        get
        {
            lock (_lock)
            {
                return _phase;
            }
        }
    }

    /// <summary>A phase begins.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _phase++;
            _seconds.Clear();
        }
    }

    /// <summary>Adds a second, if all of it belonged to the phase that is under way.</summary>
    public void Add(int phase, in Second second)
    {
        lock (_lock)
        {
            if (phase == _phase)
            {
                _seconds.Add(second);
            }
        }
    }

    /// <summary>The seconds so far; a new phase begins, to which later ones belong.</summary>
    public Second[] Take()
    {
        lock (_lock)
        {
            Second[] taken = [.. _seconds];
            _seconds.Clear();
            _phase++;
            return taken;
        }
    }
}
