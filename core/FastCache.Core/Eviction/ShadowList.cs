using System.Diagnostics;

namespace FastCache.Core.Eviction;

/// <summary>An ordered list of sampled keys of a <see cref="ColdShareDuel"/>, oldest first, in memory that somebody else owns.</summary>
/// <remarks>
/// Three arrays side by side; what leaves the middle is closed up. With at most a few hundred entries a search is a few
/// vector compares, and simpler than any table.
/// </remarks>
internal unsafe struct ShadowList
{
    private const int BytesPerEntry = sizeof(uint) + sizeof(uint) + sizeof(byte);

    private readonly uint* _keys;
    private readonly uint* _positions;
    private readonly byte* _states;
    private readonly int _capacity;

    public ShadowList(byte* memory, int capacity)
    {
        _capacity = capacity;
        _keys = (uint*)memory;
        _positions = _keys + capacity;
        _states = (byte*)(_positions + capacity);
    }

    public int Count { get; private set; }

    /// <summary>Bytes of a list, a multiple of 8.</summary>
    public static int Bytes(int capacity) => ((capacity * BytesPerEntry) + 7) & -8;

    public readonly int Find(uint key) => new ReadOnlySpan<uint>(_keys, Count).IndexOf(key);

    public readonly uint Key(int index) => _keys[index];

    public readonly uint Position(int index) => _positions[index];

    /// <summary>Whatever the owner of the list keeps of an entry.</summary>
    public readonly ref byte State(int index) => ref _states[index];

    public void Add(uint key, uint position, byte state)
    {
        Debug.Assert(Count < _capacity);
        _keys[Count] = key;
        _positions[Count] = position;
        _states[Count] = state;
        Count++;
    }

    public void RemoveAt(int index)
    {
        Debug.Assert((uint)index < (uint)Count);
        Count--;
        int behind = Count - index;
        new Span<uint>(_keys + index + 1, behind).CopyTo(new Span<uint>(_keys + index, behind));
        new Span<uint>(_positions + index + 1, behind).CopyTo(new Span<uint>(_positions + index, behind));
        new Span<byte>(_states + index + 1, behind).CopyTo(new Span<byte>(_states + index, behind));
    }

    /// <summary>Removes every entry whose key has one of the bits.</summary>
    public void RemoveKeysWith(uint bits)
    {
        for (int index = Count - 1; index >= 0; index--)
        {
            if ((_keys[index] & bits) != 0)
            {
                RemoveAt(index);
            }
        }
    }
}
