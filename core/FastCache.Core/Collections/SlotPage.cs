using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace FastCache.Core.Collections;

/// <summary>A stretch of memory with entries in order: a key and a value each, both of any length.</summary>
/// <remarks>
/// <code>
/// byte  0       2      4         6          8                            heap            bytes
///       +-------+------+---------+----------+---------+------------------+---------------+
///       | count | heap | garbage | kind, 0  | slot[i] | free             | entries       |
///       +-------+------+---------+----------+---------+------------------+---------------+
/// kind    only where the page is an item's value: see <see cref="CollectionKind"/>
/// slot    where entry i begins, 2 bytes, in the order of the entries
/// entry   | length of key | length of value | key | value |
/// length  1 byte up to 127, else 2 bytes: 0x80 | high, low
/// </code>
/// A value whose length reads <see cref="OutsideMark"/> lies elsewhere, and 8 bytes in its place say where.
/// <para>Invariants:
/// 1. The slots end before the heap begins; the entries and garbage fill the heap to the byte.
/// 2. Keys ascend (compared as unsigned bytes), unless all are empty.
/// </para>
/// </remarks>
internal readonly unsafe struct SlotPage(byte* start, int bytes)
{
    /// <summary>Bytes of a page without entries.</summary>
    public const int HeaderBytes = 8;

    /// <summary>What the length of a value says that lies outside of the page.</summary>
    public const int OutsideMark = 0x7FFF;

    /// <summary>Bytes that stand in place of such a value.</summary>
    public const int StubBytes = 8;

    private const int SlotBytes = sizeof(ushort);
    private const int LongestShort = 0x7F;

    private readonly ushort* _words = (ushort*)start;

    public int Count => _words[0];

    /// <summary>Bytes in use, the header's too.</summary>
    public int UsedBytes => HeaderBytes + (Count * SlotBytes) + bytes - Heap - Garbage;

    /// <summary>Bytes that entries and their slots can still take.</summary>
    public int FreeBytes => bytes - UsedBytes;

    private int Heap => _words[1];

    private int Garbage => _words[2];

    private ushort* Slots => _words + (HeaderBytes / SlotBytes);

    /// <summary>Bytes that an entry takes with its slot.</summary>
    public static int EntryBytes(int keyLength, int valueLength) =>
        SlotBytes + LengthBytes(keyLength) + LengthBytes(valueLength) + keyLength + StoredBytes(valueLength);

    /// <summary>Makes the page empty.</summary>
    public void Clear()
    {
        *(ulong*)start = 0;
        _words[1] = (ushort)bytes;
    }

    public ReadOnlySpan<byte> Key(int slot)
    {
        byte* entry = Entry(slot, out int keyLength, out _);
        return new ReadOnlySpan<byte>(entry, keyLength);
    }

    /// <summary>The value as it stands in the page: itself, or what says where it lies.</summary>
    public Span<byte> Value(int slot, out bool isOutside)
    {
        byte* entry = Entry(slot, out int keyLength, out int valueLength);
        isOutside = valueLength == OutsideMark;
        return new Span<byte>(entry + keyLength, StoredBytes(valueLength));
    }

    /// <summary>The first 8 bytes of a value: of an inner node's entry, of a stub, of a score.</summary>
    public byte* Word(int slot)
    {
        byte* entry = Entry(slot, out int keyLength, out _);
        return entry + keyLength;
    }

    public int EntryBytesAt(int slot)
    {
        Entry(slot, out int keyLength, out int valueLength);
        return EntryBytes(keyLength, valueLength);
    }

    /// <summary>The first slot whose key is not below <paramref name="key"/>.</summary>
    public int LowerBound(ReadOnlySpan<byte> key, out bool isExact)
    {
        isExact = false;
        ulong prefix = PrefixOf(key);
        int low = 0;
        int high = Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            int order = Order(middle, key, prefix);
            if (order < 0)
            {
                low = middle + 1;
                continue;
            }

            // Keys differ, or all are empty and nobody searches.
            isExact |= order == 0;
            high = middle;
        }

        return low;
    }

    /// <summary>The first slot from one on whose key does not begin with a lower number.</summary>
    /// <param name="first">4 bytes, high byte first; no key has fewer.</param>
    /// <param name="low">The slot to begin with.</param>
    public int LowerBound(uint first, int low)
    {
        int high = Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (FirstOf(middle) < first)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>The first 4 bytes of a key that has as many.</summary>
    public uint FirstOf(int slot) => BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<uint>(Entry(slot, out _, out _)));

    /// <summary>Puts an entry before the one at <paramref name="slot"/>.</summary>
    /// <param name="slot">0 to <see cref="Count"/>.</param>
    /// <param name="key">Not in this page.</param>
    /// <param name="value">Its bytes, or <see cref="StubBytes"/> if it lies outside; not in this page.</param>
    /// <param name="isOutside">Whether it does.</param>
    public void Insert(int slot, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool isOutside = false)
    {
        int valueLength = isOutside ? OutsideMark : value.Length;
        int needed = EntryBytes(key.Length, valueLength);
        Debug.Assert(needed <= FreeBytes && slot <= Count);
        if (HeaderBytes + ((Count + 1) * SlotBytes) + needed - SlotBytes > Heap)
        {
            Compact();
        }

        int at = Heap - (needed - SlotBytes);
        byte* entry = WriteLength(WriteLength(start + at, key.Length), valueLength);
        key.CopyTo(new Span<byte>(entry, key.Length));
        value.CopyTo(new Span<byte>(entry + key.Length, value.Length));
        ushort* slots = Slots;
        Buffer.MemoryCopy(slots + slot, slots + slot + 1, (Count - slot) * SlotBytes, (Count - slot) * SlotBytes);
        slots[slot] = (ushort)at;
        _words[0]++;
        _words[1] = (ushort)at;
    }

    public void Remove(int slot)
    {
        int entryBytes = EntryBytesAt(slot) - SlotBytes;
        ushort* slots = Slots;
        if (slots[slot] == Heap)
        {
            _words[1] += (ushort)entryBytes;
        }
        else
        {
            _words[2] += (ushort)entryBytes;
        }

        _words[0]--;
        Buffer.MemoryCopy(slots + slot + 1, slots + slot, (Count - slot) * SlotBytes, (Count - slot) * SlotBytes);
    }

    /// <summary>Appends the entries from <paramref name="first"/> on to a page that has room for them, and drops them here.</summary>
    public void MoveTail(int first, SlotPage target)
    {
        for (int slot = first; slot < Count; slot++)
        {
            ReadOnlySpan<byte> value = Value(slot, out bool isOutside);
            target.Insert(target.Count, Key(slot), value, isOutside);
        }

        if (first == 0)
        {
            Clear();
        }

        while (Count > first)
        {
            Remove(Count - 1);
        }
    }

    /// <summary>How a page is halved that has no room for one more entry.</summary>
    /// <param name="slot">Where the new entry goes.</param>
    /// <param name="entryBytes">What it takes, at most a quarter of the page.</param>
    /// <param name="staysLeft">Whether the new entry goes to this page, and not to the one behind it.</param>
    /// <returns>The first slot whose entry goes to the page behind.</returns>
    public int SplitPoint(int slot, int entryBytes, out bool staysLeft)
    {
        int half = (UsedBytes - HeaderBytes + entryBytes) / 2;
        int taken = 0;
        int left = 0;
        // Counted as if the new entry were there already.
        while (left < Count && taken < half)
        {
            taken += left < slot ? EntryBytesAt(left) : left == slot ? entryBytes : EntryBytesAt(left - 1);
            left++;
        }

        staysLeft = left > slot;
        return staysLeft ? left - 1 : left;
    }

    /// <summary>Throws when an invariant does not hold.</summary>
    public void Check()
    {
        int entries = 0;
        for (int slot = 0; slot < Count; slot++)
        {
            Invariant.Require(Slots[slot] >= Heap && Slots[slot] < bytes, "a slot points outside of its page's heap");
            entries += EntryBytesAt(slot) - SlotBytes;
            Invariant.Require(
                slot == 0 || Key(slot).IsEmpty || Key(slot - 1).SequenceCompareTo(Key(slot)) < 0, "keys of a page are out of order");
        }

        Invariant.Require(entries + Garbage == bytes - Heap, "a page miscounts its garbage");
        Invariant.Require(HeaderBytes + (Count * SlotBytes) <= Heap, "slots of a page run into its heap");
    }

    /// <summary>The first bytes of a key as a number, as if zeros followed a short one: other numbers are in the order of their keys.</summary>
    private static ulong PrefixOf(ReadOnlySpan<byte> key)
    {
        if (key.Length >= sizeof(ulong))
        {
            return BinaryPrimitives.ReadUInt64BigEndian(key);
        }

        Span<byte> padded = stackalloc byte[sizeof(ulong)];
        padded.Clear();
        key.CopyTo(padded);
        return BinaryPrimitives.ReadUInt64BigEndian(padded);
    }

    private static int LengthBytes(int length) => length <= LongestShort ? 1 : 2;

    private static int StoredBytes(int valueLength) => valueLength == OutsideMark ? StubBytes : valueLength;

    private static byte* WriteLength(byte* at, int length)
    {
        if (length <= LongestShort)
        {
            *at = (byte)length;
            return at + 1;
        }

        at[0] = (byte)(0x80 | (length >> 8));
        at[1] = (byte)length;
        return at + 2;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* ReadLength(byte* at, out int length)
    {
        length = at[0];
        if (length <= LongestShort)
        {
            return at + 1;
        }

        length = ((length & LongestShort) << 8) | at[1];
        return at + 2;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* Entry(int slot, out int keyLength, out int valueLength)
    {
        Debug.Assert((uint)slot < (uint)Count);
        return ReadLength(ReadLength(start + Slots[slot], out keyLength), out valueLength);
    }

    /// <summary>How an entry's key compares with another one; nearly always its first 8 bytes tell, a hash or a score.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Order(int slot, ReadOnlySpan<byte> key, ulong prefix)
    {
        byte* entry = Entry(slot, out int keyLength, out _);
        if (keyLength >= sizeof(ulong))
        {
            ulong first = BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(entry));
            if (first != prefix)
            {
                return first < prefix ? -1 : 1;
            }
        }

        return new ReadOnlySpan<byte>(entry, keyLength).SequenceCompareTo(key);
    }

    private void Compact()
    {
        byte* copy = stackalloc byte[bytes];
        Buffer.MemoryCopy(start, copy, bytes, bytes);
        SlotPage old = new(copy, bytes);
        int at = bytes;
        for (int slot = 0; slot < Count; slot++)
        {
            int length = old.EntryBytesAt(slot) - SlotBytes;
            at -= length;
            Buffer.MemoryCopy(copy + old.Slots[slot], start + at, length, length);
            Slots[slot] = (ushort)at;
        }

        _words[1] = (ushort)at;
        _words[2] = 0;
    }
}
