namespace FastCache.LoadGen.Engine;

/// <summary>A loop whose load is due by the clock, not by replies.</summary>
internal interface IDueCount
{
    /// <summary>What was due in the phase, sent or not.</summary>
    long Due { get; }

    /// <summary>What of it was sent.</summary>
    long Sent { get; }
}
