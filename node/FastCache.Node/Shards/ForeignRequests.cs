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

    /// <summary>It must wait for all replies to this session that are under way.</summary>
    AwaitsReplies,

    /// <summary>So much is under way for this session that it must wait for some of it.</summary>
    AwaitsSome,

    /// <summary>The shard's parcels are all under way: try again in the next pass.</summary>
    NoParcel,

    /// <summary>It is too long for a parcel, and the memory for it is refused.</summary>
    NoMemory,
}

/// <summary>What of its session may be under way at other shards together with a call.</summary>
internal enum CallCompany : byte
{
    /// <summary>Calls for any keys.</summary>
    Any,

    /// <summary>Nothing: it is executed behind all that came before, and before all that comes behind it.</summary>
    Nothing,

    /// <summary>Parts of the same command, of which the first has <see cref="Nothing"/>.</summary>
    ItsParts,
}

/// <summary>The home side of requests whose keys other shards own: sends them there, and brings the replies to their sessions.</summary>
/// <remarks>
/// <para>Order: a session's requests are answered in the order in which they came, and those for one key are executed in it. Those of
/// different shards are executed at the same time, and their replies wait for their turn (<see cref="ReplyOrder"/>); while any is under
/// way, requests for this shard's own keys go through a parcel too, from it to itself. What concerns no single key waits until all
/// replies are there. A session that takes replies in any order (feature UnorderedReplies) gets them as they come, but for those of
/// one batch: its entries are of one shard at a time.</para>
/// <para>A reply is not copied when its session can be answered in the pass in which it comes: it stays in its parcel until then.</para>
/// </remarks>
internal sealed class ForeignRequests
{
    /// <summary>No single shard is concerned.</summary>
    public const int EveryShard = -1;

    /// <summary>In place of a connection where no reply is wanted.</summary>
    public static readonly ConnectionId Nobody = new(-1, 0);

    /// <summary>Requests under way at other shards of a session that takes replies in any order; more wait in its input. Others have
    /// <see cref="ReplyOrder.MostUnderWay"/>.</summary>
    public const int MaxOutstanding = 1_024;

    private readonly ShardExchange _exchange;
    private readonly int _home;
    private readonly CarryPool _carries;
    private readonly NodeCounters _counters;
    private readonly Parcel?[] _filling;
    private readonly Stack<Parcel>[] _empty;
    private readonly bool[] _sealed;
    private readonly List<(ShardLink Link, Parcel Parcel, int Owner)> _arrived = [];
    private readonly List<Session> _answered = [];
    private readonly List<(int Owner, ConnectionId Connection, int Bytes)> _payments = [];
    private List<ArrivedReply> _replies = [];
    private List<ArrivedReply> _retained = [];

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

    /// <summary>Whether a session's next request goes to its owner by parcel: to this shard itself only behind what is under way.</summary>
    public bool Travels(Session session, int owner) =>
        owner >= 0 && (owner != _home || (session.Outstanding > 0 && !session.IsUnordered));

    /// <summary>Whether a session's next request may go on now.</summary>
    /// <param name="session">Whose it is.</param>
    /// <param name="owner">The shard that it concerns, <see cref="EveryShard"/>, or <see cref="NodeTopology.Elsewhere"/>.</param>
    /// <param name="isOfBatch">Whether it is an entry of a batch, whose replies stay in order for every client.</param>
    /// <param name="company">What may be under way with it.</param>
    /// <param name="bytes">Bytes that travel.</param>
    /// <returns><see cref="ForwardResult.Sent"/> when it may, or what it awaits.</returns>
    public ForwardResult MayGoOn(Session session, int owner, bool isOfBatch, CallCompany company, int bytes)
    {
        if (session.Outstanding == 0)
        {
            return ForwardResult.Sent;
        }

        if (owner == EveryShard || company == CallCompany.Nothing || (session.IsAloneUnderWay && company != CallCompany.ItsParts))
        {
            return ForwardResult.AwaitsReplies;
        }

        if (session.IsUnordered)
        {
            return isOfBatch && owner != session.OutstandingOwner ? ForwardResult.AwaitsReplies
                : session.Outstanding == MaxOutstanding && owner != _home ? ForwardResult.AwaitsSome
                : ForwardResult.Sent;
        }

        bool isScarce = _carries.LentBytes > _carries.BudgetBytes / 2;
        return owner < 0 ? ForwardResult.AwaitsReplies
            : session.ForeignReplies!.MayAdd(owner, bytes, isScarce) ? ForwardResult.Sent
            : ForwardResult.AwaitsSome;
    }

