using System.Diagnostics;
using System.Numerics;

namespace FastCache.Core.Eviction;

/// <summary>Finds out how much of a clock should be cold, by letting two small models of it run on a sample of the keys.</summary>
/// <remarks>
/// One model is a plain CLOCK, which is what CLOCK-Pro becomes when everything may be cold: it wins where what was just used is
/// used again. The other is CLOCK-Pro with 1% cold: it wins where what is used often stays useful, and on loops and scans.
/// Both see the same references, those of the keys whose hash has as many zero bits as the sampling asks for, with as many
/// entries as the real clock has of such keys (Waldspurger, Saemundsson, Ahmad, Park: "Cache Modeling and
/// Optimization using Miniature Simulations", USENIX ATC 2017). Each hit that one model has and the other has not moves the
/// cold share towards it; a lead of as many hits as the models have entries moves it from one end to the other. So the
/// share rests between the ends where they are equally good.
/// <code>
/// plain CLOCK      CLOCK list
/// CLOCK-Pro 1%     HOT list, COLD list, GHOST list      the states of <see cref="ClockPro"/>, with exact ghosts
/// </code>
/// A reference that is not sampled costs a test of its hash. A sampled one costs some 100 ns; one in 16 of a class that has
/// one page of 144-byte chunks, one in 4,096 at a million items.
/// <para>Invariants:
/// 1. Every key in the lists is sampled.
/// 2. No list has more entries than <see cref="ClockPro"/> has residents in the sample, at most as many as there is memory for.
/// </para>
/// </remarks>
internal unsafe struct ColdShareDuel
{
    private const byte UseMask = 3;
    private const byte InTest = 4;
    private const int Lists = 4;

    /// <summary>Entries beyond the capacity that a list has for a moment.</summary>
    private const int Slack = 2;

    private readonly int _entries;
    private ShadowList _clock;
    private ShadowList _hot;
    private ShadowList _cold;
    private ShadowList _ghosts;
    private uint _position;
    private uint _testLimit;
    private double _share;
    private int _sampleShift;

    /// <param name="memory"><see cref="Bytes"/> bytes.</param>
    /// <param name="entries">Entries of each model.</param>
    /// <param name="fewestItems">As many items as the real clock has at the very least when it is full: sampling begins with them.</param>
    public ColdShareDuel(byte* memory, int entries, long fewestItems)
    {
        _entries = entries;
        int listBytes = ShadowList.Bytes(entries + Slack);
        _clock = new ShadowList(memory, entries + Slack);
        _hot = new ShadowList(memory + listBytes, entries + Slack);
        _cold = new ShadowList(memory + (2 * listBytes), entries + Slack);
        _ghosts = new ShadowList(memory + (3 * listBytes), entries + Slack);
        _sampleShift = BitOperations.Log2((ulong)Math.Max(1, fewestItems / entries));
    }

    /// <summary>The share of the items that should be cold, 0 to 1.</summary>
    public readonly double Share => _share;

    /// <summary>A reference is sampled if <see cref="KeyOf"/> its hash has none of these bits.</summary>
    public readonly uint SampleMask => (1u << _sampleShift) - 1;

    /// <summary>Bytes of the lists.</summary>
    public static long Bytes(int entries) => (long)Lists * ShadowList.Bytes(entries + Slack);

    /// <summary>What the models know a key by: the half of its hash that does not choose its bucket.</summary>
    public static uint KeyOf(ulong hash) => (uint)(hash >> 32);

    /// <summary>Shows the models a reference, a hit or the insertion of a key.</summary>
    /// <param name="hash">Of the key; need not be sampled.</param>
    /// <param name="resident">Items that the real clock has.</param>
    public void Feed(ulong hash, int resident)
    {
        while (resident >> _sampleShift > _entries)
        {
            _sampleShift++;
            _clock.RemoveKeysWith(SampleMask);
            _hot.RemoveKeysWith(SampleMask);
            _cold.RemoveKeysWith(SampleMask);
            _ghosts.RemoveKeysWith(SampleMask);
        }

        uint key = KeyOf(hash);
        if ((key & SampleMask) != 0)
        {
            return;
        }

        int capacity = Math.Max(1, resident >> _sampleShift);
        int lead = (ReferInClock(key, capacity) ? 1 : 0) - (ReferInClockPro(key, capacity) ? 1 : 0);
        _share = Math.Clamp(_share + ((double)lead / capacity), 0, 1);
    }

