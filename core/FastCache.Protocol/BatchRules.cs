using System.Buffers.Binary;
using System.Diagnostics;

namespace FastCache.Protocol;

/// <summary>The rules inside the body of a batch: every key in range, together exactly the body.</summary>
internal static class BatchRules
{
    /// <summary>Walks the keys of a batched get.</summary>
    /// <param name="request">A batched get whose header passed.</param>
    /// <param name="limits">What this node allows.</param>
    /// <param name="index">The first key that is wrong, if one is.</param>
    /// <param name="keyLength">The length that it claims.</param>
    internal static FrameFault CheckKeys(
        in Request request, in ProtocolLimits limits, out int index, out int keyLength)
    {
        Debug.Assert(request.Opcode == Opcode.BatchGet);
        ReadOnlySpan<byte> rest = request.Value;
        keyLength = 0;
        for (index = 0; index < (int)request.Argument; index++)
        {
            if (rest.IsEmpty)
            {
                return FrameFault.BatchTooShort;
            }

            keyLength = rest[0];
            if (keyLength == 0 || keyLength > limits.MaxKeyBytes)
            {
                return FrameFault.BatchKeyLength;
            }

            if (keyLength >= rest.Length)
            {
                return FrameFault.BatchTooShort;
            }

            rest = rest[(1 + keyLength)..];
        }

        return rest.IsEmpty ? FrameFault.None : FrameFault.BatchTooLong;
    }

    /// <summary>Walks the entries of a batched set.</summary>
    /// <param name="request">A batched set whose header passed.</param>
    /// <param name="limits">What this node allows.</param>
    /// <param name="index">The first entry that is wrong, if one is.</param>
    /// <param name="keyLength">The key length that it claims.</param>
    internal static FrameFault CheckEntries(
        in Request request, in ProtocolLimits limits, out int index, out int keyLength)
    {
        Debug.Assert(request.Opcode == Opcode.BatchSet);
        ReadOnlySpan<byte> rest = request.Value;
        keyLength = 0;
        for (index = 0; index < (int)request.Argument; index++)
        {
            if (rest.Length < FcpLimits.BatchEntryBytes)
            {
                return FrameFault.BatchTooShort;
            }

            keyLength = rest[0];
            if (keyLength == 0 || keyLength > limits.MaxKeyBytes)
            {
                return FrameFault.BatchKeyLength;
            }

            long entryBytes = FcpLimits.BatchEntryBytes + keyLength + BinaryPrimitives.ReadUInt32LittleEndian(rest[1..]);
            if (entryBytes > rest.Length)
            {
                return FrameFault.BatchTooShort;
            }

            rest = rest[(int)entryBytes..];
        }

        return rest.IsEmpty ? FrameFault.None : FrameFault.BatchTooLong;
    }
}
