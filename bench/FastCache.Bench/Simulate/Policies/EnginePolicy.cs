using System.Runtime.InteropServices;
using FastCache.Bench.Simulate.Traces;
using FastCache.Core.Eviction;
using FastCache.Core.Items;
using FastCache.Core.Memory;
using FastCache.LoadGen.Workload;
using Debug = System.Diagnostics.Debug;

namespace FastCache.Bench.Simulate.Policies;

/// <summary>The engine's own eviction code, called as the engine's shard calls it, on items that are only headers.</summary>
/// <remarks>
/// Item n is the 32 bytes at n times 32, n from 1: references count in units of 16 bytes, so its reference is 2n.
/// <para>
/// In the engine, ghosts take the free entries of the index, and give way when it needs them; it has 12 for 4.5 items. Here
/// they wait in a queue of <see cref="GhostsPerItem"/> for every item that fits; the policy ends tests when there are more
/// ghosts than items.
/// The engine's index in its place gives the same hit ratios to a hundredth of a point while it has room; one that grows
/// from two buckets, and forgets the ghosts of each that it splits, moves recorded traces by up to 0.7 points.
/// </para>
/// <para>A trace with sizes runs on one clock over all its objects, without the engine's size classes and pages.</para>
/// </remarks>
internal sealed unsafe class EnginePolicy : ICachePolicy
{
    private const int ItemBytes = 32;
    private const int ReferencesPerItem = ItemBytes >> SizeClasses.GranularityShift;
    private const double GhostsPerItem = 5.0 / 3;
    private const int Ghosts = 1;

    /// <summary>As in a shard of 128 MiB or more.</summary>
    private const int DuelEntries = 256;

    /// <summary>One class is all there is; nothing expires.</summary>
    private const int SizeClass = 0;

    private const ulong Now = 0;

    private readonly Trace _trace;
    private readonly long _capacity;
    private readonly byte* _items;
    private readonly int[] _objectOfItem;
    private readonly uint[] _referenceOfObject;
    private readonly Stack<uint> _freeReferences;
    private readonly QueueSet _ghosts;
    private readonly uint[] _ghostOfObject;
    private readonly int _maxGhosts;
    private readonly byte* _duel;
    private ClockPro _clock;
    private int _ghostCount;
    private uint _lastUsed;

    public EnginePolicy(Trace trace, long capacity, ColdAllocation allocation)
    {
        int maxItems = (int)Math.Min(trace.Objects, capacity / trace.SmallestSize);
        _trace = trace;
        _capacity = capacity;
        _items = (byte*)NativeMemory.AllocZeroed((nuint)maxItems + 1, ItemBytes);
        _objectOfItem = new int[maxItems + 1];
        _referenceOfObject = new uint[trace.Objects];
        _freeReferences = new Stack<uint>(maxItems);
        for (int item = maxItems; item > 0; item--)
        {
            _freeReferences.Push((uint)item * ReferencesPerItem);
        }

        _ghosts = new QueueSet(trace, Ghosts);
        _ghostOfObject = new uint[trace.Objects];
        _maxGhosts = (int)Math.Min(trace.Objects, maxItems * GhostsPerItem);
        _duel = (byte*)NativeMemory.AllocZeroed((nuint)ColdShareDuel.Bytes(DuelEntries));
        long fewestItems = 1;
        _clock = new ClockPro(_items, SizeClass, maxItems, allocation, new ColdShareDuel(_duel, DuelEntries, fewestItems));
    }

    ~EnginePolicy() => Free();

    public long Used { get; private set; }

    public bool Request(int number)
    {
        uint reference = _referenceOfObject[number];
        if (reference != 0)
        {
            Use(reference, number);
            return true;
        }

        if (_trace.SizeOf(number) <= _capacity)
        {
            Insert(number);
        }

        return false;
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>Throws when an invariant of the engine's policy does not hold. Walks all items.</summary>
    public void Check() => _clock.Check();

    private static ulong HashOf(int number) => SplitMix.Mix((ulong)number);

    private void Use(uint reference, int number)
    {
        if (reference == _lastUsed)
        {
            return;
        }

        _lastUsed = reference;
        Item* item = ItemList.At(_items, reference);
        item->Packed = ClockPro.Used(item->Packed);
        Sample(number);
    }

    private void Sample(int number)
    {
        if ((ColdShareDuel.KeyOf(HashOf(number)) & _clock.SampleMask) == 0)
        {
            _clock.Sample(HashOf(number));
        }
    }

    private void Insert(int number)
    {
        Sample(number);
        uint ghost = TakeGhost(number);
        bool startsHot = ghost != 0 && _clock.TryReclaim(ghost);
        int size = _trace.SizeOf(number);
        while (Used + size > _capacity)
        {
            Evict(_clock.SelectVictim(Now));
        }

        while (_ghostCount > _maxGhosts)
        {
            _clock.GhostDropped(TakeGhost(_ghosts.Oldest(Ghosts)));
        }

        uint reference = _freeReferences.Pop();
        _objectOfItem[reference / ReferencesPerItem] = number;
        _referenceOfObject[number] = reference;
        Used += size;
        _clock.Insert(reference, startsHot);
        _lastUsed = reference;
    }

    private void Evict(uint victim)
    {
        Debug.Assert(victim != 0, "A full cache has items.");
        int number = _objectOfItem[victim / ReferencesPerItem];
        _clock.Remove(victim);
        uint ghost = _clock.Bury(victim, HashOf(number));
        if (ghost != 0)
        {
            _ghostOfObject[number] = ghost;
            _ghosts.Push(Ghosts, number);
            _ghostCount++;
        }

        ItemList.At(_items, victim)->Packed = 0;
        _freeReferences.Push(victim);
        _referenceOfObject[number] = 0;
        Used -= _trace.SizeOf(number);
    }

    private void Free()
    {
        NativeMemory.Free(_items);
        NativeMemory.Free(_duel);
    }

    /// <returns>The ghost of an object, which is forgotten; 0 if it has none.</returns>
    private uint TakeGhost(int number)
    {
        if (_ghosts.QueueOf(number) == 0)
        {
            return 0;
        }

        _ghosts.Remove(number);
        _ghostCount--;
        return _ghostOfObject[number];
    }
}
