using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace FastCache.Io.Connections;

/// <summary>The receive buffers of a backend as memory, and the account of those that the caller holds.</summary>
/// <remarks>Which of the others is filled next is decided elsewhere: by the kernel, or by a <see cref="BufferPool"/>.</remarks>
internal sealed unsafe class BufferMemory : IDisposable
{
    private readonly bool[] _isHeld; // Kept in checked builds only.
    private byte* _memory;

    /// <exception cref="InsufficientMemoryException">The machine has no more.</exception>
    public BufferMemory(int count, int bufferBytes)
    {
        Debug.Assert(int.IsPow2(count) && count <= 32 * 1024);
        Count = count;
        BufferBytes = bufferBytes;
        _isHeld = new bool[count];
        _memory = NativePages.Map((nint)count * bufferBytes, hugePages: true);
        if (_memory is null)
        {
            throw new InsufficientMemoryException();
        }
    }

    public int Count { get; }

    public int BufferBytes { get; }

    /// <summary>Buffers that were reported and not given back.</summary>
    public int Held { get; private set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* At(ushort buffer) => _memory + (nint)buffer * BufferBytes;

    /// <summary>The first bytes of a held buffer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Bytes(ushort buffer, int length)
    {
        Debug.Assert(buffer < Count && _isHeld[buffer], "only a held buffer may be read");
        Debug.Assert(length > 0 && length <= BufferBytes);
        return new(At(buffer), length);
    }

    /// <summary>The caller holds this buffer until <see cref="GiveBack"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Take(ushort buffer)
    {
        Held++;
        Debug.Assert(Held <= Count);
        MarkHeld(buffer, true);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void GiveBack(ushort buffer)
    {
        Debug.Assert(Held > 0);
        MarkHeld(buffer, false);
        Held--;
    }

    public void Dispose()
    {
        NativePages.Unmap(_memory, (nint)Count * BufferBytes);
        _memory = null;
    }

    [Conditional("DEBUG")]
    private void MarkHeld(ushort buffer, bool held)
    {
        Debug.Assert(buffer < Count);
        Debug.Assert(_isHeld[buffer] != held, held ? "the kernel used a held buffer" : "a buffer is released twice");
        _isHeld[buffer] = held;
    }
}
