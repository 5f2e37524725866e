using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastCache.Io.Linux;

namespace FastCache.Io.Epoll;

/// <summary>One epoll descriptor, and what its last wait has reported and nobody has taken yet.</summary>
/// <remarks>
/// <para>
/// Everything is registered once, edge-triggered, for both directions, and never changed: a pause, a blocked send and a
/// rest of the listener need no system call. Level-triggered, a request and its reply cost the same three calls (wait,
/// receive, send; the first is shared by all that are ready), but each pause, resume, blocked and drained send one more,
/// and the kernel asks every socket that it has reported once more in the next wait.
/// </para>
/// <para><c>struct epoll_event</c>:
/// <code>
/// x86-64: byte  0        4                12      others:  0        4        8                16
///               +--------+----------------+                +--------+--------+----------------+
///               | events | tag            |                | events | unused | tag            |
///               +--------+----------------+                +--------+--------+----------------+
/// </code>
/// </para>
/// </remarks>
internal sealed unsafe class EpollSet : IDisposable
{
    private const int MaxEntries = 1_024;
    private const EpollEvents Wanted =
        EpollEvents.Readable | EpollEvents.Writable | EpollEvents.PeerHungUp | EpollEvents.EdgeTriggered;

    private static readonly bool IsPacked = RuntimeInformation.ProcessArchitecture == Architecture.X64;
    private static readonly int EntryBytes = IsPacked ? 12 : 16;
    private static readonly int TagOffset = IsPacked ? 4 : 8;

    private readonly int _descriptor;
    private byte* _entries;
    private int _next;
    private int _end;

    private EpollSet(int descriptor)
    {
        _descriptor = descriptor;
        _entries = (byte*)NativeMemory.Alloc((nuint)(MaxEntries * EntryBytes));
    }

    /// <summary>Whether reports of the last wait are left to be taken.</summary>
    public bool HasLeftOver => _next != _end;

    /// <summary>Null when the machine refuses; <paramref name="errno"/> says why.</summary>
    public static EpollSet? TryCreate(out int errno)
    {
        int descriptor = LibC.EpollCreate();
        errno = Math.Max(0, -descriptor);
        return descriptor < 0 ? null : new(descriptor);
    }

    /// <summary>Registers a descriptor; what is ready on it already is reported by the next wait.</summary>
    /// <returns>0, or the negated errno.</returns>
    public int Add(int descriptor, ulong tag)
    {
        byte* entry = stackalloc byte[EntryBytes];
        Unsafe.WriteUnaligned(entry, (uint)Wanted);
        Unsafe.WriteUnaligned(entry + TagOffset, tag);
        return LibC.EpollAdd(_descriptor, descriptor, entry);
    }

    /// <summary>Ends a registration of a descriptor that stays open; closing it does so by itself.</summary>
    public void Remove(int descriptor) => _ = LibC.EpollRemove(_descriptor, descriptor);

    /// <summary>Waits until something is ready or the time is over.</summary>
    /// <param name="timeoutMillis">0: only looks; negative: for ever.</param>
    public void Wait(int timeoutMillis)
    {
        Debug.Assert(!HasLeftOver, "what was reported would be lost");
        int count = LibC.EpollWait(_descriptor, _entries, MaxEntries, timeoutMillis);
        Debug.Assert(count is >= 0 or -Errno.Interrupted);
        _next = 0;
        _end = Math.Max(0, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTake(out EpollEvents events, out ulong tag)
    {
        if (_next == _end)
        {
            events = EpollEvents.None;
            tag = 0;
            return false;
        }

        byte* entry = _entries + _next++ * EntryBytes;
        events = (EpollEvents)Unsafe.ReadUnaligned<uint>(entry);
        tag = Unsafe.ReadUnaligned<ulong>(entry + TagOffset);
        return true;
    }

    public void Dispose()
    {
        if (_entries is not null)
        {
            _ = LibC.Close(_descriptor);
            NativeMemory.Free(_entries);
            _entries = null;
        }
    }
}
