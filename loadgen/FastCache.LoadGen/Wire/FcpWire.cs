using FastCache.LoadGen.Workload;
using FastCache.Protocol;

namespace FastCache.LoadGen.Wire;

/// <summary>FastCache's own protocol; a request's id is its index, with <see cref="RequestStream.WriteBit"/> in sets.</summary>
internal sealed class FcpWire : IWire
{
    public static readonly FcpWire Instance = new();

    public int GetBytes(int keyBytes) => FcpLimits.HeaderBytes + keyBytes;

    public int SetBytes(int keyBytes, int valueBytes) => FcpLimits.HeaderBytes + keyBytes + valueBytes;

    public int KeyOffset(int keyBytes) => FcpLimits.HeaderBytes;

    public int Get(Span<byte> request, uint index, ReadOnlySpan<byte> key) => RequestWriter.Get(request, index, key);

    public int Set(Span<byte> request, uint index, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
        RequestWriter.Set(request, index | RequestStream.WriteBit, key, value);
}
