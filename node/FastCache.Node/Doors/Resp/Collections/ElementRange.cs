namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>Elements of a list, or members of a sorted set, that follow one another.</summary>
/// <param name="First">Position or rank of the first one.</param>
/// <param name="Count">How many they are, 0 or more.</param>
internal readonly record struct ElementRange(int First, int Count)
{
    /// <summary>Elements from one position to another.</summary>
    /// <param name="length">How many there are.</param>
    /// <param name="start">The first one; below 0 from the end.</param>
    /// <param name="end">The last one, likewise.</param>
    public static ElementRange Of(int length, long start, long end)
    {
        int first = (int)Math.Clamp(start < 0 ? length + start : start, 0, length);
        int last = (int)Math.Clamp(end < 0 ? length + end : end, -1, length - 1);
        return first > last ? default : new ElementRange(first, last - first + 1);
    }

    /// <summary>What LIMIT leaves.</summary>
    /// <param name="offset">How many are left out at the beginning; below 0: all.</param>
    /// <param name="limit">Most that are left; below 0: all.</param>
    /// <param name="isReverse">Whether the last one is the beginning.</param>
    public ElementRange Limited(long offset, long limit, bool isReverse)
    {
        int left = offset < 0 ? 0 : (int)Math.Max(0, Count - offset);
        int count = limit < 0 ? left : (int)Math.Min(left, limit);
        return new ElementRange(isReverse ? First + left - count : First + Count - left, count);
    }
}
