namespace FastCache.LoadGen.Engine;

/// <summary>When requests are due: request i at start + i / rate.</summary>
/// <param name="start">When request 0 is due, in clock ticks.</param>
/// <param name="ticksPerRequest">Clock ticks from one request to the next.</param>
/// <param name="end">No request is due from here on.</param>
internal readonly struct OpenSchedule(long start, double ticksPerRequest, long end)
{
    /// <summary>Requests that are due by then.</summary>
    public long DueBy(long now)
    {
        long elapsed = Math.Min(now, end - 1) - start;
        return elapsed < 0 ? 0 : (long)(elapsed / ticksPerRequest) + 1;
    }

    /// <summary>When a request is due, in clock ticks.</summary>
    public long DueAt(long request) => start + (long)(request * ticksPerRequest);
}
