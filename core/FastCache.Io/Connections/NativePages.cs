using System.Runtime.InteropServices;
using FastCache.Io.Linux;

namespace FastCache.Io.Connections;

/// <summary>Zeroed, page-aligned native memory that on Linux costs nothing until it is touched.</summary>
internal static unsafe class NativePages
{
    private const nuint Alignment = 4_096;

    /// <summary>Null when the machine has no more.</summary>
    /// <param name="bytes">Its size.</param>
    /// <param name="hugePages">Whether the operating system is asked for large pages.</param>
    public static byte* Map(nint bytes, bool hugePages = false)
    {
        if (OperatingSystem.IsLinux())
        {
            return LibC.MapMemory(bytes, hugePages);
        }

        try
        {
            byte* block = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, Alignment);
            NativeMemory.Clear(block, (nuint)bytes);
            return block;
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    public static void Unmap(void* address, nint bytes)
    {
        if (OperatingSystem.IsLinux())
        {
            LibC.Unmap(address, bytes);
        }
        else
        {
            NativeMemory.AlignedFree(address);
        }
    }
}
