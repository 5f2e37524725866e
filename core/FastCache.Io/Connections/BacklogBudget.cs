using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FastCache.Io.Connections;

/// <summary>Memory for bytes that peers do not read, within a hard limit over all connections.</summary>
/// <remarks>
/// A block is as long as its bytes, so the limit is exact. The C library's allocator is the pool behind it: it keeps
/// freed blocks for the next, and only a peer that is already too slow ever comes here.
/// </remarks>
internal sealed unsafe class BacklogBudget(long limitBytes)
{
    /// <summary>Bytes that are taken now.</summary>
    public long UsedBytes { get; private set; }

    /// <summary>Copies the last bytes of the connection's send aside; false when the limit, or the machine, has no room for them.</summary>
    public bool TryHold(Connection* connection, int length)
    {
        Debug.Assert(!connection->IsBlocked && length > 0 && length <= connection->SendLength);
        if (length > limitBytes - UsedBytes)
        {
            return false;
        }

        byte* block;
        try
        {
            block = (byte*)NativeMemory.Alloc((nuint)length);
        }
        catch (OutOfMemoryException)
        {
            return false;
        }

        NativeMemory.Copy(connection->SendStart + (connection->SendLength - length), block, (nuint)length);
        connection->Backlog = block;
        connection->BacklogLength = length;
        connection->BacklogSent = 0;
        UsedBytes += length;
        return true;
    }

    /// <summary>Frees what is held for a connection, if anything is.</summary>
    public void Free(Connection* connection)
    {
        if (connection->IsBlocked)
        {
            Debug.Assert(UsedBytes >= connection->BacklogLength);
            NativeMemory.Free(connection->Backlog);
            UsedBytes -= connection->BacklogLength;
            connection->Backlog = null;
        }
    }
}
