using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastCache.Core;
using FastCache.Io;
using FastCache.Node.Doors;
using FastCache.Node.Sessions;
using FastCache.Protocol;

namespace FastCache.Node.Shards;

/// <summary>The owner's side of requests that came to other shards: executes them in groups and sends the replies back.</summary>
internal sealed class ForeignService : IDisposable
{
    /// <summary>Requests whose cache misses overlap, like <see cref="RequestGroup"/>'s.</summary>
    public const int GroupSize = 32;

    private readonly ShardExchange _exchange;
    private readonly int _owner;
    private readonly Shard _shard;
    private readonly RequestExecutor _executor;
    private readonly Door[] _doors;
    private readonly NodeTopology _topology;
    private readonly ProtocolLimits _limits;
    private readonly ChangeLog _changes;
    private readonly CarryPool _carries;
    private readonly ReplyDebts _debts;
    private readonly Work[] _work;
    private readonly NativeBuffer _room = new(RequestExecutor.MaxReplyBytes);
    private readonly Request[] _requests = new Request[GroupSize];
    private readonly LookupKey[] _keys = new LookupKey[GroupSize];
    private readonly ParcelEntry[] _entries = new ParcelEntry[GroupSize];

    public ForeignService(
        ShardExchange exchange,
        int owner,
        Shard shard,
        RequestExecutor executor,
        Door[] doors,
        NodeTopology topology,
        ProtocolLimits limits,
        ChangeLog changes,
        CarryPool carries,
        int mostOwedBytes)
    {
        _exchange = exchange;
        _owner = owner;
        _shard = shard;
        _executor = executor;
        _doors = doors;
        _topology = topology;
        _limits = limits;
        _changes = changes;
        _carries = carries;
        _debts = new ReplyDebts(carries, mostOwedBytes);
        _work = [.. Enumerable.Range(0, exchange.Directory.Count).Select(_ => new Work { Empty = new Stack<Parcel>() })];
    }

