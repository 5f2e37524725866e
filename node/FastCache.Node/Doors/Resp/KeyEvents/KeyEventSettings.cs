using FastCache.Node.Sessions;

namespace FastCache.Node.Doors.Resp.KeyEvents;

/// <summary>Of which events subscribers are told; one setting for all shards, and for all threads.</summary>
internal sealed class KeyEventSettings
{
    private readonly ChangeInterest _interest;
    private int _classes;

    /// <param name="interest">Where it is said that there is something to tell.</param>
    /// <param name="initial">At the node's start.</param>
    public KeyEventSettings(ChangeInterest interest, EventClasses initial)
    {
        _interest = interest;
        Classes = initial;
    }

    public EventClasses Classes
    {
        get => (EventClasses)Volatile.Read(ref _classes);
        set
        {
            int before = Interlocked.Exchange(ref _classes, (int)value);
            _interest.Want((value == EventClasses.None ? 0 : 1) - (before == 0 ? 0 : 1));
        }
    }

    /// <summary>Whether there is anything to tell.</summary>
    public bool IsOn => Classes != EventClasses.None;
}
