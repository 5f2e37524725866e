using FastCache.LoadGen.Workload;

namespace FastCache.Bench.Soak;

/// <summary>The one source of random numbers of a soak: what it draws depends on the seed alone.</summary>
internal sealed class SoakRandom(ulong seed)
{
    private SplitMix _numbers = new(seed);

    public ulong Next() => _numbers.Next();

    /// <summary>Uniform in [0, bound).</summary>
    public int Below(int bound) => _numbers.NextBelow(bound);

    /// <summary>Uniform in [0, bound).</summary>
    public long Below(long bound) => (long)Math.BigMul(Next(), (ulong)bound, out _);

    /// <summary>True once in so many times.</summary>
    public bool OneIn(int times) => Below(times) == 0;

    /// <summary>Uniform in [0, 1).</summary>
    public double Share() => _numbers.NextDouble();

    /// <summary>From least to most, every doubling equally likely.</summary>
    public long Logarithmic(long least, long most) =>
        Math.Min(most, (long)(least * Math.Exp(Share() * Math.Log((most + 1.0) / least))));
}
