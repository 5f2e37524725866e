namespace FastCache.Protocol;

/// <summary>What one node allows; it tells its clients in the hello reply.</summary>
/// <remarks><c>default</c> allows no key at all.</remarks>
/// <param name="MaxKeyBytes">Longest key, 1 to <see cref="FcpLimits.MaxKeyBytes"/>.</param>
/// <param name="MaxValueBytes">Largest value, 0 to <see cref="FcpLimits.MaxValueBytes"/>.</param>
/// <param name="MaxBatchKeys">Most keys of a batch, 1 to <see cref="FcpLimits.MaxBatchKeys"/>.</param>
/// <exception cref="ArgumentOutOfRangeException">A limit is outside its range.</exception>
public readonly record struct ProtocolLimits(int MaxKeyBytes, int MaxValueBytes, int MaxBatchKeys)
{
    /// <summary>Keys of 250 bytes, values of 1 MiB, batches of 1,024 keys.</summary>
    public static ProtocolLimits Default => new(FcpLimits.MaxKeyBytes, 1 << 20, FcpLimits.MaxBatchKeys);

    /// <summary>Longest key in bytes.</summary>
    public int MaxKeyBytes { get; } = InRange(MaxKeyBytes, 1, FcpLimits.MaxKeyBytes, nameof(MaxKeyBytes));

    /// <summary>Largest value in bytes.</summary>
    public int MaxValueBytes { get; } = InRange(MaxValueBytes, 0, FcpLimits.MaxValueBytes, nameof(MaxValueBytes));

    /// <summary>Most keys of a batch.</summary>
    public int MaxBatchKeys { get; } = InRange(MaxBatchKeys, 1, FcpLimits.MaxBatchKeys, nameof(MaxBatchKeys));

    /// <summary>Longest body of a batched get: every key with its length byte.</summary>
    public int MaxBatchBodyBytes => MaxBatchKeys * (1 + MaxKeyBytes);

    /// <summary>Longest body of a batched set: room for one entry with the longest key and the largest value, or for
    /// more that are smaller.</summary>
    public int MaxBatchSetBodyBytes =>
        FcpLimits.TimeToLiveBytes + FcpLimits.BatchEntryBytes + MaxKeyBytes + MaxValueBytes;

    /// <summary>Longest request frame that decodes to <see cref="DecodeResult.Ok"/>: what a receiver must be able to
    /// hold in one piece.</summary>
    public int MaxFrameBytes => Math.Max(
        FcpLimits.HeaderBytes + Math.Max(MaxBatchBodyBytes, FcpLimits.MaxPieceBytes),
        FcpLimits.MaxSetOverheadBytes + MaxKeyBytes + MaxValueBytes);

    private static int InRange(int value, int min, int max, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, min, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, max, name);
        return value;
    }
}
