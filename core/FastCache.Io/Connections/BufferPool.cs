using System.Runtime.CompilerServices;

namespace FastCache.Io.Connections;

/// <summary>The receive buffers that nobody holds; the one that was given back last comes first, while the cache still has it.</summary>
internal sealed class BufferPool
{
    private readonly BufferMemory _memory;
    private readonly ushort[] _free;
    private int _freeCount;

    public BufferPool(BufferMemory memory)
    {
        _memory = memory;
        _free = new ushort[memory.Count];
        for (int buffer = memory.Count - 1; buffer >= 0; buffer--)
        {
            _free[_freeCount++] = (ushort)buffer;
        }
    }

    public bool IsEmpty => _freeCount == 0;

    /// <summary>The buffer that is to be filled next; it stays in the pool until it is taken.</summary>
    public ushort Next => _free[_freeCount - 1];

    /// <summary>Takes <see cref="Next"/> for the caller of the seam.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ushort Take()
    {
        ushort buffer = _free[--_freeCount];
        _memory.Take(buffer);
        return buffer;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void GiveBack(ushort buffer)
    {
        _memory.GiveBack(buffer);
        _free[_freeCount++] = buffer;
    }
}
