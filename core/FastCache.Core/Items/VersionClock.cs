namespace FastCache.Core.Items;

/// <summary>Issues the 64-bit version of every write: a hybrid logical clock.</summary>
/// <remarks>
/// <code>
/// bit  63                          16 15           0
///      +-----------------------------+-------------+
///      | Unix time in milliseconds   | counter     |
///      +-----------------------------+-------------+
/// </code>
/// Versions of one clock ascend strictly, also when the physical time stands still or steps back; more than 65,536
/// writes in a millisecond carry into the time. After Kulkarni, Demirbas et al., "Logical Physical Clocks" (2014).
/// </remarks>
internal struct VersionClock
{
    private const int CounterBits = 16;
    private ulong _last;

    /// <summary>The next version, never 0.</summary>
    public ulong Next(long unixMillis)
    {
        ulong physical = (ulong)unixMillis << CounterBits;
        _last = Math.Max(_last + 1, physical);
        return _last;
    }
}
