using System.Diagnostics.CodeAnalysis;
using FastCache.Node.Doors.Resp.Subscriptions;

namespace FastCache.Node.Doors.Resp.ClientCaching;

/// <summary>Which clients have read which keys since those changed. Bounded: the keys that were read first by anybody are forgotten first.</summary>
/// <param name="mostBytes">Most bytes of all entries together.</param>
/// <param name="counters">Where keys and readers are counted.</param>
internal sealed class ReadKeys(long mostBytes, NodeCounters counters)
{
    /// <summary>What an entry takes beside its key: places in a dictionary and a list, and a set.</summary>
    private const int EntryBytes = 384;

    /// <summary>What a client takes in the set.</summary>
    private const int ReaderBytes = 40;

    private readonly Dictionary<byte[], LinkedListNode<Entry>> _entries = new(ByName.Comparer);
    private readonly LinkedList<Entry> _oldestFirst = [];
    private long _bytes;

    public int Count => _entries.Count;

    /// <summary>Remembers that a client has read a key.</summary>
    public void Add(ReadOnlySpan<byte> key, long client)
    {
        if (!_entries.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out LinkedListNode<Entry>? node))
        {
            node = _oldestFirst.AddLast(new Entry(key.ToArray(), []));
            _entries.Add(node.Value.Key, node);
            _bytes += EntryBytes + key.Length;
            counters.TrackedKeys++;
        }

        if (node.Value.Readers.Add(client))
        {
            _bytes += ReaderBytes;
            counters.TrackedReads++;
        }
    }

    /// <summary>Forgets a key.</summary>
    /// <returns>Who has read it; null: nobody.</returns>
    public HashSet<long>? Take(ReadOnlySpan<byte> key)
    {
        if (!_entries.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out LinkedListNode<Entry>? node))
        {
            return null;
        }

        Remove(node);
        return node.Value.Readers;
    }

    /// <summary>Forgets the oldest key, while there is more than may be.</summary>
    public bool TryTakeExcess([NotNullWhen(true)] out byte[]? key, [NotNullWhen(true)] out HashSet<long>? readers)
    {
        if (_bytes <= mostBytes || _oldestFirst.First is not LinkedListNode<Entry> oldest)
        {
            (key, readers) = (null, null);
            return false;
        }

        Remove(oldest);
        (key, readers) = oldest.Value;
        return true;
    }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        _entries.Clear();
        _oldestFirst.Clear();
        _bytes = counters.TrackedKeys = counters.TrackedReads = 0;
    }

    private void Remove(LinkedListNode<Entry> node)
    {
        _entries.Remove(node.Value.Key);
        _oldestFirst.Remove(node);
        _bytes -= EntryBytes + node.Value.Key.Length + (ReaderBytes * node.Value.Readers.Count);
        counters.TrackedKeys--;
        counters.TrackedReads -= node.Value.Readers.Count;
    }

    private readonly record struct Entry(byte[] Key, HashSet<long> Readers);
}
