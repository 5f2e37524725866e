using System.Diagnostics;
using System.Runtime.InteropServices;
using FastCache.Io;
using FastCache.Node.Doors;
using FastCache.Node.Sessions;

namespace FastCache.Node.Shards;

/// <summary>What became of the wish to send a request to the shard that owns its key.</summary>
internal enum ForwardResult : byte
{
    /// <summary>It is under way.</summary>
    Sent,

    /// <summary>It must wait for replies to this session that are under way.</summary>
    AwaitsReplies,

    /// <summary>The shard's parcels are all under way: try again in the next pass.</summary>
    NoParcel,

    /// <summary>It is too long for a parcel, and the memory for it is refused.</summary>
    NoMemory,
}

/// <summary>The home side of requests whose keys other shards own: sends them there, and brings the replies to their sessions.</summary>
/// <remarks>
/// <para>Order: a session's requests are answered in the order in which they came. Those for one owner travel one behind
/// the other; one for another owner, or for nobody's key, waits until all replies are there. A session that takes
/// replies in any order (feature UnorderedReplies) waits only with batches, and with what concerns no single key.</para>
/// <para>A reply is not copied until its session can be answered: it stays in its parcel for this pass, and goes to the
/// session's own late replies if the peer does not read.</para>
/// </remarks>
internal sealed class ForeignRequests
{
    /// <summary>No single shard is concerned.</summary>
    public const int EveryShard = -1;

    /// <summary>In place of a connection where no reply is wanted.</summary>
    public static readonly ConnectionId Nobody = new(-1, 0);

    /// <summary>Requests of one session under way at other shards; more wait in its input.</summary>
    public const int MaxOutstanding = 1_024;

    private readonly ShardExchange _exchange;
    private readonly int _home;
    private readonly CarryPool _carries;
    private readonly NodeCounters _counters;
    private readonly Parcel?[] _filling;
    private readonly Stack<Parcel>[] _empty;
    private readonly bool[] _sealed;
    private readonly List<(ShardLink Link, Parcel Parcel, int Owner)> _arrived = [];
    private readonly List<PendingReply> _pending = [];
    private readonly List<Session> _answered = [];

    public ForeignRequests(ShardExchange exchange, int home, CarryPool carries, NodeCounters counters)
    {
        _exchange = exchange;
        _home = home;
        _carries = carries;
        _counters = counters;
        _filling = new Parcel?[exchange.Directory.Count];
        _sealed = new bool[exchange.Directory.Count];
        _empty = [.. _filling.Select(_ => new Stack<Parcel>())];
    }

    /// <summary>This shard.</summary>
    public int Home => _home;

    /// <summary>Whether a session's next request may go on now.</summary>
    /// <param name="session">Whose it is.</param>
    /// <param name="owner">The shard that it concerns, <see cref="EveryShard"/>, or <see cref="NodeTopology.Elsewhere"/>.</param>
    /// <param name="isOfBatch">Whether it is an entry of a batch, whose replies stay in order for every client.</param>
    public static bool MayGoOn(Session session, int owner, bool isOfBatch) =>
        session.Outstanding == 0
        || (owner != EveryShard && ((session.IsUnordered && !isOfBatch) || owner == session.OutstandingOwner));

    /// <summary>Makes room for one request to its owner, which goes there with the next <see cref="Publish"/>.</summary>
    /// <param name="session">Whose it is.</param>
    /// <param name="owner">Another shard.</param>
    /// <param name="length">Bytes of the whole frame.</param>
    /// <param name="batch">Where in a batch it stands.</param>
    /// <param name="frame">To be filled with the frame when the answer is <see cref="ForwardResult.Sent"/>.</param>
    /// <param name="tag">For a call: <see cref="Door.TagOf"/> it.</param>
    public ForwardResult TryAdd(
        Session session, int owner, int length, in BatchPlace batch, out Span<byte> frame, byte tag = 0)
    {
        frame = default;
        Debug.Assert(owner != _home);
        if (!MayGoOn(session, owner, batch.Index >= 0) || session.Outstanding == MaxOutstanding)
        {
            return ForwardResult.AwaitsReplies;
        }

        ParcelEntry entry = new(session.Connection, length, batch, session.Door.Kind, tag);
        ForwardResult added = TryAdd(owner, entry, out frame, out bool isEnlarged);
        if (added == ForwardResult.Sent)
        {
            session.StarvedSinceMillis = isEnlarged ? null : session.StarvedSinceMillis;
            session.Outstanding++;
            session.OutstandingOwner = owner;
            _counters.Forwarded++;
        }

        return added;
    }

