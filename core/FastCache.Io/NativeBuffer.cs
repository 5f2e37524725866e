using System.Runtime.InteropServices;

namespace FastCache.Io;

/// <summary>A block of native memory at an address that never changes, aligned to a cache line.</summary>
/// <remarks>What the kernel may read or write lives in these, never in pinned managed memory.</remarks>
public sealed unsafe class NativeBuffer : IDisposable
{
    private const int Alignment = 64;
    private byte* _start;

    /// <summary>Takes <paramref name="bytes"/> bytes of zeroed memory.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="bytes"/> is not positive.</exception>
    /// <exception cref="OutOfMemoryException">The operating system has no more.</exception>
    public NativeBuffer(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        _start = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, Alignment);
        NativeMemory.Clear(_start, (nuint)bytes);
        Length = bytes;
    }

    ~NativeBuffer() => Free();

    /// <summary>Size in bytes.</summary>
    public int Length { get; }

    /// <summary>The whole block.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public Span<byte> Span
    {
        get
        {
            ObjectDisposedException.ThrowIf(_start is null, this);
            return new(_start, Length);
        }
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_start);
        _start = null;
    }
}
