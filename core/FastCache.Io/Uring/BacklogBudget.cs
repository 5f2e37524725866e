using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FastCache.Io.Uring;

/// <summary>Memory for bytes that peers do not read, within a hard limit over all connections.</summary>
/// <remarks>
/// A block is as long as its bytes, so the limit is exact. The C library's allocator is the pool behind it: it keeps
/// freed blocks for the next, and only a peer that is already too slow ever comes here.
/// </remarks>
internal sealed unsafe class BacklogBudget(long limitBytes)
{
    /// <summary>Bytes that are taken now.</summary>
    public long UsedBytes { get; private set; }

    /// <summary>Copies bytes aside; null when the limit, or the machine, has no room for them.</summary>
    public byte* TryCopy(byte* start, int length)
    {
        Debug.Assert(length > 0);
        if (length > limitBytes - UsedBytes)
        {
            return null;
        }

        byte* block;
        try
        {
            block = (byte*)NativeMemory.Alloc((nuint)length);
        }
        catch (OutOfMemoryException)
        {
            return null;
        }

        NativeMemory.Copy(start, block, (nuint)length);
        UsedBytes += length;
        return block;
    }

    public void Free(byte* block, int length)
    {
        Debug.Assert(block is not null);
        Debug.Assert(UsedBytes >= length);
        NativeMemory.Free(block);
        UsedBytes -= length;
    }
}
