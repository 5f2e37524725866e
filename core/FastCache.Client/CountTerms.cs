using FastCache.Protocol;

namespace FastCache.Client;

/// <summary>How a counter counts, and what an absent one becomes.</summary>
/// <param name="Initial">What an absent counter becomes, without the amount; null: it stays absent.</param>
/// <param name="InitialTimeToLiveMillis">How long such a new counter lives, 1 to
/// <see cref="FcpLimits.MaxTimeToLiveMillis"/>, or 0 for ever. Only with <paramref name="Initial"/>.</param>
/// <param name="IsChecked">Whether it counts from -2^63 to 2^63 - 1 and refuses to go beyond either end with
/// <see cref="Status.Overflow"/>. Otherwise it counts from 0 to 2^64 - 1, wraps around above and stops at 0 below.</param>
public readonly record struct CountTerms(
    ulong? Initial = null, ulong InitialTimeToLiveMillis = 0, bool IsChecked = false);
