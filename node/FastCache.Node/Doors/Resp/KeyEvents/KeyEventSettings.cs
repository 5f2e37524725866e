namespace FastCache.Node.Doors.Resp.KeyEvents;

/// <summary>Of which events subscribers are told; one setting for all shards.</summary>
/// <param name="initial">At the node's start.</param>
internal sealed class KeyEventSettings(EventClasses initial)
{
    private volatile int _classes = (int)initial;

    public EventClasses Classes
    {
        get => (EventClasses)_classes;
        set => _classes = (int)value;
    }

    /// <summary>Whether there is anything to tell; when not, a write costs this look.</summary>
    public bool IsOn => _classes != 0;
}