    /// <summary>Makes room for what another shard is told and does not answer; it goes there with the next <see cref="Publish"/>.</summary>
    /// <param name="owner">Another shard.</param>
    /// <param name="door">Whose <see cref="Door.ExecuteForeign"/> takes it there.</param>
    /// <param name="length">Bytes of it.</param>
    /// <param name="frame">To be filled when the answer is true.</param>
    /// <returns>False when nothing more can be on its way there now.</returns>
    public bool TryTell(int owner, DoorKind door, int length, out Span<byte> frame) =>
        TryAdd(owner, new ParcelEntry(Nobody, length, BatchPlace.None, door, 0), out frame, out _) == ForwardResult.Sent;

    /// <summary>Lets the owners have what was collected for them, and takes back the parcels that they have emptied.</summary>
    public void Publish()
    {
        for (int owner = 0; owner < _filling.Length; owner++)
        {
            if (owner == _home)
            {
                continue;
            }

            while (_exchange.Link(_home, owner).EmptyRequests.TryDequeue(out Parcel? parcel))
            {
                parcel.Clear(_carries);
                _empty[owner].Push(parcel);
            }

            if (_filling[owner] is { Count: > 0 })
            {
                Seal(owner);
            }

            if (_sealed[owner])
            {
                _sealed[owner] = false;
                _exchange.Nudge(owner);
            }
        }
    }

