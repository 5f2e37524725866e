using System.Numerics;

namespace FastCache.Bench.Simulate.Policies;

/// <summary>A set of positions of a trace that knows its largest: bits, and bits that say which words have any.</summary>
internal sealed class PositionSet
{
    private const int WordShift = 6;

    private readonly ulong[][] _levels;

    /// <param name="count">Positions are 0 to <paramref name="count"/> - 1.</param>
    public PositionSet(int count)
    {
        List<ulong[]> levels = [];
        int words = count;
        do
        {
            words = (words + 63) >> WordShift;
            levels.Add(new ulong[words]);
        }
        while (words > 1);

        _levels = [.. levels];
    }

    public void Add(int position)
    {
        foreach (ulong[] level in _levels)
        {
            level[position >> WordShift] |= 1UL << position;
            position >>= WordShift;
        }
    }

    /// <returns>Whether the position was in the set.</returns>
    public bool Remove(int position)
    {
        if ((_levels[0][position >> WordShift] & (1UL << position)) == 0)
        {
            return false;
        }

        foreach (ulong[] level in _levels)
        {
            level[position >> WordShift] &= ~(1UL << position);
            position >>= WordShift;
            if (level[position] != 0)
            {
                break;
            }
        }

        return true;
    }

    /// <summary>The largest member; the set must not be empty.</summary>
    public int Largest()
    {
        int position = 0;
        for (int level = _levels.Length - 1; level >= 0; level--)
        {
            position = (position << WordShift) | BitOperations.Log2(_levels[level][position]);
        }

        return position;
    }
}
