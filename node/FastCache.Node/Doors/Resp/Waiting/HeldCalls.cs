using FastCache.Core;
using FastCache.Io;
using FastCache.Node.Cluster;
using FastCache.Node.Sessions;
using FastCache.Node.Shards;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Waiting;

/// <summary>Holds calls back that wait for a collection, and executes them when there is one or their time is over.</summary>
/// <remarks>
/// A call is kept as it travels between shards, wherever its connection is:
/// <code>
///                 handler asks to wait         a key was written, has what is waited for, and this call is the first
///   executed ─────────────────────────► held ───────────────────────────────────────────────────────────────────► executed, answered
///                                         │ its time is over, CLIENT UNBLOCK ends it, or the node stops                 ▲
///                                         ├─────────────────────────────────────────────────────────────────────────────┘
///                                         │ its connection has gone
///                                         └────────────────────────► forgotten, soon by the connection's own shard, within a second by another
/// </code>
/// It is done once a pass, not within the write: what came together with a write is executed before those who waited for it.
/// </remarks>
internal sealed class HeldCalls(DoorShard shard, RespParcels parcels)
{
    /// <summary>How often calls of connections that have gone are looked for.</summary>
    private const long SweepMillis = 1_000;

    /// <summary>
    /// How soon at the earliest they are looked for again when one of this shard has gone: before more connections are sent away for the
    /// memory that it still takes.
    /// </summary>
    private const long SweepAgainMillis = 5;

    /// <summary>Most calls that are answered in a pass because keys were written: each may take as much as any command.</summary>
    private const int MostAnswers = 64;

    /// <summary>When a call is tried again at the latest that cannot be answered now.</summary>
    private const long RetryMillis = 20;

    /// <summary>
    /// Of a shard's connection memory, what the calls that it holds may take. Those of other shards' connections cannot be weighed against the
    /// connections of this one, so they must not use it up.
    /// </summary>
    private const int MemoryShare = 2;

    private readonly Shard _shard = shard.Shard;
    private readonly Waits _waits = shard.Waits;
    private readonly List<ulong> _stuck = [];
    private readonly List<ulong> _later = [];
    private int _answersLeft;
    private long _sweptMillis;
    private long _nextLookMillis = long.MaxValue;
    private long _stuckMillis;
    private OwnedSlots? _slots;

    /// <summary>Whether a key was written that calls wait for, or a wait is to end.</summary>
    public bool HasWork => _waits.Signals.Count > 0 || _waits.HasUnblocked;

    /// <summary>When <see cref="Serve"/> has something to do at the latest, in the loop's time.</summary>
    public long NextLookMillis => Math.Min(
        Math.Min(_nextLookMillis, _stuck.Count == 0 ? long.MaxValue : _stuckMillis + RetryMillis),
        _waits.HasAbandoned ? _sweptMillis + SweepAgainMillis : long.MaxValue);

    /// <summary>Holds a call back whose handler asks for it.</summary>
    /// <param name="call">The call.</param>
    /// <param name="isVersion3">The form of its reply.</param>
    /// <param name="waiter">Who waits for it.</param>
    /// <param name="wish">What for.</param>
    /// <param name="bytes">What it takes of this shard's connection memory.</param>
    /// <returns>False when there is no memory for it.</returns>
    public bool TryHold(in PendingCall call, bool isVersion3, in Waiter waiter, in Wish wish, out int bytes)
    {
        bytes = 0;
        int length = parcels.BytesOf(call);
        if (_waits.Queues.HeldBytes + length + (WaitQueues.PlaceBytes * wish.Keys) > shard.Carries.BudgetBytes / MemoryShare
            || shard.Carries.Borrow(length) is not NativeBuffer frame)
        {
            return false;
        }

        bytes = frame.Length;
        parcels.Write(call, isVersion3, waiter, frame.Span[..length]);
        int held = _waits.Queues.Add(waiter, frame, length, wish.Kind, wish.DeadlineMillis);
        for (int i = 0; i < wish.Keys; i++)
        {
            int argument = wish.FirstKey + i;
            _waits.Queues.AddKey(held, _waits.HashOf(call.Request[argument]), argument);
        }

        _nextLookMillis = Math.Min(_nextLookMillis, Math.Min(wish.DeadlineMillis, shard.NowMillis() + SweepMillis));
        return true;
    }

    /// <summary>Answers the calls whose time has come.</summary>
    /// <param name="answers">Where the replies go.</param>
    public void Serve(LateAnswers answers)
    {
        if (_waits.Queues.Count == 0)
        {
            _waits.Signals.Clear();
            _stuck.Clear();
            _later.Clear();
            _waits.HasUnblocked = _waits.HasAbandoned = false;
            _nextLookMillis = long.MaxValue;
            return;
        }

        long now = shard.NowMillis();
        if (_waits.HasUnblocked || (_waits.HasAbandoned && now >= _sweptMillis + SweepAgainMillis))
        {
            // Before anything is taken for them.
            _waits.HasUnblocked = false;
            EndOverdue(now, answers);
        }

        if (now >= _stuckMillis + RetryMillis)
        {
            SignalAgain(_stuck);
        }

        _answersLeft = MostAnswers;
        // What is executed here may write keys that others wait for: they are found at the end of this very list.
        for (int i = 0; i < _waits.Signals.Count; i++)
        {
            ServeKey(_waits.Signals[i], answers);
        }

        _waits.Signals.Clear();
        SignalAgain(_later);
        bool hasNewSlots = _slots != shard.Topology.Slots;
        _slots = shard.Topology.Slots;
        if (_waits.IsOver || hasNewSlots || now >= _nextLookMillis)
        {
            EndOverdue(now, answers);
        }

        _shard.EndBatch();
    }