    /// <summary>Whether replies are there to be taken.</summary>
    public bool HasArrivals()
    {
        for (int owner = 0; owner < _filling.Length; owner++)
        {
            if (owner != _home && !_exchange.Link(_home, owner).Replies.IsEmpty)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Finds the sessions of all replies that have arrived.</summary>
    /// <param name="sessions">All of this shard's.</param>
    /// <param name="ready">Told of each session that has one.</param>
    public void TakeArrivals(SessionTable sessions, Action<Session> ready)
    {
        for (int owner = 0; owner < _filling.Length; owner++)
        {
            if (owner == _home)
            {
                continue;
            }

            ShardLink link = _exchange.Link(_home, owner);
            while (link.Replies.TryDequeue(out Parcel? parcel))
            {
                _arrived.Add((link, parcel, owner));
                int offset = 0;
                int start = 0;
                while (parcel.TryRead(ref offset, out ParcelEntry entry, out _))
                {
                    if (sessions.Find(entry.Connection) is Session session)
                    {
                        Arrive(session, parcel, start, entry.Length);
                        ready(session);
                    }

                    start = offset;
                }
            }
        }
    }

    /// <summary>Stages replies that have come for a session, as far as it may be answered now.</summary>
    /// <returns>Whether none is left.</returns>
    public bool TryStage(Session session, ReplyPath replies)
    {
        while (session.LateReplies is not null)
        {
            int most = Math.Min(replies.Allowance(session), session.LateLength - session.LateStart);
            if (most <= 0)
            {
                return false;
            }

            session.LateReplies.Span.Slice(session.LateStart, most).CopyTo(replies.Room);
            replies.Stage(session, most);
            session.LateStart += most;
            if (session.LateStart == session.LateLength)
            {
                DropLate(session);
            }
        }

        while (session.FirstPending >= 0)
        {
            if (replies.Allowance(session) <= 0)
            {
                return false;
            }

            PendingReply next = _pending[session.FirstPending];
            int bytes = Take(session, next, replies.Room);
            if (bytes > 0)
            {
                replies.Stage(session, bytes);
            }

            session.FirstPending = next.Next;
        }

        return true;
    }

    /// <summary>Ends a pass: keeps what could not be staged, and gives the parcels back.</summary>
    /// <param name="overloaded">Told of a session for whose late replies there is no memory; it must be closed.</param>
    public void EndPass(Action<Session> overloaded)
    {
        foreach (Session session in _answered)
        {
            if (session.FirstPending >= 0 && !TryKeep(session))
            {
                session.FirstPending = -1;
                overloaded(session);
            }
        }

        _answered.Clear();
        _pending.Clear();
        foreach ((ShardLink link, Parcel parcel, int owner) in _arrived)
        {
            link.EmptyReplies.TryEnqueue(parcel);
            _sealed[owner] = true;
        }

        _arrived.Clear();
    }

    /// <summary>Forgets a closed session; replies that are still under way to it will find nobody.</summary>
    public void Forget(Session session)
    {
        session.FirstPending = -1;
        session.Outstanding = 0;
        DropLate(session);
    }

    private ForwardResult TryAdd(int owner, scoped in ParcelEntry entry, out Span<byte> frame, out bool isEnlarged)
    {
        frame = default;
        isEnlarged = false;
        Parcel? parcel = _filling[owner];
        if (parcel is { Count: > 0 } && !parcel.HasRoomFor(entry.Length))
        {
            Seal(owner);
            parcel = null;
        }

        if (parcel is null)
        {
            if (!_empty[owner].TryPop(out parcel))
            {
                return ForwardResult.NoParcel;
            }

            _filling[owner] = parcel;
        }

        if (!parcel.HasRoomFor(entry.Length))
        {
            if (!parcel.TryEnlarge(_carries, entry.Length))
            {
                return ForwardResult.NoMemory;
            }

            isEnlarged = true;
        }

        frame = parcel.Add(entry);
        return ForwardResult.Sent;
    }

    private void Seal(int owner)
    {
        bool sent = _exchange.Link(_home, owner).Requests.TryEnqueue(_filling[owner]!);
        Debug.Assert(sent, "the queue holds all parcels that there are");
        _filling[owner] = null;
        _sealed[owner] = true;
    }

    private void Arrive(Session session, Parcel parcel, int start, int length)
    {
        Debug.Assert(session.Outstanding > 0);
        session.Outstanding--;
        session.IsWaiting &= session.Outstanding > 0 && !session.IsUnordered;
        if (session.Outstanding == 0)
        {
            // A call that may be held back is the last that was sent.
            session.EndWait(_counters);
        }

        if (length == 0)
        {
            return;
        }

        int index = _pending.Count;
        _pending.Add(new PendingReply { Parcel = parcel, Start = start, Next = -1 });
        if (session.FirstPending < 0)
        {
            session.FirstPending = index;
            _answered.Add(session);
        }
        else
        {
            CollectionsMarshal.AsSpan(_pending)[session.LastPending].Next = index;
        }

        session.LastPending = index;
    }

    private bool TryKeep(Session session)
    {
        int bytes = session.LateLength - session.LateStart + session.Door.JoinedBytes(session);
        for (int i = session.FirstPending; i >= 0; i = _pending[i].Next)
        {
            bytes += MostBytesOf(_pending[i]);
        }

        NativeBuffer? kept = _carries.Borrow(bytes);
        if (kept is null)
        {
            return false;
        }

        int used = 0;
        if (session.LateReplies is not null)
        {
            ReadOnlySpan<byte> before = session.LateReplies.Span[session.LateStart..session.LateLength];
            before.CopyTo(kept.Span);
            used = before.Length;
            DropLate(session);
        }

        for (; session.FirstPending >= 0; session.FirstPending = _pending[session.FirstPending].Next)
        {
            used += Take(session, _pending[session.FirstPending], kept.Span[used..]);
        }

        session.LateReplies = kept;
        session.LateStart = 0;
        session.LateLength = used;
        if (used == 0)
        {
            DropLate(session);
        }

        return true;
    }

    private void DropLate(Session session)
    {
        if (session.LateReplies is not null)
        {
            _carries.GiveBack(session.LateReplies);
            session.LateReplies = null;
            session.LateStart = session.LateLength = 0;
        }
    }

    /// <summary>Takes a reply in its turn.</summary>
    /// <returns>Bytes of what its peer is to be sent for it.</returns>
    private static int Take(Session session, in PendingReply pending, Span<byte> room)
    {
        ReadOnlySpan<byte> reply = pending.Parcel.FrameAt(pending.Start, out ParcelEntry entry);
        if (entry.Door != DoorKind.Fcp)
        {
            return session.Door.TakeReply(session, entry.Tag, reply, room);
        }

        reply.CopyTo(room);
        return reply.Length;
    }

    private static int MostBytesOf(in PendingReply pending) =>
        pending.Parcel.FrameAt(pending.Start, out ParcelEntry entry).Length
        + (entry.Door == DoorKind.Fcp ? 0 : Door.MaxJoinedBytes);

    private struct PendingReply
    {
        public Parcel Parcel;
        public int Start;
        public int Next;
    }
}
