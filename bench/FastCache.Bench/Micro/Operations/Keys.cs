using System.Numerics;
using System.Runtime.CompilerServices;

namespace FastCache.Bench.Micro.Operations;

/// <summary>An endless sequence of 16-byte keys.</summary>
/// <remarks>
/// Keys are made as they are asked for, at about 2 ns each on both sides of every comparison. A list of keys drawn once
/// would be short enough for its items to stay in the processor's caches, and the benchmark would measure those.
/// </remarks>
internal interface IKeys
{
    UInt128 Next();
}

/// <summary>The keys of numbered items.</summary>
internal static class Key
{
    public const int Bytes = 16;

    /// <summary>Distinct for distinct numbers, and spread over all 16 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static UInt128 Of(ulong number) => new(number * 0x9E3779B97F4A7C15, number);
}

/// <summary>Keys drawn uniformly from the numbers <paramref name="first"/> to <paramref name="first"/> + <paramref name="range"/> - 1.</summary>
internal struct RandomKeys(ulong first, uint range, ulong seed = 1) : IKeys
{
    private ulong _state = seed;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint NextNumber()
    {
        // splitmix64 (Steele, Lea, Flood 2014), and Lemire's multiplication in place of a division.
        _state += 0x9E3779B97F4A7C15;
        ulong z = _state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (uint)(((z >> 32) * range) >> 32);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public UInt128 Next() => Key.Of(first + NextNumber());
}

/// <summary>Keys that never come twice, from the number <paramref name="first"/> on.</summary>
internal struct FreshKeys(ulong first) : IKeys
{
    private ulong _next = first;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public UInt128 Next() => Key.Of(_next++);
}

/// <summary>The keys numbered 0 to <paramref name="range"/> - 1, each once a round, far from the one before.</summary>
/// <remarks>For operations that must not meet a key twice in one batch.</remarks>
internal struct StridingKeys(uint range) : IKeys
{
    private readonly uint _stride = StrideOf(range);
    private uint _last;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public UInt128 Next()
    {
        ulong next = (ulong)_last + _stride;
        _last = (uint)(next < range ? next : next - range);
        return Key.Of(_last);
    }

    /// <summary>The number nearest above the golden section of the range that has no divisor in common with it.</summary>
    private static uint StrideOf(uint range)
    {
        uint stride = (uint)(range * 0.618);
        while (BigInteger.GreatestCommonDivisor(stride, range) != 1)
        {
            stride++;
        }

        return stride;
    }
}
