namespace FastCache.LoadGen.Workload;

/// <summary>SplitMix64 (Steele, Lea, Flood 2014): the same numbers for the same seed on every machine.</summary>
internal struct SplitMix(ulong seed)
{
    private const ulong Step = 0x9E3779B97F4A7C15;

    private ulong _state = seed;

    /// <summary>The 64 bits that belong to a number: a bijection without visible pattern.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    /// <summary>The generator of a seed after a number of calls of <see cref="Next"/>.</summary>
    public static SplitMix After(ulong seed, long calls) => new(unchecked(seed + ((ulong)calls * Step)));

    public ulong Next() => Mix(_state += Step);

    /// <summary>Uniform in [0, 1).</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [0, bound).</summary>
    public int NextBelow(int bound) => (int)Math.BigMul(Next(), (ulong)bound, out _);
}
