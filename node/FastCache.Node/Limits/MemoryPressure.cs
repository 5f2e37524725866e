namespace FastCache.Node.Limits;

/// <summary>What is to be done about connection memory.</summary>
internal enum PressureStep : byte
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Stop reading from the heaviest peers.</summary>
    Pause,

    /// <summary>Disconnect the heaviest peers.</summary>
    Disconnect,
}

/// <summary>When connection memory is scarce, and for how many bytes of peers something is to be done: a policy without hands.</summary>
/// <remarks>
/// Asked for each half of connection memory by itself, input and replies: either can run out while the other is empty.
/// <code>
///   0                                 3/4            7/8      budget
///   +----------------------------------+--------------+---------+
///   | as ever                          | pause        | discon- |
///   |                                  |              | nect    |
///   +----------------------------------+--------------+---------+
/// </code>
/// The last eighth is what one pass can add before this is asked again, in proportion to the budget: refusals are rare.
/// Peers that wait cannot finish the frames that hold the memory, so where waiting does not help within some patience, the
/// heaviest go as well.
/// </remarks>
internal static class MemoryPressure
{
    /// <summary>What to do.</summary>
    /// <param name="usedBytes">In use now.</param>
    /// <param name="budgetBytes">All that there is.</param>
    /// <param name="isPatient">Whether peers have been told to wait only a short while ago.</param>
    public static PressureStep StepFor(long usedBytes, long budgetBytes, bool isPatient) =>
        usedBytes <= budgetBytes / 4 * 3 ? PressureStep.None
        : !IsFull(usedBytes, budgetBytes) && isPatient ? PressureStep.Pause
        : PressureStep.Disconnect;

    /// <summary>Whether nothing more is to be taken of it before somebody was disconnected.</summary>
    public static bool IsFull(long usedBytes, long budgetBytes) => usedBytes > budgetBytes / 8 * 7;

    /// <summary>Bytes of the heaviest peers that are to be dealt with: down to three quarters.</summary>
    public static long ExcessBytes(long usedBytes, long budgetBytes) => usedBytes - (budgetBytes / 4 * 3);
}
