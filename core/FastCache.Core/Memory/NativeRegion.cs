using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FastCache.Core.Memory;

/// <summary>One reservation of address space, made once, aligned to huge pages, given back on disposal.</summary>
/// <remarks>
/// On Linux the region is mapped without reserving swap and advised for huge pages: random lookups over a region of
/// gigabytes then miss the TLB far less (24 instead of 35 ns a lookup in prefetched batches, see DESIGN.md). Elsewhere
/// it is an aligned allocation.
/// </remarks>
internal sealed unsafe partial class NativeRegion : IDisposable
{
    private const int HugePageBytes = 2 << 20;
    private const int ProtReadWrite = 0x1 | 0x2;
    private const int MapPrivateAnonymousNoReserve = 0x02 | 0x20 | 0x4000;
    private const int AdviseHugePage = 14;
    private const int AdvisePopulateWrite = 23;

    private readonly byte* _mapping;
    private readonly nuint _mappingBytes;
    private bool _disposed;

    /// <param name="bytes">Size of the region, positive.</param>
    /// <param name="prefault">Whether every page is made present now, so that no later write pays for a page fault.</param>
    /// <exception cref="InsufficientMemoryException">The operating system refuses the reservation.</exception>
    public NativeRegion(long bytes, bool prefault)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        Bytes = bytes;
        if (!OperatingSystem.IsLinux())
        {
            Start = _mapping = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, HugePageBytes);
            return;
        }

        _mappingBytes = (nuint)bytes + HugePageBytes;
        nint mapped = Mmap(0, _mappingBytes, ProtReadWrite, MapPrivateAnonymousNoReserve, -1, 0);
        if (mapped == -1)
        {
            int errno = Marshal.GetLastPInvokeError();
            throw new InsufficientMemoryException($"The operating system refused to reserve {bytes} bytes (errno {errno}).");
        }

        _mapping = (byte*)mapped;
        Start = (byte*)(((nuint)_mapping + HugePageBytes - 1) & ~(nuint)(HugePageBytes - 1));
        // Both are hints: a kernel without them serves the same memory, only slower.
        _ = Madvise((nint)Start, (nuint)bytes, AdviseHugePage);
        if (prefault)
        {
            _ = Madvise((nint)Start, (nuint)bytes, AdvisePopulateWrite);
        }
    }

    ~NativeRegion() => Free();

    /// <summary>First byte; aligned to 2 MiB.</summary>
    public byte* Start { get; }

    /// <summary>Usable bytes from <see cref="Start"/>.</summary>
    public long Bytes { get; }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (!OperatingSystem.IsLinux())
        {
            NativeMemory.AlignedFree(_mapping);
        }
        else if (_mapping is not null)
        {
            int result = Munmap((nint)_mapping, _mappingBytes);
            Debug.Assert(result == 0);
        }
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Mmap(nint address, nuint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Munmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    private static partial int Madvise(nint address, nuint length, int advice);
}
