using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace FastCache.Node.Shards;

/// <summary>A bounded queue between one producing and one consuming thread, without locks.</summary>
/// <remarks>
/// After Lamport, "Specifying Concurrent Program Modules" (1983): each side writes its own counter only, so a release
/// store after the entry and an acquire load before it are all that is needed. The counters stand on cache lines of
/// their own, and each side keeps its last look at the other's: it looks again only when that one says full or empty.
/// </remarks>
/// <typeparam name="T">What travels.</typeparam>
/// <param name="capacity">A power of two.</param>
internal sealed class SpscQueue<T>(int capacity)
    where T : class
{
    private readonly T?[] _entries = new T?[capacity];
    private QueueCounters _counters;

    /// <summary>Whether there is nothing for the consumer. Exact on its thread when false, a hint on others.</summary>
    public bool IsEmpty => Count == 0;

    /// <summary>Entries for the consumer; there may be more by now.</summary>
    public int Count => Volatile.Read(ref _counters.Tail) - Volatile.Read(ref _counters.Head);

    /// <summary>Adds an entry; on the producer's thread only.</summary>
    /// <returns>False when it is full.</returns>
    public bool TryEnqueue(T entry)
    {
        int tail = _counters.Tail;
        if (tail - _counters.HeadSeen == capacity)
        {
            _counters.HeadSeen = Volatile.Read(ref _counters.Head);
            if (tail - _counters.HeadSeen == capacity)
            {
                return false;
            }
        }

        _entries[tail & (capacity - 1)] = entry;
        Volatile.Write(ref _counters.Tail, tail + 1);
        return true;
    }

    /// <summary>Takes the oldest entry; on the consumer's thread only.</summary>
    public bool TryDequeue([NotNullWhen(true)] out T? entry)
    {
        int head = _counters.Head;
        if (head == _counters.TailSeen)
        {
            _counters.TailSeen = Volatile.Read(ref _counters.Tail);
            if (head == _counters.TailSeen)
            {
                entry = null;
                return false;
            }
        }

        ref T? place = ref _entries[head & (capacity - 1)];
        entry = place!;
        place = null;
        Volatile.Write(ref _counters.Head, head + 1);
        return true;
    }
}

/// <summary>How far the two sides of a <see cref="SpscQueue{T}"/> are, a cache line and its neighbour for each.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct QueueCounters
{
    /// <summary>Entries taken; the consumer's.</summary>
    [FieldOffset(64)]
    public int Head;

    /// <summary>What the consumer has last seen of <see cref="Tail"/>.</summary>
    [FieldOffset(68)]
    public int TailSeen;

    /// <summary>Entries added; the producer's.</summary>
    [FieldOffset(192)]
    public int Tail;

    /// <summary>What the producer has last seen of <see cref="Head"/>.</summary>
    [FieldOffset(196)]
    public int HeadSeen;
}
