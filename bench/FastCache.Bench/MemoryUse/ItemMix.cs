using System.Diagnostics;
using System.Globalization;
using FastCache.Bench.Micro.Operations;

namespace FastCache.Bench.MemoryUse;

/// <summary>Items to store, the same for every server: so many, with keys of one size and values of given sizes.</summary>
/// <param name="Name">What the tables call it.</param>
/// <param name="Items">How many.</param>
/// <param name="KeyBytes">Bytes of a key, at least <see cref="LeastKeyBytes"/>.</param>
/// <param name="ValueBytesOf">Bytes of an item's value by its number.</param>
internal sealed record ItemMix(string Name, int Items, int KeyBytes, Func<int, int> ValueBytesOf)
{
    /// <summary>Keys are numbers in text, which every server takes.</summary>
    public const int LeastKeyBytes = 10;

    private const double Median = 200;
    private const double Sigma = 1.5;
    private const int MostValueBytes = 60_000;

    /// <summary>Bytes of all keys and values.</summary>
    public long PayloadBytes { get; } = Enumerable.Range(0, Items).Sum(item => (long)KeyBytes + ValueBytesOf(item));

    /// <summary>The longest value.</summary>
    public int LongestValueBytes { get; } = Enumerable.Range(0, Items).Max(ValueBytesOf);

    /// <summary>All values of one size.</summary>
    public static ItemMix Fixed(int items, int keyBytes, int valueBytes) =>
        new($"{items:N0} items of {keyBytes}+{valueBytes} bytes", items, keyBytes, _ => valueBytes);

    /// <summary>Values as caches see them: most are small, most bytes are in large ones.</summary>
    public static ItemMix LogNormal(int items, int keyBytes) => new(
        $"{items:N0} items of {keyBytes} bytes + log-normal values (median {Median:0}, sigma {Sigma}, 1 to {MostValueBytes:N0})",
        items, keyBytes, LogNormalBytes);

    /// <summary>Writes the key of an item over the whole of <paramref name="key"/>.</summary>
    public static void WriteKey(Span<byte> key, int item)
    {
        key.Fill((byte)'.');
        bool fits = item.TryFormat(key, out _, default, CultureInfo.InvariantCulture);
        Debug.Assert(fits);
    }

    private static int LogNormalBytes(int item)
    {
        // Box and Muller 1958; drawn from the number, so that every server gets the same sizes.
        RandomKeys random = new(0, uint.MaxValue, (ulong)item);
        double radius = Math.Sqrt(-2 * Math.Log((random.NextNumber() + 1.0) / uint.MaxValue));
        double normal = radius * Math.Cos(2 * Math.PI * random.NextNumber() / uint.MaxValue);
        return (int)Math.Clamp(Math.Round(Median * Math.Exp(Sigma * normal)), 1, MostValueBytes);
    }
}