    /// <summary>Whether there is something that can be executed now.</summary>
    public bool HasWork()
    {
        for (int home = 0; home < _work.Length; home++)
        {
            bool hasRequests = _work[home].Requests is not null || !_exchange.Link(home, _owner).Requests.IsEmpty;
            if (hasRequests && MayAnswer(home))
            {
                return true;
            }
        }

        foreach (ReplyDebts.Debtor debtor in _debts.Ready)
        {
            if (MayAnswer(debtor.Home))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Executes what the other shards have sent, as far as there are parcels for the replies.</summary>
    public void Serve()
    {
        ServeDebtors();
        for (int home = 0; home < _work.Length; home++)
        {
            Serve(home);
        }
    }

    /// <summary>Finds out whether a call that was held back can be answered now; then <see cref="AnswerLate"/> may follow.</summary>
    /// <param name="home">The shard that it came from.</param>
    /// <param name="room">Where the reply goes: <see cref="RequestExecutor.MaxReplyBytes"/>.</param>
    public bool TryBeginLate(int home, out Span<byte> room)
    {
        TakeEmpty(_exchange.Link(home, _owner), ref _work[home]);
        room = _room.Span;
        return HasParcels(ref _work[home]);
    }

    /// <summary>Sends the reply that stands in the room, with the next <see cref="Serve()"/>.</summary>
    public void AnswerLate(int home, ConnectionId connection, int length) => Answer(
        home,
        _exchange.Link(home, _owner),
        ref _work[home],
        new ParcelEntry(connection, length, BatchPlace.None, DoorKind.Resp),
        place: 0,
        length);

    public void Dispose() => _room.Dispose();

    private bool MayAnswer(int home)
    {
        ref Work work = ref _work[home];
        int missing = (work.Replies is null ? 1 : 0) + (work.Spare is null ? 1 : 0);
        return work.Empty.Count + _exchange.Link(home, _owner).EmptyReplies.Count >= missing;
    }

    private void TakeEmpty(ShardLink link, ref Work work)
    {
        while (link.EmptyReplies.TryDequeue(out Parcel? parcel))
        {
            parcel.Clear(_carries);
            work.Empty.Push(parcel);
        }
    }

    private void Serve(int home)
    {
        ShardLink link = _exchange.Link(home, _owner);
        ref Work work = ref _work[home];
        bool isTouched = false;
        TakeEmpty(link, ref work);
        while (work.Requests is not null || link.Requests.TryDequeue(out work.Requests))
        {
            if (!ExecuteGroup(home, link, ref work))
            {
                break; // All reply parcels are under way, and the home shard wakes this one when it gives one back; or a debtor goes first.
            }

            isTouched = true;
            if (work.Offset == work.Requests!.Length)
            {
                link.EmptyRequests.TryEnqueue(work.Requests);
                work.Requests = null;
                work.Offset = 0;
            }
        }

        if (work.Replies is { Count: > 0 })
        {
            link.Replies.TryEnqueue(work.Replies);
            work.Replies = null;
            isTouched = true;
        }

        if (isTouched)
        {
            _exchange.Nudge(home);
        }
    }

    /// <summary>Executes up to <see cref="GroupSize"/> requests of the parcel in hand.</summary>
    /// <returns>False when nothing could be done.</returns>
    private bool ExecuteGroup(int home, ShardLink link, ref Work work)
    {
        int offset = work.Offset;
        int count = 0;
        while (count < GroupSize && work.Requests!.TryRead(ref offset, out ParcelEntry entry, out ReadOnlySpan<byte> frame))
        {
            Receive(count, entry, frame);
            count++;
        }

        for (int i = 0; i < count; i++)
        {
            _shard.Probe(ref _keys[i]);
        }

        for (int i = 0; i < count; i++)
        {
            _shard.ProbeOverflow(ref _keys[i]);
        }

        int done = 0;
        while (done < count && HasParcels(ref work))
        {
            offset = work.Offset;
            work.Requests!.TryRead(ref offset, out ParcelEntry entry, out ReadOnlySpan<byte> frame);
            if (entry.IsPayment)
            {
                _debts.Pay(home, entry.Connection, MemoryMarshal.Read<int>(frame));
            }
            else if (_debts.MayExecute(home, entry.Connection, out ReplyDebts.Debtor debtor))
            {
                Execute(home, link, ref work, done);
            }
            else if (!_debts.TryPutAside(debtor, entry, frame))
            {
                if (!debtor.Waiting.IsEmpty)
                {
                    break; // Those go first, in the next pass.
                }

                Execute(home, link, ref work, done);
            }

            work.Offset = offset;
            done++;
        }

        _changes.EndRequests();
        _shard.EndBatch();
        return done > 0;
    }

    /// <summary>Executes what was put aside and may go on, as far as there are parcels for the replies.</summary>
    private void ServeDebtors()
    {
        foreach (ReplyDebts.Debtor debtor in _debts.Ready)
        {
            ShardLink link = _exchange.Link(debtor.Home, _owner);
            ref Work work = ref _work[debtor.Home];
            TakeEmpty(link, ref work);
            while (debtor.MayGoOn && HasParcels(ref work))
            {
                ReadOnlySpan<byte> waiting = debtor.Waiting.First;
                Receive(0, MemoryMarshal.Read<ParcelEntry>(waiting), waiting[Unsafe.SizeOf<ParcelEntry>()..]);
                Execute(debtor.Home, link, ref work, place: 0);
                debtor.Waiting.RemoveFirst();
            }
        }

        if (!_debts.Ready.IsEmpty)
        {
            _debts.EndReady();
            _changes.EndRequests();
            _shard.EndBatch();
        }
    }

    /// <summary>Takes a request that came from another shard, and begins to load what its key has.</summary>
    private void Receive(int place, in ParcelEntry entry, ReadOnlySpan<byte> frame)
    {
        scoped ReadOnlySpan<byte> key = default;
        if (entry.Door != DoorKind.Fcp)
        {
            key = _doors[(int)entry.Door].Receive(place, frame);
        }
        else if (!entry.IsPayment)
        {
            DecodeResult result = RequestDecoder.Read(frame, _limits, out _requests[place]);
            Debug.Assert(result == DecodeResult.Ok, "the home shard has decoded it before");
            key = _requests[place].Key;
        }

        _keys[place] = key.IsEmpty ? default : _shard.Prepare(key);
        _entries[place] = entry;
    }

    /// <summary>Executes a request that was received, and answers it unless it is held back.</summary>
    private void Execute(int home, ShardLink link, ref Work work, int place)
    {
        ParcelEntry entry = _entries[place];
        _changes.BeginRequestsOf(home, entry.Connection.Slot);
        int length = entry.Door == DoorKind.Fcp
            ? Execute(_requests[place], _keys[place])
            : _doors[(int)entry.Door].ExecuteForeign(place, _keys[place], _room.Span);
        if (length != Door.HeldBack)
        {
            Answer(home, link, ref work, entry, place, length);
        }
    }

    private int Execute(in Request request, in LookupKey key)
    {
        bool isElsewhere = _topology.Slots is not null && _topology.OwnerOf(request.Key, request.IsForCopy) == NodeTopology.Elsewhere;
        return isElsewhere ? _executor.RefuseMoved(request, _room.Span) : _executor.Execute(request, key, _room.Span);
    }

    /// <summary>Sees to it that there are two parcels, so that a reply that does not fit into the first has a place.</summary>
    private static bool HasParcels(ref Work work)
    {
        if (work.Replies is null)
        {
            work.Empty.TryPop(out work.Replies);
        }

        if (work.Spare is null)
        {
            work.Empty.TryPop(out work.Spare);
        }

        return work.Replies is not null && work.Spare is not null;
    }

    /// <summary>Puts the reply that stands in the room into a parcel.</summary>
    private void Answer(int home, ShardLink link, ref Work work, ParcelEntry entry, int place, int length)
    {
        if (!work.Replies!.HasRoomFor(length))
        {
            if (work.Replies.Count > 0)
            {
                link.Replies.TryEnqueue(work.Replies);
                work.Replies = work.Spare;
                work.Spare = null;
            }

            if (!work.Replies!.HasRoomFor(length) && !work.Replies.TryEnlarge(_carries, length))
            {
                length = entry.Door == DoorKind.Fcp
                    ? ReplyWriter.WriteError(
                        _room.Span, _requests[place].Opcode, Status.OutOfMemory, _requests[place].Id, SessionFault.NoMemoryBetweenShards)
                    : _doors[(int)entry.Door].RefuseForeign(place, _room.Span);
            }
        }

        Span<byte> reply = _room.Span[..length];
        if (entry.Batch.Index >= 0 && length > 0)
        {
            ReplyWriter.MakeBatchReply(reply, entry.Batch.Opcode, (uint)entry.Batch.Index, entry.Batch.IsLast);
        }

        reply.CopyTo(work.Replies.Add(entry with { Length = length }));
        _debts.Owe(home, entry.Connection, length);
    }

    private struct Work
    {
        public Parcel? Requests;
        public int Offset;
        public Parcel? Replies;
        public Parcel? Spare;
        public Stack<Parcel> Empty;
    }
}
