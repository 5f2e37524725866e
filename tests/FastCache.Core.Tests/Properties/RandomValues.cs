using System.Globalization;

namespace FastCache.Core.Tests.Properties;

/// <summary>Values as the properties need them: of lengths at which something changes, and in which a mix-up shows.</summary>
internal static class RandomValues
{
    /// <summary>Drawn once: a seeded generator takes longer to fill a large value than the shard to store it.</summary>
    private static readonly byte[] NoiseSource = MakeNoise();

    /// <summary>A length from 0 to over 64 KiB, mostly short, often next to where one chunk no longer holds the value.</summary>
    public static int Length(Random random, int most) => Math.Min(most, random.Next(20) switch
    {
        < 9 => random.Next(100),
        < 14 => random.Next(4_000),
        < 16 => random.Next(65_000),
        16 => random.Next(64, 300),
        17 => 65_536 - random.Next(500),
        _ => random.Next(65_000, Math.Max(65_001, most + 1)),
    });

    /// <summary>Up to 1 MiB that no compressor shrinks, each time others.</summary>
    public static byte[] Noise(Random random, int length)
    {
        int start = random.Next(NoiseSource.Length - length);
        return NoiseSource[start..(start + length)];
    }

    /// <summary>Noise at both ends and one byte between: shrinks to almost nothing.</summary>
    public static byte[] Compressible(Random random, int length)
    {
        byte[] value = new byte[length];
        value.AsSpan().Fill((byte)random.Next(256));
        random.NextBytes(value.AsSpan(0, Math.Min(16, length)));
        random.NextBytes(value.AsSpan(Math.Max(0, length - 16)));
        return value;
    }

    /// <summary>Decimal text, mostly next to where a counter wraps or overflows; sometimes not quite a number.</summary>
    public static byte[] Number(Random random)
    {
        string[] edges =
        [
            "0", "1", "-1", "9223372036854775807", "9223372036854775806", "-9223372036854775808", "-9223372036854775807",
            "18446744073709551615", "18446744073709551614", "18446744073709551616", "9223372036854775808",
            "007", "-0", "+1", "", "-", " 1", "1 ", "1.5", "1e3", "000000000000000000001", "12a",
        ];
        return CacheModel.Bytes(random.Next(2) == 0
            ? edges[random.Next(edges.Length)]
            : random.NextInt64(-1_000, 1_000).ToString(CultureInfo.InvariantCulture));
    }

    public static ulong Amount(Random random) => random.Next(6) switch
    {
        0 => ulong.MaxValue,
        1 => long.MaxValue,
        2 => 1UL << 63,
        _ => (ulong)random.Next(1_000),
    };

    private static byte[] MakeNoise()
    {
        byte[] noise = new byte[(1 << 20) + 7];
        new Random(1).NextBytes(noise);
        return noise;
    }
}
