using FastCache.Core;
using FastCache.Node.Sessions;
using FastCache.Node.Shards;

namespace FastCache.Node.Doors.Resp.Waiting;

/// <summary>What calls of this shard wait for, and the waits of its connections.</summary>
/// <remarks>
/// A handler that finds nothing writes the reply of a call whose time is over, and says with <see cref="Ask"/> that it would rather
/// wait. Whoever runs it decides: <see cref="RespDoor"/> holds the call back and drops that reply; where a command must not wait (in a
/// transaction, or in a node that stops) the reply is simply sent.
/// </remarks>
/// <param name="shard">Hashes keys.</param>
/// <param name="board">Of all shards.</param>
/// <param name="home">This shard.</param>
/// <param name="counters">Where waits are counted.</param>
/// <param name="nowMillis">The loop's time.</param>
internal sealed class Waits(Shard shard, WaitBoard board, int home, NodeCounters counters, Func<long> nowMillis)
{
    private const long Never = long.MaxValue;

    private readonly List<ulong> _signals = [];
    private long _lastNumber;
    private bool _hasWish;
    private Wish _wish;

    /// <summary>This shard.</summary>
    public int Home => home;

    /// <summary>Whether nobody may wait any more, because the node stops.</summary>
    public bool IsOver { get; set; }

    /// <summary>The calls that are held back here.</summary>
    public WaitQueues Queues { get; } = new();

    /// <summary>Whether the handler that ran last would rather wait.</summary>
    public bool HasWish => _hasWish;

    /// <summary>Whether <see cref="TryUnblock"/> has found a call since this was set to false.</summary>
    public bool HasUnblocked { get; set; }

    /// <summary>Whether a call that may be held here has lost its client since this was set to false.</summary>
    public bool HasAbandoned { get; set; }

    /// <summary>Keys of held calls that were written since they were looked at.</summary>
    public List<ulong> Signals => _signals;

    /// <summary>Whether a call that was held back is executed now: what its handler writes is its answer.</summary>
    public bool IsAnswering { get; set; }

    /// <summary>While a call is executed because one of its keys was written, the argument that this is; else 0.</summary>
    public int WrittenKey { get; set; }

    /// <summary>Whether a command that takes from the first of its keys that has something may take from this one: a call that has waited takes
    /// from the key that was written, whatever those before it have by now.</summary>
    /// <param name="argument">The argument that is the key.</param>
    public bool MayTakeFrom(int argument) => WrittenKey == 0 || WrittenKey == argument;

    /// <summary>Says that a call would rather wait until one of its keys has a collection.</summary>
    /// <param name="kind">Of which kind.</param>
    /// <param name="timeoutMillis">For how long; 0: for ever.</param>
    /// <param name="firstKey">The argument that is the first of those keys.</param>
    /// <param name="keys">How many there are, one behind the other.</param>
    public void Ask(CollectionKind kind, long timeoutMillis, int firstKey, int keys)
    {
        long now = nowMillis();
        _wish = new Wish(kind, timeoutMillis == 0 || timeoutMillis > Never - now ? Never : now + timeoutMillis, firstKey, keys);
        _hasWish = true;
    }

    /// <summary>Takes the wish of the handler that ran last, so that the next one begins without.</summary>
    public Wish TakeWish()
    {
        _hasWish = false;
        return _wish;
    }

    /// <summary>Lets a session of this shard wait: nothing more of it is decoded until it is answered.</summary>
    /// <param name="session">Whose call is held back, here or at the shard of its key.</param>
    public Waiter Begin(Session session)
    {
        session.BeginWait(++_lastNumber, counters);
        if (!session.IsGone)
        {
            board.Begin(home, session.Connection.Slot, session.Wait);
        }

        return new Waiter(session.Connection, home, session.Wait);
    }

    /// <summary>The client of a session of this shard has gone, or is sent away: from now on nothing is taken for it. It waits until <see cref="Abandon"/>.</summary>
    public void TakeNothingFor(Session session)
    {
        session.IsGone = true;
        if (session.IsParked)
        {
            board.Abandon(home, session.Connection.Slot);
            HasAbandoned = true;
        }
    }

    /// <summary>Ends the wait of a session of this shard that has gone, if it has one.</summary>
    public void Abandon(Session session)
    {
        if (session.IsParked)
        {
            board.Abandon(home, session.Connection.Slot);
            session.EndWait(counters);
        }
    }

    /// <summary>Whether somebody still waits for a held call.</summary>
    public bool IsOn(in Waiter waiter) => board.IsOn(waiter.Home, waiter.Connection.Slot, waiter.Number);

    /// <summary>Makes sure that nobody else ends a wait: the call is answered now.</summary>
    public bool TryEnd(in Waiter waiter) => board.TryEnd(waiter.Home, waiter.Connection.Slot, waiter.Number);

    /// <summary>Has the wait of a connection ended before its time, if its call is held here.</summary>
    /// <param name="place">Where the connection is.</param>
    /// <param name="withError">Whether with an error, rather than as if its time were over.</param>
    /// <returns>Whether there is one that nobody has ended yet.</returns>
    public bool TryUnblock(in ClientPlace place, bool withError)
    {
        for (int i = 0; i < Queues.EndOfCalls; i++)
        {
            ref WaitQueues.HeldCall call = ref Queues[i];
            if (call is { IsHeld: true, IsUnblocked: false } && call.Waiter.Home == place.Shard && call.Waiter.Connection == place.Connection
                && IsOn(call.Waiter))
            {
                (call.IsUnblocked, call.EndsWithError, call.DeadlineMillis) = (true, withError, 0);
                return HasUnblocked = true;
            }
        }

        return false;
    }

    /// <summary>The hash of a key that lies in memory that does not move.</summary>
    public ulong HashOf(ReadOnlySpan<byte> key) => shard.Prepare(key).SeededHash;

    /// <summary>Takes note of a write to a key.</summary>
    public void Written(ReadOnlySpan<byte> key)
    {
        if (Queues.Count > 0)
        {
            Signal(HashOf(key));
        }
    }

    /// <summary>Has a key looked at for which somebody may wait.</summary>
    /// <param name="hash">The key's.</param>
    public void Signal(ulong hash)
    {
        if (Queues.TrySignal(hash))
        {
            _signals.Add(hash);
        }
    }
}

/// <summary>What a call waits for.</summary>
/// <param name="Kind">The kind of collection that one of the keys has to have.</param>
/// <param name="DeadlineMillis">Until when, in the loop's time.</param>
/// <param name="FirstKey">The argument that is the first key.</param>
/// <param name="Keys">How many keys there are.</param>
internal readonly record struct Wish(CollectionKind Kind, long DeadlineMillis, int FirstKey, int Keys);

/// <summary>Who waits for a held call.</summary>
/// <param name="Connection">On its own shard.</param>
/// <param name="Home">That shard.</param>
/// <param name="Number">Of the wait, see <see cref="WaitBoard"/>; 0: none.</param>
internal readonly record struct Waiter(Io.ConnectionId Connection, int Home, long Number);