    private void SignalAgain(List<ulong> keys)
    {
        foreach (ulong hash in keys)
        {
            _waits.Signal(hash);
        }

        keys.Clear();
    }

    /// <summary>Lets those who wait for a key have what it has, the first one first.</summary>
    private void ServeKey(ulong hash, LateAnswers answers)
    {
        _waits.Queues.TakeSignal(hash);
        bool isStuck = false;
        bool isKnown = false;
        CollectionKind kind = CollectionKind.None;
        int place = _waits.Queues.FirstOf(hash);
        while (place >= 0)
        {
            (place, int call, int argument) = _waits.Queues.At(place);
            if (!_waits.IsOn(_waits.Queues[call].Waiter))
            {
                Forget(call);
                continue;
            }

            if (isKnown && _waits.Queues[call].Kind != kind)
            {
                continue;
            }

            parcels.Receive(0, FrameOf(call));
            kind = _shard.Collections.KindOf(_shard.Prepare(parcels[0].Request[argument]));
            if (kind == CollectionKind.None)
            {
                return; // Nobody misses anything by it, not even one that could not be answered.
            }

            isKnown = true;
            if (_waits.Queues[call].Kind == kind)
            {
                if (_answersLeft-- <= 0)
                {
                    _later.Add(hash);
                    return;
                }

                _waits.WrittenKey = argument;
                isStuck |= !TryAnswer(call, answers, isOver: false);
                _waits.WrittenKey = 0;
                isKnown = false;
            }
        }

        if (isStuck)
        {
            _stuckMillis = _stuck.Count == 0 ? shard.NowMillis() : _stuckMillis;
            _stuck.Add(hash);
        }
    }

    /// <summary>Ends the waits whose time is over or whose keys have gone to another node, all if the node stops, and forgets those that were abandoned.</summary>
    private void EndOverdue(long now, LateAnswers answers)
    {
        _nextLookMillis = now + SweepMillis;
        _sweptMillis = now;
        _waits.HasAbandoned = false;
        for (int call = 0; call < _waits.Queues.EndOfCalls; call++)
        {
            if (!_waits.Queues[call].IsHeld)
            {
                continue;
            }

            if (!_waits.IsOn(_waits.Queues[call].Waiter))
            {
                Forget(call);
                continue;
            }

            long deadline = _waits.Queues[call].DeadlineMillis;
            parcels.Receive(0, FrameOf(call));
            if (deadline <= now || _waits.IsOver || parcels[0].Refusal == Refusal.Moved)
            {
                deadline = TryAnswer(call, answers, isOver: parcels[0].Refusal != Refusal.Moved) ? long.MaxValue : now + RetryMillis;
            }

            _nextLookMillis = Math.Min(_nextLookMillis, deadline);
        }
    }

    /// <summary>Answers a call that was received.</summary>
    /// <param name="call">The call.</param>
    /// <param name="answers">Where the reply goes.</param>
    /// <param name="isOver">Whether its wait has ended with nothing; otherwise it is executed.</param>
    /// <returns>False when it cannot be answered now: it is held on.</returns>
    private bool TryAnswer(int call, LateAnswers answers, bool isOver)
    {
        Waiter waiter = _waits.Queues[call].Waiter;
        if (!answers.TryBegin(waiter, out Span<byte> room))
        {
            return false;
        }

        bool isOn = _waits.TryEnd(waiter);
        if (isOn && isOver)
        {
            answers.End(waiter, WriteNothing(_waits.Queues[call].EndsWithError, room));
        }
        else if (isOn)
        {
            LookupKey key = _shard.Prepare(parcels[0].Request[parcels[0].KeyIndex]);
            shard.Changes.BeginRequestsOf(waiter.Home, waiter.Connection.Slot);
            _waits.IsAnswering = true;
            answers.End(waiter, parcels.Execute(0, key, room));
            _waits.IsAnswering = false;
            _waits.TakeWish();
            shard.Changes.EndRequests();
        }

        Forget(call);
        return true;
    }

    /// <summary>Writes the reply of a call whose time is over, or whose wait CLIENT UNBLOCK has ended: it takes nothing, whatever its keys
    /// have by now.</summary>
    private int WriteNothing(bool withError, Span<byte> room)
    {
        parcels.WaiterOf(0, out bool isVersion3);
        RespReplyWriter reply = new(room, isVersion3);
        if (withError)
        {
            reply.WriteError("UNBLOCKED client unblocked via CLIENT UNBLOCK"u8);
        }
        else
        {
            reply.WriteNullArray();
        }

        return reply.Length;
    }

    private void Forget(int call) => shard.Carries.GiveBack(_waits.Queues.Remove(call));

    private ReadOnlySpan<byte> FrameOf(int call) => _waits.Queues[call].Frame.Span[.._waits.Queues[call].Length];
}
