namespace FastCache.Client.Telemetry;

/// <summary>Adds up what repeats, and lets the sum be logged now and then. For any number of threads.</summary>
internal sealed class LogThrottle
{
    /// <summary>The time between two messages.</summary>
    public const int PeriodMillis = 10_000;

    private long _sum;
    private long _next;

    /// <summary>So much has happened.</summary>
    public void Add(int count) => Interlocked.Add(ref _sum, count);

    /// <summary>Takes what has come together, if there is anything and the last time is long enough ago.</summary>
    public bool TryTake(out long sum)
    {
        sum = 0;
        long now = Environment.TickCount64;
        long next = Volatile.Read(ref _next);
        if (Volatile.Read(ref _sum) == 0 || now < next || Interlocked.CompareExchange(ref _next, now + PeriodMillis, next) != next)
        {
            return false;
        }

        sum = Interlocked.Exchange(ref _sum, 0);
        return sum != 0;
    }

    /// <summary>One more has happened; takes what has come together.</summary>
    public bool TryTakeOneMore(out long sum)
    {
        Add(1);
        return TryTake(out sum);
    }
}