    /// <summary>Throws when an invariant does not hold; for checked builds.</summary>
    public readonly void Check() => Invariant.Require(
        _clock.Count <= _entries && _hot.Count + _cold.Count <= _entries && _ghosts.Count <= _entries,
        "a model of the cold share has too many entries");

    private bool ReferInClock(uint key, int capacity)
    {
        int found = _clock.Find(key);
        if (found >= 0)
        {
            _clock.State(found) = 1;
            return true;
        }

        for (int step = 0; _clock.Count >= capacity; step++)
        {
            uint oldest = _clock.Key(0);
            bool isUsed = _clock.State(0) != 0;
            _clock.RemoveAt(0);
            if (isUsed && step < ClockPro.MaxSweep)
            {
                _clock.Add(oldest, 0, 0);
            }
        }

        _clock.Add(key, 0, 0);
        return false;
    }

    private bool ReferInClockPro(uint key, int capacity)
    {
        if (TryUse(ref _hot, key) || TryUse(ref _cold, key))
        {
            return true;
        }

        int hotTarget = Math.Max(1, capacity - Math.Max(1, capacity / 100));
        int ghost = _ghosts.Find(key);
        if (ghost >= 0)
        {
            _ghosts.RemoveAt(ghost);
        }

        bool isFull = _hot.Count + _cold.Count >= capacity;
        while (_hot.Count + _cold.Count >= capacity)
        {
            EvictOne(hotTarget, capacity);
        }

        if (ghost >= 0 || (!isFull && _hot.Count < hotTarget))
        {
            PushHot(key, hotTarget);
        }
        else
        {
            _cold.Add(key, ++_position, InTest);
        }

        return false;
    }

    private static bool TryUse(ref ShadowList list, uint key)
    {
        int found = list.Find(key);
        if (found < 0)
        {
            return false;
        }

        ref byte state = ref list.State(found);
        state += (byte)((state & UseMask) < UseMask ? 1 : 0);
        return true;
    }

    private void EvictOne(int hotTarget, int capacity)
    {
        for (int step = 0; ; step++)
        {
            if (_cold.Count == 0)
            {
                Demote();
            }

            (uint key, uint position, byte state) = (_cold.Key(0), _cold.Position(0), _cold.State(0));
            _cold.RemoveAt(0);
            bool isInTest = (state & InTest) != 0 && (int)(position - _testLimit) >= 0;
            if ((state & UseMask) == 0 || step >= ClockPro.MaxSweep)
            {
                Bury(key, position, isInTest, capacity);
                return;
            }

            if (isInTest || _hot.Count < hotTarget)
            {
                PushHot(key, hotTarget);
            }
            else
            {
                _cold.Add(key, ++_position, InTest);
            }
        }
    }

    private void Bury(uint key, uint position, bool isInTest, int capacity)
    {
        while (_ghosts.Count > 0 && _ghosts.Count >= capacity)
        {
            _ghosts.RemoveAt(0);
        }

        if (isInTest)
        {
            _ghosts.Add(key, position, 0);
        }
    }

    private void PushHot(uint key, int hotTarget)
    {
        _hot.Add(key, ++_position, 0);
        while (_hot.Count > hotTarget)
        {
            Demote();
        }
    }

    private void Demote()
    {
        Debug.Assert(_hot.Count > 0);
        for (int step = 0; ; step++)
        {
            (uint key, uint position, byte state) = (_hot.Key(0), _hot.Position(0), _hot.State(0));
            _hot.RemoveAt(0);
            // Positions wrap; what is compared is never far apart.
            _testLimit = (int)(position - _testLimit) > 0 ? position : _testLimit;
            while (_ghosts.Count > 0 && (int)(_ghosts.Position(0) - _testLimit) < 0)
            {
                _ghosts.RemoveAt(0);
            }

            int uses = state & UseMask;
            if (uses == 0 || step >= ClockPro.MaxSweep)
            {
                _cold.Add(key, ++_position, 0);
                return;
            }

            _hot.Add(key, ++_position, (byte)(uses - 1));
        }
    }
}
