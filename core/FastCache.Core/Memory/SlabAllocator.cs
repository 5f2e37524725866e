using System.Diagnostics;

namespace FastCache.Core.Memory;

/// <summary>How much memory each size class has.</summary>
internal interface IClassMemory
{
    /// <summary>Pages of a class.</summary>
    int PagesOf(int sizeClass);

    /// <summary>Chunks of a class, in use or not.</summary>
    long CapacityOf(int sizeClass);

    /// <summary>Chunks of a class that are in use.</summary>
    long UsedChunksOf(int sizeClass);

    /// <summary>Chunks of one page of a class.</summary>
    int ChunksPerPageOf(int sizeClass);
}

/// <summary>Hands out chunks of fixed size classes from pages, and takes them back.</summary>
/// <remarks>
/// A chunk is named by a 32-bit reference: its distance from the region's start in units of 16 bytes, 0 meaning none.
/// References use 31 bits (32 GiB a shard); the index has a use for the last one.
/// <para>Invariants:
/// 1. A page with room (a free or a never touched chunk) is in its class's list; a full one and one that is being emptied
/// are not.
/// 2. The first four bytes of a free chunk hold the next free chunk of the same page, bytes 8 to 15 are zero; the rest is
/// its last user's. The first 16 bytes of a chunk that is handed out for the first time are zero.
/// 3. Reference 0 is never handed out: page 0 belongs to the index.
/// 4. A page without a chunk in use belongs to the pool, unless it is being emptied or was just taken.
/// </para>
/// </remarks>
internal sealed unsafe class SlabAllocator : IClassMemory
{
    private const int UnitsPerPageShift = SizeClasses.PageShift - SizeClasses.GranularityShift;

    private readonly PagePool _pool;
    private readonly ClassState[] _classes = new ClassState[SizeClasses.TotalCount];

    public SlabAllocator(PagePool pool)
    {
        _pool = pool;
        for (int sizeClass = 0; sizeClass < _classes.Length; sizeClass++)
        {
            int chunkBytes = SizeClasses.ChunkBytes(sizeClass);
            _classes[sizeClass] = new ClassState
            {
                ChunkUnits = (uint)(chunkBytes >> SizeClasses.GranularityShift),
                ChunksPerPage = SizeClasses.PageBytes / chunkBytes,
                PageWithRoom = -1,
            };
        }
    }

    /// <summary>Pages that the class holds.</summary>
    public int PagesOf(int sizeClass) => _classes[sizeClass].Pages;

    /// <summary>Chunks of the class that are handed out.</summary>
    public long UsedChunksOf(int sizeClass) => _classes[sizeClass].UsedChunks;

    /// <summary>Chunks of the class, in use or not.</summary>
    public long CapacityOf(int sizeClass) => (long)_classes[sizeClass].Pages * _classes[sizeClass].ChunksPerPage;

    /// <summary>Chunks that fit in one page of the class.</summary>
    public int ChunksPerPageOf(int sizeClass) => _classes[sizeClass].ChunksPerPage;

    /// <summary>The page that a chunk lies in.</summary>
    public static int PageOf(uint chunk) => (int)(chunk >> UnitsPerPageShift);

    /// <summary>The size class of a chunk that is handed out.</summary>
    public int ClassOf(uint chunk) => _pool.Headers[PageOf(chunk)].SizeClass;

    /// <summary>The first byte of a chunk.</summary>
    public byte* Address(uint chunk) => _pool.Start + ((ulong)chunk << SizeClasses.GranularityShift);

    /// <summary>A chunk of the class, from the pages that the class has.</summary>
    /// <returns>The reference, or 0 when every chunk of the class is in use.</returns>
    public uint Allocate(int sizeClass)
    {
        ref ClassState state = ref _classes[sizeClass];
        int page = state.PageWithRoom;
        if (page < 0)
        {
            return 0;
        }

        PageHeader* header = _pool.Headers + page;
        uint chunk = header->FreeChunk;
        if (chunk != 0)
        {
            header->FreeChunk = *(uint*)Address(chunk);
        }
        else
        {
            chunk = ((uint)page << UnitsPerPageShift) + ((uint)header->TouchedChunks++ * state.ChunkUnits);
            *(UInt128*)Address(chunk) = 0;
        }

        header->UsedChunks++;
        state.UsedChunks++;
        if (header->UsedChunks == state.ChunksPerPage)
        {
            Unlist(ref state, page);
        }

        Debug.Assert(chunk != 0 && header->UsedChunks <= state.ChunksPerPage && header->TouchedChunks <= state.ChunksPerPage);
        return chunk;
    }

    /// <summary>Takes back a chunk that <see cref="Allocate"/> handed out; a page that this empties goes back to the pool.</summary>
    public void Free(uint chunk)
    {
        int page = PageOf(chunk);
        PageHeader* header = _pool.Headers + page;
        ref ClassState state = ref _classes[header->SizeClass];
        Debug.Assert(header->Use == PageUse.Slab && header->UsedChunks > 0);
        byte* address = Address(chunk);
        *(uint*)address = header->FreeChunk;
        *(ulong*)(address + sizeof(ulong)) = 0;
        header->FreeChunk = chunk;
        bool wasFull = header->UsedChunks == state.ChunksPerPage;
        header->UsedChunks--;
        state.UsedChunks--;
        if (header->Draining)
        {
            return;
        }

        if (wasFull)
        {
            List(ref state, page);
        }

        if (header->UsedChunks == 0)
        {
            Shrink(page);
        }
    }

