using FastCache.LoadGen.Options;
using FastCache.Protocol;

namespace FastCache.Cli.Keys;

/// <summary>Options about how long items live.</summary>
internal static class LifeOptions
{
    private const string Longest = "6300d";

    /// <summary>A time to live of at least a millisecond.</summary>
    public static TextOption<TimeSpan> TimeToLive(string description) => new(
        "--ttl", "time", null, $"1ms to {Longest}, with ms, s, m, h or d", description, Reader(TimeSpan.FromMilliseconds(1)));

    /// <summary>A time to live, where 0s is for ever.</summary>
    public static TextOption<TimeSpan> TimeToLiveOrNone(string description) => new(
        "--ttl", "time", null, $"0s to {Longest}, with ms, s, m, h or d; 0s is for ever", description, Reader(TimeSpan.Zero));

    /// <summary>Milliseconds as the protocol has them, rounded up.</summary>
    public static ulong Millis(TimeSpan time) => (ulong)Math.Ceiling(time.TotalMilliseconds);

    private static TextReader<TimeSpan> Reader(TimeSpan least)
    {
        TimeSpan most = TimeSpan.FromDays(6300);
        System.Diagnostics.Debug.Assert(Millis(most) <= FcpLimits.MaxTimeToLiveMillis);
        return OptionReaders.Duration(least, most);
    }
}
