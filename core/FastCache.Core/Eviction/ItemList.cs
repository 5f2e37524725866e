using System.Diagnostics;
using FastCache.Core.Items;
using FastCache.Core.Memory;

namespace FastCache.Core.Eviction;

/// <summary>A queue of items threaded through their headers: in at the newest end, out at the oldest or anywhere.</summary>
internal unsafe struct ItemList
{
    /// <summary>Items between the oldest and the one that <see cref="LookAhead"/> is at: some 8 evictions are long enough for two cache misses.</summary>
    private const int Distance = 8;

    private const int CacheLineBytes = 64;

    private uint _newest;
    private uint _oldest;
    private uint _ahead;
    private int _lead;

    /// <summary>Number of items.</summary>
    public int Count { get; private set; }

    /// <summary>The item that has been in the queue longest, or 0.</summary>
    public readonly uint Oldest => _oldest;

    public void PushNewest(byte* start, uint reference)
    {
        Item* item = At(start, reference);
        item->Newer = 0;
        item->Older = _newest;
        if (_newest != 0)
        {
            At(start, _newest)->Newer = reference;
        }
        else
        {
            _oldest = reference;
        }

        _newest = reference;
        Count++;
    }

    /// <summary>The next item on the way from the oldest to the newest that will soon be the oldest, each once; starts to load the one after it.</summary>
    /// <returns>0 when those that come soon have all been named.</returns>
    public uint LookAhead(byte* start)
    {
        if (_lead >= Distance)
        {
            return 0;
        }

        uint next = _ahead == 0 ? _oldest : At(start, _ahead)->Newer;
        if (next != 0)
        {
            _ahead = next;
            _lead++;
            byte* later = (byte*)At(start, At(start, next)->Newer);
            Prefetch.ToSecondLevel(later);
            Prefetch.ToSecondLevel(later + CacheLineBytes);
        }

        return next;
    }

    public void Remove(byte* start, uint reference)
    {
        Debug.Assert(Count > 0);
        Item* item = At(start, reference);
        if (reference == _ahead)
        {
            _ahead = item->Older;
        }

        if (reference == _oldest)
        {
            // Removals further back are not counted: the look ahead then stays a little behind, until here.
            _lead = _ahead == 0 ? 0 : Math.Max(0, _lead - 1);
        }

        if (item->Newer != 0)
        {
            At(start, item->Newer)->Older = item->Older;
        }
        else
        {
            Debug.Assert(_newest == reference);
            _newest = item->Older;
        }

        if (item->Older != 0)
        {
            At(start, item->Older)->Newer = item->Newer;
        }
        else
        {
            Debug.Assert(_oldest == reference);
            _oldest = item->Newer;
        }

        Count--;
    }

    /// <summary>Lets a copy of an item, header included, take the item's place.</summary>
    public void Replace(byte* start, uint reference, uint copy)
    {
        Item* item = At(start, copy);
        _ahead = _ahead == reference ? copy : _ahead;
        if (item->Newer != 0)
        {
            At(start, item->Newer)->Older = copy;
        }
        else
        {
            Debug.Assert(_newest == reference);
            _newest = copy;
        }

        if (item->Older != 0)
        {
            At(start, item->Older)->Newer = copy;
        }
        else
        {
            Debug.Assert(_oldest == reference);
            _oldest = copy;
        }
    }

    public static Item* At(byte* start, uint reference) =>
        (Item*)(start + ((ulong)reference << SizeClasses.GranularityShift));
}
