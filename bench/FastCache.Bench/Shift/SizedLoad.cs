using FastCache.Bench.Load;
using FastCache.Core.Items;
using FastCache.Core.Memory;
using FastCache.LoadGen.Workload;

namespace FastCache.Bench.Shift;

/// <summary>Reads and writes of values of one size, or of several with equal bytes of each.</summary>
/// <remarks>
/// Reads follow a Zipf distribution over the keys of their size. Writes are spread evenly over the keys, so that most of
/// them store a key that the shard does not have.
/// </remarks>
internal sealed class SizedLoad
{
    private readonly Part[] _parts;
    private readonly double _readShare;
    private SplitMix _random;

    /// <param name="name">For the report.</param>
    /// <param name="mark">Which load the keys say they belong to.</param>
    /// <param name="valueBytes">The sizes of the values.</param>
    /// <param name="options">Shares and extents.</param>
    public SizedLoad(string name, byte mark, int[] valueBytes, ShiftOptions options)
    {
        Name = name;
        Mark = mark;
        ValueBytes = valueBytes;
        _readShare = options.ReadShare;
        _random = new SplitMix(options.Seed + ((ulong)mark << 32));
        _parts = new Part[valueBytes.Length];
        double weights = valueBytes.Sum(bytes => 1.0 / ChunkBytesOf(bytes));
        double upTo = 0;
        for (int i = 0; i < _parts.Length; i++)
        {
            int chunk = ChunkBytesOf(valueBytes[i]);
            int keys = (int)Math.Max(16, options.KeySpace * options.BudgetBytes / _parts.Length / chunk);
            upTo += 1.0 / chunk / weights;
            _parts[i] = new Part(upTo, keys, new ZipfSampler(keys, options.Skew));
        }
    }

    public string Name { get; }

    /// <summary>For the chart.</summary>
    public string ShortName => ValueBytes.Length == 1 ? $"{ValueBytes[0]:N0} bytes" : "mix of sizes";

    public byte Mark { get; }

    /// <summary>The sizes; an operation names one by its place here.</summary>
    public int[] ValueBytes { get; }

    /// <summary>Bytes of the chunk that a value of this load is stored in.</summary>
    public static int ChunkBytesOf(int valueBytes) =>
        SizeClasses.ChunkBytes(SizeClasses.For(Item.Bytes(NumberedKey.Bytes, valueBytes, kind: 0)));

    /// <summary>The next operation.</summary>
    /// <param name="key">Room for the key.</param>
    /// <param name="size">Place of its value's size.</param>
    /// <returns>Whether it is a read.</returns>
    public bool Next(Span<byte> key, out int size)
    {
        double place = _random.NextDouble();
        size = 0;
        while (size < _parts.Length - 1 && place >= _parts[size].UpTo)
        {
            size++;
        }

        bool isRead = _random.NextDouble() < _readShare;
        int number = isRead ? _parts[size].Ranks.Next(ref _random) : _random.NextBelow(_parts[size].Keys);
        NumberedKey.Write(key, Mark, (byte)size, number);
        return isRead;
    }

    private readonly record struct Part(double UpTo, int Keys, ZipfSampler Ranks);
}
