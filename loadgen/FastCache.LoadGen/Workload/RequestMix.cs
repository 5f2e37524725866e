using FastCache.LoadGen.Options;
using FastCache.LoadGen.Wire;
using FastCache.Protocol;

namespace FastCache.LoadGen.Workload;

/// <summary>What share of the requests is what, and how many bytes each has on the wire.</summary>
/// <param name="Reads">Reads among all operations.</param>
/// <param name="Misses">Reads of absent keys among all reads.</param>
/// <param name="KeyBytes">Bytes of a key.</param>
/// <param name="ValueBytes">Bytes of a value.</param>
internal readonly record struct RequestMix(double Reads, double Misses, int KeyBytes, int ValueBytes)
{
    public static RequestMix Of(RunOptions options) =>
        new(options.Reads, options.Misses, options.KeySize, options.ValueSize) { Wire = options.Wire };

    /// <summary>The form of its requests.</summary>
    public IWire Wire { get; init; } = FcpWire.Instance;

    public int GetBytes => Wire.GetBytes(KeyBytes);

    public int SetBytes => Wire.SetBytes(KeyBytes, ValueBytes);

    public double AverageRequestBytes => (Reads * GetBytes) + ((1 - Reads) * SetBytes);

    /// <summary>In FastCache's own protocol.</summary>
    public double AverageReplyBytes => FcpLimits.HeaderBytes + (Reads * (1 - Misses) * ValueBytes);
}
