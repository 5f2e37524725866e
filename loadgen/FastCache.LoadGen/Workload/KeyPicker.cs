using FastCache.LoadGen.Options;

namespace FastCache.LoadGen.Workload;

/// <summary>Draws key numbers below a count.</summary>
internal sealed class KeyPicker
{
    private readonly int _count;
    private readonly ZipfSampler? _zipf;
    private readonly int _stride;

    public KeyPicker(int count, KeyDistribution distribution, double zipfExponent)
    {
        _count = count;
        _zipf = distribution == KeyDistribution.Zipf ? new(count, zipfExponent) : null;
        _stride = CoprimeStride(count);
    }

    public int Next(ref SplitMix random) => _zipf is null ? random.NextBelow(_count) : Scatter(_zipf.Next(ref random));

    /// <summary>Spreads neighbouring ranks over the keys; a bijection.</summary>
    private int Scatter(int rank) => (int)((long)rank * _stride % _count);

    /// <summary>A number near the golden section of the count that shares no divisor with it.</summary>
    private static int CoprimeStride(int count)
    {
        int stride = Math.Max(1, (int)(count * 0.6180339887498949));
        while (GreatestCommonDivisor(stride, count) != 1)
        {
            stride++;
        }

        return stride;
    }

    private static int GreatestCommonDivisor(int a, int b)
    {
        while (b != 0)
        {
            (a, b) = (b, a % b);
        }

        return a;
    }
}
