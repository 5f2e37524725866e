namespace FastCache.Bench.Simulate.Traces;

/// <summary>A sequence of requests, each for one of a number of objects.</summary>
/// <remarks>
/// Objects are numbered from 0 in the order in which they first appear, so that policies can keep what they know of an
/// object in arrays. A key that appears with two sizes is two objects: a changed object has to be fetched again.
/// </remarks>
internal sealed class Trace
{
    private readonly int[] _requests;
    private readonly int[]? _sizes;

    /// <param name="name">For tables and charts.</param>
    /// <param name="requests">Object numbers; every number below their count appears.</param>
    /// <param name="objects">Number of distinct objects.</param>
    /// <param name="sizes">Bytes of each object; null: every object counts 1.</param>
    public Trace(string name, int[] requests, int objects, int[]? sizes = null)
    {
        Name = name;
        _requests = requests;
        _sizes = sizes;
        Objects = objects;
        Footprint = sizes is null ? objects : sizes.Sum(size => (long)size);
        SmallestSize = sizes is null ? 1 : sizes.Min();
    }

    public string Name { get; }

    /// <summary>Object numbers in the order of the requests.</summary>
    public ReadOnlySpan<int> Requests => _requests;

    /// <summary>Number of distinct objects.</summary>
    public int Objects { get; }

    /// <summary>Whether capacities count bytes; otherwise they count objects.</summary>
    public bool HasSizes => _sizes is not null;

    /// <summary>The capacity that holds everything: bytes, or objects where the trace has no sizes.</summary>
    public long Footprint { get; }

    /// <summary>Size of the smallest object.</summary>
    public int SmallestSize { get; }

    /// <summary>Bytes of an object; 1 where the trace has no sizes.</summary>
    public int SizeOf(int number) => _sizes is null ? 1 : _sizes[number];
}
