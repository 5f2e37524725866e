using System.IO.Compression;
using HdrHistogram;
using HdrHistogram.Encoding;
using HdrHistogram.Utilities;

namespace FastCache.LoadGen.Reporting.Records;

/// <summary>The histogram of a record: HdrHistogram's compressed form in base 64, latencies in nanoseconds.</summary>
/// <remarks>
/// <code>
///   cookie (4) | length of the rest (4) | zlib head (2) | deflated: the histogram in HdrHistogram's plain form
/// </code>
/// HdrHistogram 2.5.0 reads the deflated part with one call, which on this runtime need not return all of it.
/// </remarks>
internal static class StoredHistogram
{
    private const int HeadBytes = 10;

    /// <summary>Reads one; null: it was not kept.</summary>
    /// <exception cref="InvalidDataException">It is not what HdrHistogram writes.</exception>
    public static HistogramBase? Read(string text)
    {
        if (text.Length == 0)
        {
            return null;
        }

        try
        {
            using MemoryStream stored = new(Convert.FromBase64String(text));
            stored.Position = HeadBytes;
            using DeflateStream inflater = new(stored, CompressionMode.Decompress);
            using MemoryStream plain = new();
            inflater.CopyTo(plain);
            return HistogramEncoding.DecodeFromByteBuffer(ByteBuffer.Allocate(plain.ToArray()), 0);
        }
        catch (Exception exception) when (exception is FormatException or ArgumentException or IndexOutOfRangeException
            or OverflowException or InvalidDataException or NotSupportedException)
        {
            throw new InvalidDataException($"a histogram of the record cannot be read: {exception.Message}");
        }
    }

    /// <summary>Latency in microseconds by share of the replies that were not slower, from the median on, finer towards the end.</summary>
    public static IEnumerable<(double Share, double Micros)> Curve(HistogramBase histogram)
    {
        const int StepsPerNine = 20;
        double last = 1 - (1.0 / Math.Max(1, histogram.TotalCount));
        for (int step = 0; ; step++)
        {
            double share = 1 - Math.Pow(10, -(double)step / StepsPerNine);
            bool isEnd = share >= last;
            yield return (isEnd ? last : share, histogram.GetValueAtPercentile(100 * (isEnd ? 1 : share)) / 1_000.0);
            if (isEnd)
            {
                yield break;
            }
        }
    }
}
