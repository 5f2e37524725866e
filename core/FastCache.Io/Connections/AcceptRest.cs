using System.Diagnostics;

namespace FastCache.Io.Connections;

/// <summary>The pause after an accept that found no descriptor or no memory.</summary>
internal struct AcceptRest
{
    /// <summary>How long a failed accept rests: long enough not to spin, short beside a client's connect time-out.</summary>
    public const int RetryMillis = 100;

    private long _retryAtMillis;

    /// <summary>Whether an accept has failed and has not been tried again.</summary>
    public bool IsResting { get; private set; }

    /// <summary>How often it began.</summary>
    public long Count { get; private set; }

    public void Begin()
    {
        Count++;
        IsResting = true;
        _retryAtMillis = Environment.TickCount64 + RetryMillis;
    }

    public void End() => IsResting = false;

    /// <summary>Whether the time of a rest is over; it goes on until <see cref="End"/>.</summary>
    public readonly bool IsOver => IsResting && Environment.TickCount64 >= _retryAtMillis;

    /// <summary>Shortens a wait so that it ends with the rest.</summary>
    public readonly int LimitWait(int timeoutMillis)
    {
        if (!IsResting)
        {
            return timeoutMillis;
        }

        int restMillis = (int)Math.Max(0, _retryAtMillis - Environment.TickCount64);
        Debug.Assert(restMillis <= RetryMillis);
        return timeoutMillis < 0 ? restMillis : Math.Min(timeoutMillis, restMillis);
    }
}