    /// <summary>Gives a page of the pool to the class.</summary>
    /// <returns>False when the pool has none.</returns>
    public bool Grow(int sizeClass)
    {
        int page = _pool.Take(PageUse.Slab);
        if (page < 0)
        {
            return false;
        }

        Debug.Assert(page != 0);
        ref ClassState state = ref _classes[sizeClass];
        _pool.Headers[page].SizeClass = (byte)sizeClass;
        state.Pages++;
        List(ref state, page);
        return true;
    }

    /// <summary>Stops handing out chunks of a page, so that it can be emptied.</summary>
    public void BeginDrain(int page)
    {
        PageHeader* header = _pool.Headers + page;
        ref ClassState state = ref _classes[header->SizeClass];
        Debug.Assert(header->Use == PageUse.Slab && !header->Draining);
        if (header->UsedChunks < state.ChunksPerPage)
        {
            Unlist(ref state, page);
        }

        header->Draining = true;
    }

    /// <summary>Ends what <see cref="BeginDrain"/> began: an empty page goes back to the pool, another one stays with its class.</summary>
    /// <returns>Whether the pool has the page.</returns>
    public bool EndDrain(int page)
    {
        PageHeader* header = _pool.Headers + page;
        ref ClassState state = ref _classes[header->SizeClass];
        header->Draining = false;
        if (header->UsedChunks < state.ChunksPerPage)
        {
            List(ref state, page);
        }

        if (header->UsedChunks > 0)
        {
            return false;
        }

        Shrink(page);
        return true;
    }

    /// <summary>Whether the class has a free chunk.</summary>
    public bool HasRoom(int sizeClass) => _classes[sizeClass].PageWithRoom >= 0;

    /// <summary>Called with the number of a page before it goes back to the pool.</summary>
    public Action<int>? PageReturns { get; set; }

    /// <summary>The page of a class with the fewest chunks in use, among the first few with room; -1: none has room.</summary>
    public int EmptiestPageOf(int sizeClass)
    {
        const int Looks = 16;
        int emptiest = -1;
        int page = _classes[sizeClass].PageWithRoom;
        for (int look = 0; look < Looks && page >= 0; look++, page = _pool.Headers[page].NextWithRoom)
        {
            if (emptiest < 0 || _pool.Headers[page].UsedChunks < _pool.Headers[emptiest].UsedChunks)
            {
                emptiest = page;
            }
        }

        return emptiest;
    }

    /// <summary>Whether a reference is the start of a chunk for items that was handed out at least once.</summary>
    public bool IsItemChunk(uint reference)
    {
        int page = PageOf(reference);
        PageHeader* header = _pool.Headers + page;
        if (header->Use != PageUse.Slab || header->SizeClass >= SizeClasses.Count)
        {
            return false;
        }

        uint offset = reference & ((1u << UnitsPerPageShift) - 1);
        (uint position, uint rest) = Math.DivRem(offset, _classes[header->SizeClass].ChunkUnits);
        return rest == 0 && position < (uint)header->TouchedChunks;
    }

    /// <summary>Chunks of a page that were handed out at least once: number of them, from the page's start.</summary>
    public int TouchedChunks(int page) => _pool.Headers[page].TouchedChunks;

    /// <summary>The reference of the chunk at position <paramref name="position"/> of a page.</summary>
    public uint ChunkAt(int page, int position) =>
        ((uint)page << UnitsPerPageShift) + ((uint)position * _classes[_pool.Headers[page].SizeClass].ChunkUnits);

    private void Shrink(int page)
    {
        PageHeader* header = _pool.Headers + page;
        Debug.Assert(header->Use == PageUse.Slab && header->UsedChunks == 0);
        ref ClassState state = ref _classes[header->SizeClass];
        Unlist(ref state, page);
        state.Pages--;
        PageReturns?.Invoke(page);
        _pool.GiveBack(page);
    }

    private void List(ref ClassState state, int page)
    {
        PageHeader* header = _pool.Headers + page;
        header->PreviousWithRoom = -1;
        header->NextWithRoom = state.PageWithRoom;
        if (state.PageWithRoom >= 0)
        {
            _pool.Headers[state.PageWithRoom].PreviousWithRoom = page;
        }

        state.PageWithRoom = page;
    }

    private void Unlist(ref ClassState state, int page)
    {
        PageHeader* header = _pool.Headers + page;
        if (header->PreviousWithRoom >= 0)
        {
            _pool.Headers[header->PreviousWithRoom].NextWithRoom = header->NextWithRoom;
        }
        else
        {
            Debug.Assert(state.PageWithRoom == page);
            state.PageWithRoom = header->NextWithRoom;
        }

        if (header->NextWithRoom >= 0)
        {
            _pool.Headers[header->NextWithRoom].PreviousWithRoom = header->PreviousWithRoom;
        }

        header->PreviousWithRoom = header->NextWithRoom = -1;
    }

    private struct ClassState
    {
        public uint ChunkUnits;
        public int ChunksPerPage;
        public int PageWithRoom;
        public int Pages;
        public long UsedChunks;
    }
}
