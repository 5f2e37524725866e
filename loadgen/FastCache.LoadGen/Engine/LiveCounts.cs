using System.Numerics;

namespace FastCache.LoadGen.Engine;

/// <summary>A coarse histogram (6%) of latencies that one thread writes while another reads it for the live line.</summary>
/// <remarks>
/// Counts only grow, and words are read whole, so the reader needs no lock: it subtracts what it saw last time. What it
/// sees may be a few replies behind.
/// </remarks>
internal sealed class LiveCounts
{
    /// <summary>16 buckets for each power of two.</summary>
    public const int Buckets = 61 * Steps;

    private const int Steps = 16;
    private const int StepBits = 4;

    private readonly long[] _counts = new long[Buckets];
    private readonly long[] _byKind = new long[ReplyKinds.Count];

    public void Add(ReplyKind kind, long nanos, long count)
    {
        _counts[BucketOf(nanos)] += count;
        _byKind[(int)kind] += count;
    }

    /// <summary>All that were added of a kind.</summary>
    public long Of(ReplyKind kind) => Volatile.Read(ref _byKind[(int)kind]);

    public void CopyTo(Span<long> counts)
    {
        for (int i = 0; i < Buckets; i++)
        {
            counts[i] = Volatile.Read(ref _counts[i]);
        }
    }

    /// <summary>The bucket that holds a latency.</summary>
    internal static int BucketOf(long nanos)
    {
        if (nanos < Steps)
        {
            return (int)Math.Max(0, nanos);
        }

        int power = BitOperations.Log2((ulong)nanos);
        int step = (int)(nanos >> (power - StepBits)) & (Steps - 1);
        return ((power - StepBits + 1) * Steps) + step;
    }

    /// <summary>The smallest latency of a bucket.</summary>
    internal static long Floor(int bucket)
    {
        int power = (bucket / Steps) + StepBits - 1;
        return bucket < Steps ? bucket : (long)(Steps + (bucket % Steps)) << (power - StepBits);
    }
}
