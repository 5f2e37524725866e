namespace FastCache.Client.Connections;

/// <summary>Pauses between attempts: each up to twice as long as the one before, up to a limit, and random in its upper half,
/// so that many clients of a node that comes back do not come at once.</summary>
internal sealed class Backoff(TimeSpan longest)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(10);

    private TimeSpan _next = Shorter(First, longest);

    public TimeSpan Next()
    {
        TimeSpan pause = _next * (0.5 + (Random.Shared.NextDouble() / 2));
        _next = Shorter(_next * 2, longest);
        return pause;
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
