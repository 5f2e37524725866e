using System.Diagnostics;
using System.Runtime.CompilerServices;
using FastCache.Io.Linux;

namespace FastCache.Io.Uring;

/// <summary>The receive buffers of a ring: the kernel takes one for each receive, we give it back when it was read.</summary>
/// <remarks>
/// <code>
///          GiveBack (entry written)        Publish (tail moved)            a receive completes
///   held ─────────────────────────► written ───────────────► the kernel's ──────────────────────► held
/// </code>
/// Invariants:
/// 1. Every buffer is in exactly one of the three states; at most <see cref="Count"/> entries lie between the kernel's
///    head and the tail, so an entry is never overwritten before it was used.
/// 2. The tail moves only in <see cref="Publish"/>, once for a whole batch.
/// </remarks>
internal sealed unsafe class BufferRing : IDisposable
{
    /// <summary>The number by which receives name this ring's buffers.</summary>
    public const ushort Group = 0;

    private readonly BufferEntry* _entries;
    private readonly byte* _memory;
    private readonly int _mask;
    private readonly int _bufferBytes;
    private readonly bool[] _isHeld; // Kept in checked builds only.
    private int _tail;
    private int _publishedTail;
    private bool _disposed;

    private BufferRing(BufferEntry* entries, byte* memory, int count, int bufferBytes)
    {
        Debug.Assert(int.IsPow2(count) && count <= 32 * 1024);
        _entries = entries;
        _memory = memory;
        _mask = count - 1;
        _bufferBytes = bufferBytes;
        _isHeld = new bool[count];
    }

    public int Count => _mask + 1;

    /// <summary>Buffers that were reported and not given back.</summary>
    public int Held { get; private set; }

    /// <summary>Reserves the memory, registers the ring and hands all buffers to the kernel.</summary>
    /// <returns>Null when the kernel refused; <paramref name="errno"/> says why.</returns>
    public static BufferRing? TryCreate(Ring ring, int count, int bufferBytes, out int errno)
    {
        BufferEntry* entries = (BufferEntry*)LibC.MapMemory((nint)count * sizeof(BufferEntry));
        byte* memory = LibC.MapMemory((nint)count * bufferBytes, hugePages: true);
        BufferRing buffers = new(entries, memory, count, bufferBytes);
        errno = Errno.NoMemory;
        if (entries is not null && memory is not null)
        {
            BufferRegistration registration = new()
            {
                RingAddress = (ulong)entries,
                RingEntries = (uint)count,
                Group = Group,
            };
            errno = ring.Register(RegisterOpcode.BufferRing, &registration, 1);
        }

        if (errno != 0)
        {
            buffers.Dispose();
            return null;
        }

        for (int i = 0; i < count; i++)
        {
            buffers.Write((ushort)i);
        }

        buffers.Publish();
        return buffers;
    }

    /// <summary>Notes that a completion carried this buffer: it is ours until <see cref="GiveBack"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Take(ushort buffer)
    {
        Held++;
        Debug.Assert(Held <= Count);
        MarkHeld(buffer, true);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Bytes(ushort buffer, int length)
    {
        Debug.Assert(buffer <= _mask && _isHeld[buffer], "only a held buffer may be read");
        Debug.Assert(length > 0 && length <= _bufferBytes);
        return new(_memory + (nint)buffer * _bufferBytes, length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void GiveBack(ushort buffer)
    {
        Debug.Assert(Held > 0);
        MarkHeld(buffer, false);
        Held--;
        Write(buffer);
    }

    /// <summary>Shows the kernel what was given back since the last call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Publish()
    {
        if (_tail != _publishedTail)
        {
            _publishedTail = _tail;
            Volatile.Write(ref _entries->Tail, (ushort)_tail);
        }
    }

    /// <summary>Frees the memory. The ring that it is registered with must be closed before.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        LibC.Unmap(_entries, (nint)Count * sizeof(BufferEntry));
        LibC.Unmap(_memory, (nint)Count * _bufferBytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(ushort buffer)
    {
        BufferEntry* entry = _entries + (_tail++ & _mask);
        entry->Address = (ulong)(_memory + (nint)buffer * _bufferBytes);
        entry->Length = (uint)_bufferBytes;
        entry->Id = buffer;
    }

    [Conditional("DEBUG")]
    private void MarkHeld(ushort buffer, bool held)
    {
        Debug.Assert(buffer <= _mask);
        Debug.Assert(_isHeld[buffer] != held, held ? "the kernel used a held buffer" : "a buffer is released twice");
        _isHeld[buffer] = held;
    }
}
