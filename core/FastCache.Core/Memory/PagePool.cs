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
}

/// <summary>The shard's whole memory, reserved once, as numbered pages that are taken and given back.</summary>
/// <remarks>
/// <code>
/// region  +--------+--------+-- ... --+----------+----------------+
///         | page 0 | page 1 |         | page N-1 | page headers   |
///         +--------+--------+-- ... --+----------+----------------+
/// </code>
/// Invariants:
/// 1. Pages and headers together never exceed the budget; nothing of a shard that grows with load lies outside.
/// 2. A page is in exactly one use at a time.
/// </remarks>
internal sealed unsafe class PagePool : IDisposable
{
    private readonly NativeRegion _region;
    private int _firstNeverUsed;
    private int _givenBack = -1;
    private int _free;

    /// <param name="budgetBytes">At least <see cref="MinimumPages"/> pages and their headers; at most 2^31 chunks' worth.</param>
    /// <param name="prefault">See <see cref="NativeRegion"/>.</param>
    public PagePool(long budgetBytes, bool prefault)
    {
        Count = PagesFor(budgetBytes);
        Debug.Assert(Count >= MinimumPages);
        _region = new NativeRegion(((long)Count << SizeClasses.PageShift) + ((long)Count * sizeof(PageHeader)), prefault);
        Start = _region.Start;
        Headers = (PageHeader*)(Start + ((long)Count << SizeClasses.PageShift));
        new Span<PageHeader>(Headers, Count).Clear();
        _free = Count;
    }

    /// <summary>One page of buckets, one of overflow buckets, and two for items.</summary>
    public const int MinimumPages = 4;

    /// <summary>Number of pages.</summary>
    public int Count { get; }

    /// <summary>Pages in no use.</summary>
    public int FreePages => _free;

    /// <summary>First byte of page 0; references count from here.</summary>
    public byte* Start { get; }

    /// <summary>One header a page.</summary>
    public PageHeader* Headers { get; }

    /// <summary>How many pages a budget pays for, headers included.</summary>
    public static int PagesFor(long budgetBytes) =>
        (int)Math.Min(int.MaxValue, budgetBytes / (SizeClasses.PageBytes + sizeof(PageHeader)));

    public byte* Address(int page) => Start + ((long)page << SizeClasses.PageShift);

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
