
namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>Members with scores that a command puts together, of one or several sets: found by their bytes, and put in order.</summary>
/// <remarks>
/// A table with open addressing, of twice as many slots as members were announced or more; its hash is seeded by the process. The
/// memory is taken when it is first needed and kept: about 6 MiB, of which is touched what is used.
/// </remarks>
internal sealed class GatheredMembers
{
    /// <summary>Most bytes of all members.</summary>
    public const int MostBytes = 4 << 20;

    /// <summary>Most members: each is one that is put together with others.</summary>
    public const int MostMembers = LookBudget.MostOfCommand / LookBudget.OfLookup;

    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(MostBytes);
    private readonly Member[] _members = GC.AllocateUninitializedArray<Member>(MostMembers);
    private readonly int[] _order = GC.AllocateUninitializedArray<int>(MostMembers);

    /// <summary>Places of members plus one; 0: free.</summary>
    private readonly int[] _table = GC.AllocateUninitializedArray<int>(2 * MostMembers);

    private readonly Comparison<int> _compare;
    private int _mask;
    private int _usedBytes;
    private int _all;

    public GatheredMembers() => _compare = Compare;

    /// <summary>Members that are there.</summary>
    public int Count { get; private set; }

    /// <summary>Begins anew.</summary>
    /// <param name="members">Most of them: at most <see cref="MostMembers"/>.</param>
    public void Begin(int members)
    {
        int slots = 2;
        while (slots < 2 * members)
        {
            slots *= 2;
        }

        _mask = slots - 1;
        Array.Clear(_table, 0, slots);
        (Count, _all, _usedBytes) = (0, 0, 0);
    }

    /// <summary>Finds a member, also one that was dropped, and adds it if need be.</summary>
    /// <param name="member">Its bytes.</param>
    /// <param name="isNew">Whether it was added, with the score 0.</param>
    /// <returns>Its place; -1: there is no room for its bytes.</returns>
    public int FindOrAdd(ReadOnlySpan<byte> member, out bool isNew)
    {
        int slot = SlotOf(member);
        isNew = _table[slot] == 0;
        if (!isNew)
        {
            return _table[slot] - 1;
        }

        if (member.Length > MostBytes - _usedBytes)
        {
            return -1;
        }

        member.CopyTo(_bytes.AsSpan(_usedBytes));
        _members[_all] = new Member { Start = _usedBytes, Length = (ushort)member.Length, IsThere = true };
        _usedBytes += member.Length;
        _table[slot] = ++_all;
        Count++;
        return _all - 1;
    }

    /// <summary>Finds a member, also one that was dropped.</summary>
    /// <returns>Its place; -1: there is none.</returns>
    public int Find(ReadOnlySpan<byte> member) => _table[SlotOf(member)] - 1;

    /// <summary>Places up to now: those of dropped members are among them.</summary>
    public int Places => _all;

    /// <summary>Whether the member of a place was not dropped.</summary>
    public bool IsThere(int place) => _members[place].IsThere;

    /// <summary>The bytes of a place's member.</summary>
    public ReadOnlySpan<byte> this[int place] => _bytes.AsSpan(_members[place].Start, _members[place].Length);

    /// <summary>The score of a place's member.</summary>
    public ref double Score(int place) => ref _members[place].Score;

    /// <summary>Takes a member out.</summary>
    public void Drop(int place)
    {
        Count -= _members[place].IsThere ? 1 : 0;
        _members[place].IsThere = false;
    }

    /// <summary>The places of all members that are there, in the order of their scores, and of their bytes where these are the same.</summary>
    public ReadOnlySpan<int> InOrder()
    {
        int count = 0;
        for (int place = 0; place < _all; place++)
        {
            if (_members[place].IsThere)
            {
                _order[count++] = place;
            }
        }

        Span<int> order = _order.AsSpan(0, count);
        order.Sort(_compare);
        return order;
    }

    private int Compare(int left, int right)
    {
        int byScore = _members[left].Score.CompareTo(_members[right].Score);
        return byScore != 0 ? byScore : this[left].SequenceCompareTo(this[right]);
    }

    /// <summary>The slot of a member, or the free one where it belongs.</summary>
    private int SlotOf(ReadOnlySpan<byte> member)
    {
        HashCode hash = default;
        hash.AddBytes(member);
        int slot = hash.ToHashCode() & _mask;
        while (_table[slot] != 0 && !this[_table[slot] - 1].SequenceEqual(member))
        {
            slot = (slot + 1) & _mask;
        }

        return slot;
    }

    private struct Member
    {
        public double Score;
        public int Start;
        public ushort Length;
        public bool IsThere;
    }
}
