using System.Runtime.InteropServices;
using FastCache.Core.Items;
using FastCache.Core.Memory;

namespace FastCache.Core.Collections;

/// <summary>The start of a chunk that belongs to a collection's trees.</summary>
/// <remarks>
/// <code>
/// byte  0        4        5      7       8        16                                   4096
///       +--------+--------+------+-------+--------+------------------------------------+
///       | parent | height | 2    | wheel | packed | a SlotPage, or next 4 and bytes    |
///       +--------+--------+------+-------+--------+------------------------------------+
/// leaf         height 0: entries (key, value)
/// inner node   height 1 and up: entries (key, child 4 | elements below it 4); the key of the first one is empty
/// outside      height <see cref="OutsideHeight"/>: a part of a value that is too long for a leaf
/// </code>
/// parent: the chunk that names this one: an inner node, a leaf, the part before it, or the item for a root.
/// wheel belongs to the timing wheel. packed is <see cref="Item.Node"/> and nothing else.
/// <para>Invariants:
/// 1. Every chunk of a collection, that of its item included, is of the class of <see cref="ChunkBytes"/>: so the clock of that
/// class can always free what it is asked for.
/// 2. Each is named by its parent once. All leaves of a tree are equally deep.
/// 3. The key of an inner entry, but the first, is above all keys of the entries before it and not above those below it.
/// </para>
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = HeaderBytes)]
internal unsafe struct TreeNode
{
    public const int ChunkBytes = 4096;
    public const int HeaderBytes = 16;
    public const int PageBytes = ChunkBytes - HeaderBytes;

    /// <summary>Height of a chunk with a part of a value.</summary>
    public const byte OutsideHeight = 0xFF;

    /// <summary>Bytes of a value that such a chunk holds.</summary>
    public const int OutsideBytes = ChunkBytes - HeaderBytes - sizeof(uint);

    /// <summary>Longest key in bytes: four entries fit a node always.</summary>
    public const int MaxKeyBytes = 1000;

    /// <summary>Most bytes of an entry with its slot: a quarter of a node.</summary>
    public const int MaxEntryBytes = (PageBytes - SlotPage.HeaderBytes) / 4;

    [FieldOffset(0)]
    public uint Parent;

    [FieldOffset(4)]
    public byte Height;

    [FieldOffset(8)]
    public ulong Packed;

    /// <summary>The class of all chunks of collections that have trees.</summary>
    public static int SizeClass { get; } = SizeClasses.For(ChunkBytes);

    public static SlotPage Page(TreeNode* node) => new((byte*)node + HeaderBytes, PageBytes);

    /// <summary>The chunk with the next part of a value, 0 if this is the last.</summary>
    public static uint* Next(TreeNode* outside) => (uint*)((byte*)outside + HeaderBytes);

    public static byte* Part(TreeNode* outside) => (byte*)outside + HeaderBytes + sizeof(uint);
}

/// <summary>Where a tree begins.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1, Size = Bytes)]
internal struct TreeRoot
{
    public const int Bytes = 16;

    public uint Node;
    public byte Height;
    private readonly byte _spare;

    /// <summary>Of the whole collection; only in its first tree.</summary>
    public CollectionKind Kind;
    private readonly byte _spare2;

    /// <summary>Elements.</summary>
    public uint Count;

    /// <summary>Elements whose values lie outside.</summary>
    public uint Outside;
}

/// <summary>What an inner node says of a child.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct Child
{
    public uint Node;
    public uint Count;
}

/// <summary>What a leaf says of a value that lies outside.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct Outside
{
    public uint First;
    public uint Length;
}

/// <summary>The way from a root to an entry of a leaf; valid until the tree changes.</summary>
internal unsafe struct TreePath
{
    /// <summary>Most levels above the leaves: more than any budget can fill.</summary>
    public const int MaxHeight = 15;

    private fixed uint _nodes[MaxHeight + 1];
    private fixed int _slots[MaxHeight + 1];

    public readonly uint Node(int height) => _nodes[height];

    public readonly int Slot(int height) => _slots[height];

    public void Set(int height, uint node, int slot)
    {
        _nodes[height] = node;
        _slots[height] = slot;
    }
}
