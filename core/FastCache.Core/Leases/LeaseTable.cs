using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastCache.Core.Memory;

namespace FastCache.Core.Leases;

/// <summary>Who may fill which missing key: at most one grant a key at a time, each with a deadline.</summary>
/// <remarks>
/// Open addressing over a fixed table; a grant lies within <see cref="Window"/> slots of where its key's hash points. Keys
/// are told apart by their 64-bit hash alone: two keys that share it (one pair in 2^64, with a hash keyed per process) would
/// wait for each other, and nothing worse.
/// <para>Invariants:
/// 1. A hash has at most one slot.
/// 2. A grant whose deadline has passed, or that is no newer than the last <see cref="RevokeAll"/>, counts as free everywhere.
/// 3. Tokens ascend.
/// </para>
/// </remarks>
internal sealed unsafe class LeaseTable
{
    private const int Window = 16;
    private const int MinSlots = 256;
    private const int MaxSlots = 65_536;

    private readonly Slot* _slots;
    private readonly int _mask;
    private int _sweep;
    private ulong _newest;
    private ulong _revoked;

    /// <param name="pool">Gives the table.</param>
    /// <param name="slots">A power of two.</param>
    public LeaseTable(PagePool pool, int slots)
    {
        Debug.Assert(BitOperations.IsPow2(slots) && slots >= Window);
        _slots = (Slot*)pool.TakeFixed((long)slots * sizeof(Slot));
        _mask = slots - 1;
    }

    /// <summary>Slots in use; grants that are over count until they are swept.</summary>
    public int Count { get; private set; }

    /// <summary>Slots for a budget: one for every 16 KiB, within bounds.</summary>
    public static int SlotsFor(long budgetBytes) =>
        (int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(budgetBytes >> 14, MinSlots, MaxSlots));

    /// <summary>Bytes of a table.</summary>
    public static long FixedBytes(int slots) => PagePool.FixedSize((long)slots * sizeof(Slot));

    /// <summary>Grants the right to fill a key, unless somebody has it.</summary>
    /// <param name="hash">Of the key.</param>
    /// <param name="token">Names the grant; higher than all before.</param>
    /// <param name="nowMillis">Milliseconds of the shard's clock.</param>
    /// <param name="deadlineMillis">When the grant ends by itself.</param>
    public LeaseGrant Grant(ulong hash, ulong token, ulong nowMillis, ulong deadlineMillis)
    {
        Debug.Assert(token > _newest);
        Slot* free = null;
        for (int i = 0; i < Window; i++)
        {
            Slot* slot = At(hash, i);
            bool isFree = slot->Token == 0 || IsOver(slot, nowMillis);
            if (!isFree && slot->Hash == hash)
            {
                return LeaseGrant.Held;
            }

            // Its own slot first, if it has one: a hash must not get a second.
            if (isFree && (free is null || (slot->Token != 0 && slot->Hash == hash)))
            {
                free = slot;
            }
        }

        if (free is null)
        {
            return LeaseGrant.Full;
        }

        Revoke(hash);
        _newest = token;
        Count += free->Token == 0 ? 1 : 0;
        *free = new Slot { Hash = hash, Token = token, DeadlineMillis = deadlineMillis };
        return LeaseGrant.Granted;
    }

    /// <summary>Ends a grant because its holder fills the key now.</summary>
    /// <returns>Whether the holder still had it.</returns>
    public bool TryRedeem(ulong hash, ulong token, ulong nowMillis)
    {
        Slot* slot = Find(hash);
        if (slot is null || slot->Token != token || IsOver(slot, nowMillis))
        {
            return false;
        }

        Clear(slot);
        return true;
    }

    /// <summary>Whether a token is the one that may fill a key now.</summary>
    public bool IsHeld(ulong hash, ulong token, ulong nowMillis)
    {
        Slot* slot = Find(hash);
        return slot is not null && slot->Token == token && !IsOver(slot, nowMillis);
    }

    /// <summary>Whether anybody may fill a key now.</summary>
    public bool IsHeld(ulong hash, ulong nowMillis)
    {
        Slot* slot = Find(hash);
        return slot is not null && !IsOver(slot, nowMillis);
    }

    /// <summary>Voids the grant of a key, because something else has happened to it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Revoke(ulong hash)
    {
        if (Count != 0)
        {
            RevokeHeld(hash);
        }
    }

    /// <summary>Voids all grants.</summary>
    public void RevokeAll() => _revoked = _newest;

    /// <summary>Clears grants that are over, a few slots a call, so that an idle table costs writes nothing.</summary>
    public void Sweep(ulong nowMillis)
    {
        const int SlotsPerSweep = 16;
        for (int i = 0; i < SlotsPerSweep && Count > 0; i++)
        {
            Slot* slot = _slots + (_sweep++ & _mask);
            if (slot->Token != 0 && IsOver(slot, nowMillis))
            {
                Clear(slot);
            }
        }
    }

    /// <summary>Throws when an invariant does not hold. Walks everything; for checked builds.</summary>
    public void Check()
    {
        int count = 0;
        HashSet<ulong> hashes = [];
        for (int i = 0; i <= _mask; i++)
        {
            if (_slots[i].Token != 0)
            {
                count++;
                bool isSingle = hashes.Add(_slots[i].Hash) && Find(_slots[i].Hash) == _slots + i;
                Invariant.Require(isSingle, $"lease slot {i} is misplaced or double");
            }
        }

        Invariant.Require(count == Count, "the lease table miscounts its grants");
    }

    private Slot* At(ulong hash, int i) => _slots + (((uint)(hash >> 16) + (uint)i) & (uint)_mask);

    private bool IsOver(Slot* slot, ulong nowMillis) => slot->DeadlineMillis <= nowMillis || slot->Token <= _revoked;

    private Slot* Find(ulong hash)
    {
        for (int i = 0; i < Window; i++)
        {
            Slot* slot = At(hash, i);
            if (slot->Token != 0 && slot->Hash == hash)
            {
                return slot;
            }
        }

        return null;
    }

    private void RevokeHeld(ulong hash)
    {
        Slot* slot = Find(hash);
        if (slot is not null)
        {
            Clear(slot);
        }
    }

    private void Clear(Slot* slot)
    {
        *slot = default;
        Count--;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Slot
    {
        public ulong Hash;
        public ulong Token;
        public ulong DeadlineMillis;
    }
}

/// <summary>What became of a request for a grant.</summary>
internal enum LeaseGrant
{
    /// <summary>The caller may fill the key.</summary>
    Granted,

    /// <summary>Somebody else may.</summary>
    Held,

    /// <summary>There is no room for another grant near this key's place.</summary>
    Full,
}
