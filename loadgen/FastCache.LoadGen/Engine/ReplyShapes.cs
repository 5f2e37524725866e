using FastCache.LoadGen.Workload;
using FastCache.Protocol;

namespace FastCache.LoadGen.Engine;

/// <summary>The three replies that a run may get; everything else is an error.</summary>
/// <param name="valueBytes">Bytes of every value.</param>
/// <param name="values">Where the keys of requests are found, to check values by; null: values are not checked.</param>
internal sealed class ReplyShapes(int valueBytes, RequestStream? values)
{
    private const ulong Magic = FcpLimits.ReplyMagic;

    /// <summary>Bytes 0 to 7 of a hit's header.</summary>
    public readonly ulong HitHead =
        Magic | ((ulong)Opcode.Get << 8) | ((ulong)Status.Ok << 16) | ((ulong)(uint)valueBytes << 32);

    /// <summary>Bytes 0 to 7 of a miss's header.</summary>
    public readonly ulong MissHead = Magic | ((ulong)Opcode.Get << 8) | ((ulong)Status.NotFound << 16);

    /// <summary>Bytes 0 to 7 of a write's header.</summary>
    public readonly ulong WriteHead = Magic | ((ulong)Opcode.Set << 8) | ((ulong)Status.Ok << 16);

    /// <summary>Compares a value with what was written under the request's key.</summary>
    public bool ValueMatches(int index, ReadOnlySpan<byte> value) =>
        values is null || ValuePattern.Matches(values.KeyNumber(index), value);
}
