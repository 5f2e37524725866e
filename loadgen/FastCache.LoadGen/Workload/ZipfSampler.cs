namespace FastCache.LoadGen.Workload;

/// <summary>Draws ranks 0 to n-1 in proportion to 1 / (rank + 1)^exponent, in constant time and memory.</summary>
/// <remarks>
/// W. Hörmann, G. Derflinger: Rejection-inversion to generate variates from monotone discrete distributions (1996).
/// H is an antiderivative of x^-exponent; a point is drawn uniformly below H, inverted, rounded to the nearest rank and
/// accepted if it lies below that rank's bar.
/// </remarks>
internal sealed class ZipfSampler
{
    private readonly int _count;
    private readonly double _exponent;
    private readonly double _areaFirst;
    private readonly double _areaLast;
    private readonly double _sureAccept;

    /// <param name="count">Ranks, at least 1.</param>
    /// <param name="exponent">Above 0.</param>
    public ZipfSampler(int count, double exponent)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(exponent);
        _count = count;
        _exponent = exponent;
        _areaFirst = Area(1.5) - 1;
        _areaLast = Area(count + 0.5);
        _sureAccept = 2 - InverseArea(Area(2.5) - Bar(2));
    }

    public int Next(ref SplitMix random)
    {
        while (true)
        {
            double area = _areaLast + (random.NextDouble() * (_areaFirst - _areaLast));
            double x = InverseArea(area);
            double rank = Math.Clamp(Math.Round(x), 1, _count);
            if (rank - x <= _sureAccept || area >= Area(rank + 0.5) - Bar(rank))
            {
                return (int)rank - 1;
            }
        }
    }

    private double Bar(double x) => Math.Exp(-_exponent * Math.Log(x));

    private double Area(double x)
    {
        double log = Math.Log(x);
        return ExpMinus1Over((1 - _exponent) * log) * log;
    }

    private double InverseArea(double area)
    {
        double t = Math.Max(-1, area * (1 - _exponent));
        return Math.Exp(Log1PlusOver(t) * area);
    }

    /// <summary>log(1 + x) / x, also near 0.</summary>
    private static double Log1PlusOver(double x) =>
        Math.Abs(x) > 1e-8 ? Math.Log(1 + x) / x : 1 - (x * (0.5 - (x * (1.0 / 3))));

    /// <summary>(exp(x) - 1) / x, also near 0.</summary>
    private static double ExpMinus1Over(double x) =>
        Math.Abs(x) > 1e-8 ? (Math.Exp(x) - 1) / x : 1 + (x * 0.5 * (1 + (x * (1.0 / 3))));
}
