namespace FastCache.Node.Doors.Memcached;

/// <summary>Lives of items as memcached's clients tell them.</summary>
/// <param name="Millis">Milliseconds from now; 0: for ever.</param>
/// <param name="IsOver">Whether the item is gone at once.</param>
internal readonly record struct TimeToLive(ulong Millis, bool IsOver)
{
    private const int MaxRelativeSeconds = 30 * 86_400;
    private const int MillisPerSecond = 1_000;

    /// <summary>Reads a number of seconds: 0 is for ever, below 0 is gone at once, above 30 days is a time since 1970.</summary>
    public static TimeToLive Of(int seconds, long unixMillis)
    {
        if (seconds <= 0)
        {
            return new TimeToLive(0, seconds < 0);
        }

        long millis = (long)seconds * MillisPerSecond;
        millis -= seconds > MaxRelativeSeconds ? unixMillis : 0;
        return millis <= 0 ? new TimeToLive(0, IsOver: true) : new TimeToLive((ulong)millis, IsOver: false);
    }
}
