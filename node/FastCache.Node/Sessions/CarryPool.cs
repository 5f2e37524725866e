using System.Numerics;
using FastCache.Io;

namespace FastCache.Node.Sessions;

/// <summary>Lends native buffers for bytes that outlive their receive buffer, within a hard budget.</summary>
/// <remarks>Sizes are powers of two; a few returned buffers of each size are kept for the next borrower.</remarks>
internal sealed class CarryPool(long budgetBytes) : IDisposable
{
    private const int SmallestShift = 12;
    private const int Sizes = 14;
    private const int KeptPerSize = 8;
    private const int LargestSmallBytes = 64 << 10;

    private readonly Stack<NativeBuffer>[] _kept = [.. Enumerable.Range(0, Sizes).Select(_ => new Stack<NativeBuffer>(KeptPerSize))];
    private bool _wasRefused;

    /// <summary>Largest buffer: 32 MiB.</summary>
    public const int LargestBytes = 1 << (SmallestShift + Sizes - 1);

    /// <summary>Bytes taken from the operating system, lent out or kept.</summary>
    public long UsedBytes { get; private set; }

    /// <summary>Most bytes lent out at once.</summary>
    public long BudgetBytes => budgetBytes;

    /// <summary>Bytes lent out.</summary>
    public long LentBytes { get; private set; }

    /// <summary>Borrows a buffer of at least <paramref name="bytes"/> bytes.</summary>
    /// <param name="bytes">At most <see cref="LargestBytes"/>.</param>
    /// <param name="canWait">Whether a refusal is no reason to send anybody away.</param>
    /// <returns>Null when the budget or <see cref="LargestBytes"/> forbids it.</returns>
    public NativeBuffer? Borrow(int bytes, bool canWait = false)
    {
        if (bytes > LargestBytes)
        {
            return null;
        }

        int size = SizeOf(bytes);
        if (_kept[size].TryPop(out NativeBuffer? kept))
        {
            LentBytes += kept.Length;
            return kept;
        }

        // Large frames leave an eighth to small ones, so that a few peers cannot shut out all others.
        int taken = 1 << (size + SmallestShift);
        long most = taken > LargestSmallBytes ? budgetBytes - (budgetBytes / 8) : budgetBytes;
        if (LentBytes + taken > most)
        {
            _wasRefused |= !canWait;
            return null;
        }

        DisposeKept(budgetBytes - taken);

        UsedBytes += taken;
        LentBytes += taken;
        return new NativeBuffer(taken);
    }

    /// <summary>Whether the budget has refused a buffer since this was last asked.</summary>
    public bool TakeRefusal()
    {
        bool wasRefused = _wasRefused;
        _wasRefused = false;
        return wasRefused;
    }

    public void GiveBack(NativeBuffer buffer)
    {
        LentBytes -= buffer.Length;
        Stack<NativeBuffer> kept = _kept[SizeOf(buffer.Length)];
        if (kept.Count < KeptPerSize)
        {
            kept.Push(buffer);
            return;
        }

        UsedBytes -= buffer.Length;
        buffer.Dispose();
    }

    public void Dispose()
    {
        foreach (NativeBuffer buffer in _kept.SelectMany(kept => kept))
        {
            buffer.Dispose();
        }
    }

    /// <summary>Makes room for another size: gives kept buffers back, largest first, until at most so much is used.</summary>
    private void DisposeKept(long mostUsedBytes)
    {
        for (int size = Sizes - 1; UsedBytes > mostUsedBytes; size--)
        {
            while (UsedBytes > mostUsedBytes && _kept[size].TryPop(out NativeBuffer? kept))
            {
                UsedBytes -= kept.Length;
                kept.Dispose();
            }
        }
    }

    private static int SizeOf(int bytes) =>
        Math.Max(0, BitOperations.Log2((uint)Math.Max(1, bytes - 1)) + 1 - SmallestShift);
}
