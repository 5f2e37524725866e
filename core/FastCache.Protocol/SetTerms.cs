namespace FastCache.Protocol;

/// <summary>The conditions and the life of a Set or SetBegin, as a client asks for them.</summary>
/// <param name="TimeToLiveMillis">1 to <see cref="FcpLimits.MaxTimeToLiveMillis"/>, or 0 for no expiry.</param>
/// <param name="Mode">The condition.</param>
/// <param name="Version">With <see cref="SetMode.IfVersion"/> the version that the item must have; with
/// <see cref="IfNewer"/> the one that it shall have; otherwise 0.</param>
public readonly record struct SetTerms(
    ulong TimeToLiveMillis = 0, SetMode Mode = SetMode.Always, ulong Version = 0)
{
    /// <summary>Whether every hit gives the item its time to live again.</summary>
    public bool Sliding { get; init; }

    /// <summary>For a sliding life: milliseconds beyond which no hit prolongs it; 0 for no such limit.</summary>
    public ulong SlidingLimitMillis { get; init; }

    /// <summary>Whether the value may be given out as stale after it has expired.</summary>
    public bool KeepStale { get; init; }

    /// <summary>The grant that this write fills; 0 for none.</summary>
    public ulong LeaseToken { get; init; }

    /// <summary>Whether <see cref="Version"/> becomes the item's, if the key is absent or older; with <see cref="LeaseToken"/> also if
    /// it has that version, whose life begins anew.</summary>
    public bool IfNewer { get; init; }

    /// <summary>Whether the reply shall carry the new version. Not for a SetBegin: its commit asks for it.</summary>
    public bool ReturnVersion { get; init; }

    /// <summary>Whether success shall not be answered. Not for a SetBegin.</summary>
    public bool Quiet { get; init; }

    internal RequestFlags Flags => (RequestFlags)Mode
        | (TimeToLiveMillis != 0 ? RequestFlags.HasTimeToLive : RequestFlags.None)
        | (ReturnVersion ? RequestFlags.ReturnVersion : RequestFlags.None)
        | (Quiet ? RequestFlags.Quiet : RequestFlags.None);

    internal SetExtras Extras => (Sliding ? SetExtras.Sliding : SetExtras.None)
        | (KeepStale ? SetExtras.KeepStale : SetExtras.None)
        | (SlidingLimitMillis != 0 ? SetExtras.HasSlidingLimit : SetExtras.None)
        | (LeaseToken != 0 ? SetExtras.HasLeaseToken : SetExtras.None)
        | (IfNewer ? SetExtras.IfNewer : SetExtras.None);

    /// <exception cref="ArgumentException">No node accepts this combination.</exception>
    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((byte)Mode, (byte)SetMode.IfVersion, nameof(Mode));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(TimeToLiveMillis, FcpLimits.MaxTimeToLiveMillis);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(SlidingLimitMillis, FcpLimits.MaxTimeToLiveMillis);
        ThrowUnless(Mode == SetMode.IfVersion || IfNewer || Version == 0, "A version goes with IfVersion or IfNewer.");
        ThrowUnless(!IfNewer || Mode == SetMode.Always, "IfNewer is a condition of its own.");
        ThrowUnless(!Sliding || TimeToLiveMillis != 0, "A sliding life needs a time to live.");
        ThrowUnless(Sliding || SlidingLimitMillis == 0, "A sliding limit needs a sliding life.");
    }

    private static void ThrowUnless(bool isAllowed, string rule)
    {
        if (!isAllowed)
        {
            throw new ArgumentException(rule);
        }
    }
}
