using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastCache.Core.Index;

namespace FastCache.Bench.Micro.Operations;

/// <summary>Finds the entries of a bucket that have a tag.</summary>
internal unsafe interface ITagProbe
{
    uint Match(Bucket* bucket, byte tag);
}

internal readonly unsafe struct VectorProbe : ITagProbe
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Match(Bucket* bucket, byte tag) => Bucket.Match(bucket, tag);
}

internal readonly unsafe struct ScalarProbe : ITagProbe
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Match(Bucket* bucket, byte tag) => Bucket.MatchScalar(bucket, tag);
}

/// <summary>Probes buckets that are in the first-level cache: what the comparison costs, not the memory.</summary>
internal sealed unsafe class ProbeTags<TProbe> : Operation
    where TProbe : struct, ITagProbe
{
    private const int Buckets = 256;

    private readonly Bucket* _buckets = (Bucket*)NativeMemory.AlignedAlloc(Buckets * Bucket.Bytes, Bucket.Bytes);
    private readonly byte[] _tags = new byte[Buckets];

    public ProbeTags()
    {
        Random random = new(1);
        random.NextBytes(new Span<byte>(_buckets, Buckets * Bucket.Bytes));
        random.NextBytes(_tags);
    }

    public override int Run()
    {
        int matches = 0;
        byte[] tags = _tags;
        for (int i = 0; i < PerRun; i++)
        {
            matches += BitOperations.PopCount(default(TProbe).Match(_buckets + (i % Buckets), tags[i % Buckets]));
        }

        return matches < 0 ? 0 : PerRun;
    }

    public override void Dispose()
    {
        NativeMemory.AlignedFree(_buckets);
        base.Dispose();
    }
}
