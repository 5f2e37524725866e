namespace FastCache.Core.Items;

/// <summary>Issues the 64-bit version of every write: a hybrid logical clock.</summary>
/// <remarks>
/// <code>
/// bit  63                          16 15           0
///      +-----------------------------+-------------+
///      | Unix time in milliseconds   | counter     |
///      +-----------------------------+-------------+
/// </code>
/// Versions of one clock ascend strictly, also when the wall clock stands still or steps back; more than 65,536 writes in
/// a millisecond carry into the time. A version that comes from elsewhere moves the clock on, so that what is written
/// here afterwards is newer. After Kulkarni, Demirbas et al., "Logical Physical Clocks" (2014).
/// <para>
/// An item stores its version in 56 bits, counted from <see cref="OriginUnixMillis"/>: they last until 2054. From a year before
/// that (<see cref="LastUnixMillis"/>) the physical part stands still and the counter goes on, with room for 2^51 versions.
/// </para>
/// </remarks>
internal struct VersionClock
{
    /// <summary>2020-01-01T00:00:00Z in Unix milliseconds: where stored versions count from.</summary>
    public const long OriginUnixMillis = 1_577_836_800_000;

    /// <summary>How far ahead of this clock a version from elsewhere may be: an hour.</summary>
    /// <remarks>Without a bound one wrong clock of one writer would move all clocks for good.</remarks>
    public const long MaxAheadMillis = 3_600_000;

    private const int CounterBits = 16;
    private const int StoredBits = 56;

    /// <summary>The latest Unix time in milliseconds that a clock can give to versions: 2^35 ms before the end of 56 bits.</summary>
    private const long LastUnixMillis = OriginUnixMillis + (1L << (StoredBits - CounterBits)) - (1L << 35);

    private const ulong Origin = (ulong)OriginUnixMillis << CounterBits;
    private ulong _last;

    /// <summary>The next version, never 0.</summary>
    public ulong Next(long unixMillis) => _last = Math.Max(_last + 1, At(unixMillis));

    /// <summary>Takes note of a version that was issued elsewhere.</summary>
    /// <returns>False when it lies before 2020 or more than <see cref="MaxAheadMillis"/> ahead: then it must not be stored.</returns>
    public bool TryObserve(ulong version, long unixMillis)
    {
        long latest = Math.Clamp(unixMillis, OriginUnixMillis - MaxAheadMillis, LastUnixMillis) + MaxAheadMillis;
        if (version < Origin || version > Math.Max(_last, (ulong)latest << CounterBits))
        {
            return false;
        }

        _last = Math.Max(_last, version);
        return true;
    }

    /// <summary>The Unix time in milliseconds that a version carries.</summary>
    public static long UnixMillisOf(ulong version) => (long)(version >> CounterBits);

    /// <summary>A version as an item holds it, in the low 56 bits.</summary>
    public static ulong ToStored(ulong version) => (version - Origin) & ((1UL << StoredBits) - 1);

    /// <inheritdoc cref="ToStored"/>
    public static ulong FromStored(ulong stored) => (stored & ((1UL << StoredBits) - 1)) + Origin;

    private static ulong At(long unixMillis) => (ulong)Math.Clamp(unixMillis, OriginUnixMillis, LastUnixMillis) << CounterBits;
}
