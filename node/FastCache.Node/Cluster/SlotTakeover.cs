using FastCache.Core;
using FastCache.Node.Sessions;
using FastCache.Protocol;

namespace FastCache.Node.Cluster;

/// <summary>Takes new topologies over for one shard, between two passes, and removes what is in slots that the node has lost.</summary>
/// <remarks>
/// <code>
///            a newer topology, no slot of the shard is lost
///          +------+
///          v      |        a newer one, slots are lost
///        settled -+---------------------------------------> sweeping: newer ones wait
///          ^                                                     |
///          +-----------------------------------------------------+
///                 every item has been looked at
/// </code>
/// <para>
/// Why no item of a lost slot is ever served again. Invariant: a settled shard has items only of slots that the node has in the
/// topology that it goes by. An empty shard holds it. While it goes by a topology, requests store nothing in other
/// slots: each is checked by the same thread in the pass that executes it, also if it comes from another shard, and a stream at its
/// commit. A new topology is taken over only while settled, so what it adds to the slots is empty: no item of an
/// added slot was there before. None is passed over: one that takes a slot away lets other nodes write its keys, even if the
/// one after it gives the slot back. What it takes away the sweep removes, before the next is taken over: items that were there
/// when it began are all seen by a scan, and none of those slots is added to.
/// </para>
/// <para>
/// A slot of which the node was the primary and is a replica now is lost first, and gained when the sweep is through: what it had
/// as the primary has no end that a reader of copies could rely on. A replica that becomes the primary keeps its copies, which
/// have one.
/// </para>
/// <para>
/// Values that are on their way do not come back either. Grants to fill a key are void when slots are lost, for a
/// value that was fetched before may be older than what another node was told meanwhile.
/// </para>
/// </remarks>
/// <param name="topology">The one that the shard goes by.</param>
/// <param name="shard">The cache.</param>
/// <param name="tracking">Who must be told that keys were lost.</param>
/// <param name="counters">What is counted.</param>
/// <param name="log">Where lines for people go.</param>
internal sealed class SlotTakeover(
    NodeTopology topology, Shard shard, Tracking tracking, NodeCounters counters, NodeLog log)
{
    /// <summary>Items and buckets that are looked at between two passes: 30 us or so.</summary>
    private const int LooksPerStep = 256;

    private ulong _cursor;
    private bool _isSweeping;
    private bool _saidThatItWaits;

    /// <summary>Whether there is something to do although nothing arrives.</summary>
    public bool HasWork => _isSweeping || topology.Slots!.Next is not null;

    /// <summary>One bounded step. No request may be decoded and not executed.</summary>
    public void Step()
    {
        if (_isSweeping)
        {
            Sweep();
        }

        if (topology.Slots!.Next is not OwnedSlots next)
        {
            return;
        }

        if (!_isSweeping)
        {
            TakeOver(next);
        }
        else if (!_saidThatItWaits && next.Epoch != topology.Slots.Epoch)
        {
            _saidThatItWaits = true;
            log.Write($"shard {topology.Shard} takes epoch {next.Epoch} over when all items of the slots that it lost with epoch {topology.Slots.Epoch} are removed");
        }
    }

    private void TakeOver(OwnedSlots next)
    {
        OwnedSlots before = topology.Slots!;
        next = next.After(before);
        topology.Slots = next;
        if (before.Count(topology.FirstSlot, topology.EndSlot, next) == 0)
        {
            return;
        }

        shard.Leases.RevokeAll();
        tracking.TellAll();
        _isSweeping = true;
        _saidThatItWaits = false;
        _cursor = ItemScan.Begin;
    }

    private void Sweep()
    {
        LostItems lost = new(topology.Slots!);
        _cursor = shard.Scan.Step(_cursor, LooksPerStep, ref lost);
        counters.ItemsSwept += lost.Count;
        _isSweeping = _cursor != ItemScan.Begin;
    }

    private struct LostItems(OwnedSlots slots) : IScanVisitor
    {
        public int Count { get; private set; }

        public bool Removes(ReadOnlySpan<byte> key, CollectionKind kind, bool isLive)
        {
            bool isLost = !slots.Has(KeySlot.Of(key));
            Count += isLost ? 1 : 0;
            return isLost;
        }
    }
}
