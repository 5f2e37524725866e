using System.Numerics;
using FastCache.LoadGen.Workload;

namespace FastCache.Bench.Simulate.Policies;

/// <summary>How often objects were counted lately, approximately and in bounded memory: a count-min sketch that ages.</summary>
/// <remarks>
/// An object has one counter in each row; its count is the smallest of them, and only the smallest are incremented, up to
/// 15. After <see cref="SamplesPerObject"/> counts an object all counters are halved, so that what was popular once fades:
/// Einziger, Friedman, Manes, "TinyLFU: A Highly Efficient Cache Admission Policy" (2017).
/// </remarks>
internal sealed class FrequencySketch
{
    private const int Rows = 4;
    private const int CountersPerObject = 16;
    private const int SamplesPerObject = 10;
    private const int LargestCount = 15;

    /// <summary>Distance in bits of the pieces of the hash that the rows use.</summary>
    private const int BitsBetweenRows = 13;

    private const int MostObjects = 1 << 26;

    private readonly byte[] _counters;
    private readonly int _rowShift;
    private readonly long _samplesPerHalving;
    private long _samples;

    /// <param name="objects">How many objects are to be told apart: gives the size.</param>
    public FrequencySketch(long objects)
    {
        uint bounded = (uint)Math.Clamp(objects, 4, MostObjects);
        _rowShift = BitOperations.Log2(BitOperations.RoundUpToPowerOf2(bounded * (CountersPerObject / Rows)));
        _counters = new byte[Rows << _rowShift];
        _samplesPerHalving = (long)bounded * SamplesPerObject;
    }

    public int Estimate(int number)
    {
        ulong hash = HashOf(number);
        int least = LargestCount;
        for (int row = 0; row < Rows; row++)
        {
            least = Math.Min(least, Counter(row, hash));
        }

        return least;
    }

    public void Count(int number)
    {
        int estimate = Estimate(number);
        if (estimate < LargestCount)
        {
            Increment(number, estimate);
        }

        if (++_samples == _samplesPerHalving)
        {
            _samples = 0;
            foreach (ref byte counter in _counters.AsSpan())
            {
                counter >>= 1;
            }
        }
    }

    private void Increment(int number, int estimate)
    {
        ulong hash = HashOf(number);
        for (int row = 0; row < Rows; row++)
        {
            ref byte counter = ref Counter(row, hash);
            if (counter == estimate)
            {
                counter++;
            }
        }
    }

    private static ulong HashOf(int number) => SplitMix.Mix((ulong)number + 1);

    private ref byte Counter(int row, ulong hash)
    {
        int place = (int)(hash >> (row * BitsBetweenRows)) & ((1 << _rowShift) - 1);
        return ref _counters[(row << _rowShift) | place];
    }
}
