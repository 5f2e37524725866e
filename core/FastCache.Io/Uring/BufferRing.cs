using System.Runtime.CompilerServices;
using FastCache.Io.Connections;
using FastCache.Io.Linux;

namespace FastCache.Io.Uring;

/// <summary>The receive buffers of a ring: the kernel takes one for each receive, we give it back when it was read.</summary>
/// <remarks>
/// <code>
///          GiveBack (entry written)        Publish (tail moved)            a receive completes
///   held ─────────────────────────► written ───────────────► the kernel's ──────────────────────► held
/// </code>
/// Invariants:
/// 1. Every buffer is in exactly one of the three states; at most as many entries as buffers lie between the kernel's
///    head and the tail, so an entry is never overwritten before it was used.
/// 2. The tail moves only in <see cref="Publish"/>, once for a whole batch.
/// </remarks>
internal sealed unsafe class BufferRing : IDisposable
{
    /// <summary>The number by which receives name this ring's buffers.</summary>
    public const ushort Group = 0;

    private readonly BufferEntry* _entries;
    private readonly BufferMemory _memory;
    private readonly int _mask;
    private int _tail;
    private int _publishedTail;
    private bool _disposed;

    private BufferRing(BufferEntry* entries, BufferMemory memory)
    {
        _entries = entries;
        _memory = memory;
        _mask = memory.Count - 1;
    }

    /// <summary>Buffers that are not with the caller.</summary>
    public int NotHeld => _memory.Count - _memory.Held;

    /// <summary>Registers the ring and hands all buffers to the kernel.</summary>
    /// <returns>Null when the kernel refused; <paramref name="errno"/> says why.</returns>
    public static BufferRing? TryCreate(Ring ring, BufferMemory memory, out int errno)
    {
        BufferEntry* entries = (BufferEntry*)LibC.MapMemory((nint)memory.Count * sizeof(BufferEntry));
        BufferRing buffers = new(entries, memory);
        errno = Errno.NoMemory;
        if (entries is not null)
        {
            BufferRegistration registration = new()
            {
                RingAddress = (ulong)entries,
                RingEntries = (uint)memory.Count,
                Group = Group,
            };
            errno = ring.Register(RegisterOpcode.BufferRing, &registration, 1);
        }

        if (errno != 0)
        {
            buffers.Dispose();
            return null;
        }

        for (int i = 0; i < memory.Count; i++)
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
        _memory.Take(buffer);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void GiveBack(ushort buffer)
    {
        _memory.GiveBack(buffer);
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

    /// <summary>Frees the entries. The ring that they are registered with must be closed before.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        LibC.Unmap(_entries, (nint)_memory.Count * sizeof(BufferEntry));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(ushort buffer)
    {
        BufferEntry* entry = _entries + (_tail++ & _mask);
        entry->Address = (ulong)_memory.At(buffer);
        entry->Length = (uint)_memory.BufferBytes;
        entry->Id = buffer;
    }
}