    /// <summary>Makes room for one request to its owner, which goes there with the next <see cref="Publish"/>.</summary>
    /// <param name="session">Whose it is; it <see cref="MayGoOn"/>.</param>
    /// <param name="owner">The shard that it <see cref="Travels"/> to.</param>
    /// <param name="length">Bytes of the whole frame.</param>
    /// <param name="batch">Where in a batch it stands.</param>
    /// <param name="frame">To be filled with the frame when the answer is <see cref="ForwardResult.Sent"/>.</param>
    /// <param name="tag">For a call: <see cref="Door.TagOf"/> it.</param>
    public ForwardResult TryAdd(
        Session session, int owner, int length, in BatchPlace batch, out Span<byte> frame, byte tag = 0)
    {
        ParcelEntry entry = new(session.Connection, length, batch, session.Door.Kind, tag);
        ForwardResult added = TryAdd(owner, entry, out frame, out bool isEnlarged);
        if (added == ForwardResult.Sent)
        {
            session.StarvedSinceMillis = isEnlarged ? null : session.StarvedSinceMillis;
            session.Outstanding++;
            session.OutstandingOwner = owner;
            session.ForeignReplies ??= new ReplyOrder(_filling.Length, _carries);
            if (!session.IsUnordered)
            {
                session.ForeignReplies.Add(owner, length);
            }

            _counters.Forwarded += owner == _home ? 0 : 1;
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
        TryAdd(owner, new ParcelEntry(Nobody, length, BatchPlace.None, door), out frame, out _) == ForwardResult.Sent;

    /// <summary>Lets the owners have what was collected for them, and takes back the parcels that they have emptied.</summary>
    public void Publish()
    {
        for (int owner = 0; owner < _filling.Length; owner++)
        {
            while (_exchange.Link(_home, owner).EmptyRequests.TryDequeue(out Parcel? parcel))
            {
                parcel.Clear(_carries);
                _empty[owner].Push(parcel);
            }
        }

        SendPayments();
        for (int owner = 0; owner < _filling.Length; owner++)
        {
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

    /// <summary>Whether replies are there to be taken, or payments can be sent that had to wait.</summary>
    public bool HasArrivals()
    {
        for (int owner = 0; owner < _filling.Length; owner++)
        {
            if (!_exchange.Link(_home, owner).Replies.IsEmpty)
            {
                return true;
            }
        }

        foreach ((int owner, _, _) in _payments)
        {
            // An owner that has given a parcel back while this shard was awake wakes it for that no more.
            if (!_exchange.Link(_home, owner).EmptyRequests.IsEmpty)
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
                        Arrive(session, owner, new ArrivedReply(parcel, start, entry.Length));
                        ready(session);
                    }
                    else
                    {
                        Pay(owner, entry.Connection, ReplyDebts.Of(entry.Length));
                    }

                    start = offset;
                }
            }
        }
    }

    /// <summary>Stages replies that have come for a session and whose turn it is, as far as it may be answered now.</summary>
    /// <returns>Whether none is left.</returns>
    public bool TryStage(Session session, ReplyPath replies)
    {
        while (session.HasForeignReplies)
        {
            if (replies.Allowance(session) <= 0)
            {
                return false;
            }

            ReplyOrder order = session.ForeignReplies!;
            ReadOnlySpan<byte> reply = order.Next(_replies, out byte tag);
            int bytes = reply.IsEmpty ? 0 : session.Door.TakeReply(session, tag, reply, replies.Room);
            int paid = order.RemoveNext(_replies, out int owner);
            Pay(owner, session.Connection, paid);
            if (bytes > 0)
            {
                replies.Stage(session, bytes);
            }
        }

        return true;
    }

    /// <summary>Ends a pass: keeps what could not be staged, and gives the parcels back.</summary>
    /// <remarks>Where there is no memory to keep a reply in, its parcel stays here, and the owner has one less.</remarks>
    /// <param name="mayAwaitMemory">Told of a session for whose replies there is none: whether it may wait for it.</param>
    /// <param name="overloaded">Told of one that may not; it must be closed.</param>
    public void EndPass(Func<Session, bool> mayAwaitMemory, Action<Session> overloaded)
    {
        int waiting = 0;
        for (int i = 0; i < _answered.Count; i++)
        {
            Session session = _answered[i];
            if (session.ForeignReplies is not { Arrived: > 0 } order || order.TryKeep(_replies))
            {
                session.StarvedSinceMillis = null;
            }
            else if (mayAwaitMemory(session))
            {
                _answered[waiting++] = session;
            }
            else
            {
                Forget(session);
                session.State = SessionState.Draining; // What it asked from here on would be answered by what is still under way.
                overloaded(session);
            }
        }

        _answered.RemoveRange(waiting, _answered.Count - waiting);
        _retained.Clear();
        foreach (Session session in _answered)
        {
            session.ForeignReplies!.Retain(_replies, _retained);
        }

        (_replies, _retained) = (_retained, _replies);
        int retained = 0;
        for (int i = 0; i < _arrived.Count; i++)
        {
            (ShardLink link, Parcel parcel, int owner) = _arrived[i];
            if (parcel.IsRetained)
            {
                parcel.IsRetained = false;
                _arrived[retained++] = _arrived[i];
                continue;
            }

            link.EmptyReplies.TryEnqueue(parcel);
            _sealed[owner] = true;
        }

        _arrived.RemoveRange(retained, _arrived.Count - retained);
    }

    /// <summary>Forgets what other shards have answered a session; what is still under way will find nobody.</summary>
    public void Forget(Session session)
    {
        session.Outstanding = 0;
        session.IsAloneUnderWay = false;
        session.ForeignReplies?.Clear((owner, bytes) => Pay(owner, session.Connection, bytes));
    }

    private void Pay(int owner, ConnectionId connection, int bytes)
    {
        if (bytes == 0)
        {
            return;
        }

        Span<(int Owner, ConnectionId Connection, int Bytes)> payments = CollectionsMarshal.AsSpan(_payments);
        if (payments.Length > 0 && (payments[^1].Owner, payments[^1].Connection) == (owner, connection))
        {
            payments[^1].Bytes += bytes;
            return;
        }

        _payments.Add((owner, connection, bytes));
    }

    /// <summary>Tells the owners what was paid; those that have no parcel now are told in a later pass.</summary>
    private void SendPayments()
    {
        int left = 0;
        for (int i = 0; i < _payments.Count; i++)
        {
            (int owner, ConnectionId connection, int bytes) = _payments[i];
            ParcelEntry entry = new(connection, sizeof(int), BatchPlace.None, DoorKind.Fcp, IsPayment: true);
            if (TryAdd(owner, entry, out Span<byte> frame, out _) == ForwardResult.Sent)
            {
                MemoryMarshal.Write(frame, bytes);
            }
            else
            {
                _payments[left++] = (owner, connection, bytes);
            }
        }

        _payments.RemoveRange(left, _payments.Count - left);
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

    private void Arrive(Session session, int owner, ArrivedReply reply)
    {
        if (session.Outstanding == 0)
        {
            // It was forgotten, and its connection closes.
            Pay(owner, session.Connection, ReplyDebts.Of(reply.Length));
            return;
        }

        session.Arrived();
        if (session.Outstanding == 0)
        {
            // A call that may be held back is alone.
            session.EndWait(_counters);
        }

        ReplyOrder order = session.ForeignReplies!;
        if (session.IsUnordered)
        {
            if (reply.Length == 0)
            {
                return;
            }

            order.Add(owner, bytes: 0);
        }

        if (order.Arrived == 0)
        {
            _answered.Add(session);
        }

        _replies.Add(reply);
        order.Arrive(owner, _replies.Count - 1, _replies);
    }
}
