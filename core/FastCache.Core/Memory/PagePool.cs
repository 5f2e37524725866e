using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FastCache.Core.Memory;

/// <summary>What a page of the region is used for.</summary>
internal enum PageUse : byte
{
    Free,
    Slab,
    Index,
}

/// <summary>Bookkeeping of one page; 32 bytes, kept apart from the page so that pages divide evenly.</summary>
[StructLayout(LayoutKind.Sequential, Size = 32)]
internal struct PageHeader
{
    /// <summary>First free chunk that was in use before, as a reference; 0: none.</summary>
    public uint FreeChunk;

    /// <summary>Chunks handed out and not given back.</summary>
    public int UsedChunks;

    /// <summary>Chunks that were handed out at least once; those from here on were never touched.</summary>
    public int TouchedChunks;

    /// <summary>Neighbours in the class's list of pages with room, as page numbers; -1: none.</summary>
    public int PreviousWithRoom;

    /// <inheritdoc cref="PreviousWithRoom"/>
    public int NextWithRoom;

    public PageUse Use;

    public byte SizeClass;

    /// <summary>Being emptied: hands out no chunk any more.</summary>
    public bool Draining;

    /// <summary>Chunks that the timing wheel has an entry for, see Expiry.TimingWheel.</summary>
    public int ScheduledChunks;
}

/// <summary>The shard's whole memory, reserved once, as numbered pages that are taken and given back.</summary>
/// <remarks>
/// <code>
/// region  +--------+--------+-- ... --+----------+--------------+--------------+
///         | page 0 | page 1 |         | page N-1 | page headers | fixed tables |
///         +--------+--------+-- ... --+----------+--------------+--------------+
/// </code>
/// The fixed tables are what a shard needs whatever it holds: the directory of the index, leases, scratch. Who wants one
/// takes it once, at construction.
/// <para>Invariants:
/// 1. Pages, headers and fixed tables together never exceed the budget; nothing of a shard that grows with load lies outside.
/// 2. A page is in exactly one use at a time.
/// </para>
/// </remarks>
internal sealed unsafe class PagePool : IDisposable
{
    /// <summary>One page of buckets, one of overflow buckets, and two for items.</summary>
    public const int MinimumPages = 4;

    private const int FixedAlignment = 64;

    private readonly NativeRegion _region;
    private byte* _nextFixed;
    private int _firstNeverUsed;
    private int _givenBack = -1;
    private int _free;

    /// <param name="budgetBytes">At least <see cref="MinimumPages"/> pages, their headers and the fixed tables.</param>
    /// <param name="prefault">See <see cref="NativeRegion"/>.</param>
    /// <param name="fixedBytes">Bytes for <see cref="TakeFixed"/>, whatever the number of pages.</param>
    /// <param name="fixedBytesPerPage">Bytes for <see cref="TakeFixed"/>, for every page.</param>
    public PagePool(long budgetBytes, bool prefault, long fixedBytes = 0, int fixedBytesPerPage = 0)
    {
        Count = PagesFor(budgetBytes, fixedBytes, fixedBytesPerPage);
        Debug.Assert(Count >= MinimumPages);
        FixedBytes = fixedBytes + ((long)Count * fixedBytesPerPage);
        _region = new NativeRegion(((long)Count << SizeClasses.PageShift) + HeaderBytes + FixedBytes, prefault);
        Start = _region.Start;
        Headers = (PageHeader*)(Start + ((long)Count << SizeClasses.PageShift));
        new Span<PageHeader>(Headers, Count).Clear();
        _nextFixed = (byte*)(Headers + Count);
        _free = Count;
    }

    /// <summary>Number of pages.</summary>
    public int Count { get; }

    /// <summary>Pages in no use.</summary>
    public int FreePages => _free;

    /// <summary>Bytes of the page headers.</summary>
    public long HeaderBytes => (long)Count * sizeof(PageHeader);

    /// <summary>Bytes of the fixed tables.</summary>
    public long FixedBytes { get; }

    /// <summary>First byte of page 0; references count from here.</summary>
    public byte* Start { get; }

    /// <summary>One header a page.</summary>
    public PageHeader* Headers { get; }

    /// <summary>How many pages a budget pays for, headers and fixed tables included.</summary>
    public static int PagesFor(long budgetBytes, long fixedBytes = 0, int fixedBytesPerPage = 0) =>
        (int)Math.Clamp(
            (budgetBytes - fixedBytes) / (SizeClasses.PageBytes + sizeof(PageHeader) + fixedBytesPerPage), 0, int.MaxValue);

    /// <summary>What a fixed table of so many bytes takes up.</summary>
    public static long FixedSize(long bytes) => (bytes + FixedAlignment - 1) & -FixedAlignment;

    /// <summary>Hands out memory of the fixed tables, zeroed, for good.</summary>
    /// <param name="bytes">As much of it as was asked for at construction, in <see cref="FixedSize"/> steps.</param>
    public byte* TakeFixed(long bytes)
    {
        byte* taken = _nextFixed;
        _nextFixed += FixedSize(bytes);
        Debug.Assert(_nextFixed <= (byte*)(Headers + Count) + FixedBytes);
        NativeMemory.Clear(taken, (nuint)bytes);
        return taken;
    }

    public byte* Address(int page) => Start + ((long)page << SizeClasses.PageShift);

    /// <summary>The page that an address lies in.</summary>
    public int PageOf(void* address) => (int)(((byte*)address - Start) >> SizeClasses.PageShift);

    /// <summary>Takes a page for <paramref name="use"/>; its bytes are whatever they were.</summary>
    /// <returns>The page's number, or -1 when all are in use.</returns>
    public int Take(PageUse use)
    {
        Debug.Assert(use != PageUse.Free);
        int page = _givenBack;
        if (page >= 0)
        {
            _givenBack = Headers[page].NextWithRoom;
        }
        else if (_firstNeverUsed < Count)
        {
            page = _firstNeverUsed++;
        }
        else
        {
            return -1;
        }

        Debug.Assert(Headers[page].Use == PageUse.Free);
        Headers[page] = new PageHeader { Use = use, PreviousWithRoom = -1, NextWithRoom = -1 };
        _free--;
        return page;
    }

    public void GiveBack(int page)
    {
        Debug.Assert(Headers[page].Use != PageUse.Free);
        Headers[page] = new PageHeader { Use = PageUse.Free, NextWithRoom = _givenBack };
        _givenBack = page;
        _free++;
    }

    public void Dispose() => _region.Dispose();
}
