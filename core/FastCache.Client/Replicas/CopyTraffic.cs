using System.Diagnostics;
using FastCache.Client.Connections;
using FastCache.Client.Operations;
using FastCache.Client.Routing;
using FastCache.Client.Telemetry;
using FastCache.Protocol;

namespace FastCache.Client.Replicas;

/// <summary>What a client does with the copies that replicas have: reads them, fills them, deletes them.</summary>
/// <remarks>
/// <code>
///   read at a replica   LeaseGet --+-- a value --------------------------> the caller
///                                  |
///                                  +-- none, a token --> Get at primary -> the caller, and
///                                  |                                       Set at the replica under the token
///                                  +-- none, no token -> Get at primary -> the caller
///
///   write               at the primary -- any answer --> Delete at every replica, then the caller
/// </code>
/// No replica has a value that is older than the last Delete that it executed: a Delete ends the key's grant, so what is
/// written under a token was asked of the primary after the Delete, and so after the write; a hedge that asked it before the
/// token came fills nothing. A Delete that is lost leaves a
/// copy for <see cref="FastCacheClientOptions.ReplicaMaxAge"/>, and a grant for <see cref="FillMillis"/> before that: the
/// sum is the bound, by the replica's own clock, whatever becomes of clients, connections and processes meanwhile.
/// <para>
/// This client reads its own writes as its Deletes stand before its later reads on the one connection to each shard. A
/// connection on which a Delete was lost is not read from until the bound has passed.
/// </para>
/// </remarks>
internal sealed class CopyTraffic
{
    /// <summary>How long a grant to fill a copy lasts: an answer of the primary that takes longer is not kept.</summary>
    public const uint FillMillis = 1_000;

    /// <summary>Longest value that is copied.</summary>
    public const int MostCopyBytes = 256 << 10;

    /// <summary>Longest frame of a read: GetRange has a field.</summary>
    public const int MostReadFrameBytes = FcpLimits.HeaderBytes + sizeof(ulong) + FcpLimits.MaxKeyBytes;

    private const int MostCopies = 1 + Cluster.ClusterTopology.MaxReplicas;

    private readonly Router _router;
    private readonly ulong _maxAgeMillis;
    private readonly LatencyQuantile? _lateness;
    private long _written;
    private long _deleted;
    private long _dropped;

    public CopyTraffic(Router router)
    {
        _router = router;
        FastCacheClientOptions options = router.Options;
        ReadsCopies = options.ReadFrom == ReadFrom.BestCopy;
        _maxAgeMillis = (ulong)Math.Ceiling(options.ReplicaMaxAge.TotalMilliseconds);
        _lateness = options.HedgeAfterPercentile > 0 ? new(options.HedgeAfterPercentile) : null;
        Watch = new(router, this, _lateness);
    }

    /// <summary>Whether reads go to replicas; otherwise this client only deletes the copies of what it writes.</summary>
    public bool ReadsCopies { get; }

    /// <summary>Looks after late reads and idle connections.</summary>
    public CopyWatch Watch { get; }

    /// <summary>How long a connection is not read from after a Delete on it was lost.</summary>
    public long DistrustMillis => (long)_maxAgeMillis + FillMillis;

    /// <summary>The counters now.</summary>
    public ReplicaStatistics Statistics()
    {
        ConnectionCounts reads = _router.Routes.Nodes.SelectMany(node => node.Connections)
            .Aggregate(default(ConnectionCounts), (sum, connection) => sum + connection.Counters.Read());
        return new()
        {
            Hits = reads.CopyHits,
            Misses = reads.CopyMisses,
            CopiesWritten = Volatile.Read(ref _written),
            CopiesDeleted = Volatile.Read(ref _deleted),
            Dropped = Volatile.Read(ref _dropped),
            Hedges = Watch.Hedges,
        };
    }

    /// <summary>Sends a read to the best of the copies of its slot.</summary>
    /// <returns>Null if there is only one, or none can be asked: there is the usual way.</returns>
    public Operation? TryBegin<TRequest>(
        scoped in TRequest request, Memory<byte> destination, CancellationToken cancellationToken)
        where TRequest : IRequest, allows ref struct
    {
        int slot = KeySlot.Of(request.Key);
        if (_router.Routes.Copies is not SlotCopies all || !all.TryGet(slot, out CopySet? copies)
            || Choose(copies, slot, except: null) is not ShardConnection chosen)
        {
            return null;
        }

        Purpose purpose = chosen.Owner == copies.Primary ? Purpose.Read : Purpose.Copy;
        return chosen.Begin(request, slot, destination, cancellationToken, purpose);
    }

    /// <summary>Asks a replica as well, for a read that the primary has not answered.</summary>
    /// <returns>Whether there was one to ask.</returns>
    public bool TryAskReplica(Operation operation, int ticket)
    {
        int slot = operation.Slot;
        Span<byte> frame = stackalloc byte[MostReadFrameBytes];
        int length = operation.CopyFrame(ticket, frame);
        return length > 0 && _router.Routes.Copies is SlotCopies all && all.TryGet(slot, out CopySet? copies)
            && Choose(copies, slot, except: copies.Primary) is ShardConnection replica
            && replica.TryBeginAgain(operation, ticket, frame[..length], Purpose.Copy);
    }

    /// <summary>Asks the primary, for a read that a replica has not answered, or that found nothing there; once.</summary>
    /// <param name="operation">The read.</param>
    /// <param name="ticket">Its ticket.</param>
    /// <param name="fill">The grant that the replica gave for what the primary has; none if it has not answered.</param>
    /// <returns>Whether it was not asked before.</returns>
    public bool TryAskPrimary(Operation operation, int ticket, in CopyFill fill = default)
    {
        int slot = operation.Slot;
        Span<byte> frame = stackalloc byte[MostReadFrameBytes];
        int length = operation.CopyFrame(ticket, frame);
        if (length == 0 || !operation.TryTurnToPrimary(ticket, fill))
        {
            return false;
        }

        while (!_router.Routes.Primary(slot).TryBeginAgain(operation, ticket, frame[..length], Purpose.Caller))
        {
            // That connection is retired, so there are other routes by now.
        }

        return true;
    }

    /// <summary>Whether the primary of a slot is connected.</summary>
    public bool IsPrimaryUp(int slot) => _router.Routes.Primary(slot).IsUp;

    /// <summary>A replica has answered a read. For the thread that receives from it.</summary>
    /// <returns>Whether the answer is one for the caller; otherwise the primary has it.</returns>
    public bool TakeAnswer(ShardConnection replica, Operation operation, int ticket, in Reply reply)
    {
        bool isHit = reply.Status == Status.RangeOutOfValue || (reply.Status == Status.Ok
            && (reply.Opcode != Opcode.LeaseGet || (LeaseResult)reply.Argument <= LeaseResult.HitRefresh));
        ulong token = reply.Opcode == Opcode.LeaseGet && reply.Status == Status.Ok ? ReplyBody.Number(reply.Value) : 0;
        replica.Counters.CopyRead(isHit);
        if (!isHit)
        {
            if (reply.Status == Status.Moved && reply.Argument > _router.Routes.Epoch)
            {
                _router.Learning.Learn(((NodeShards)replica.Owner).EndPoint);
            }

            CopyFill fill = new(replica, token);
            if (!TryAskPrimary(operation, ticket, fill) && token != 0)
            {
                // It was asked before the grant: another answer is needed, or a replica that is late would never be filled.
                Renew(operation, ticket, fill);
            }
        }
        else if (token != 0)
        {
            Renew(operation, ticket, new(replica, token));
        }

        return isHit;
    }

    /// <summary>A request has been answered by a primary, and nobody has been told. For the thread that claimed it.</summary>
    public void Answered(ShardConnection from, Operation operation, int ticket, in Reply reply)
    {
        switch (reply.Opcode)
        {
            case Opcode.Get:
                CopyFill fill = operation.TakeFill(ticket);
                if (fill.Token != 0 && reply.Status == Status.Ok && reply.Value.Length <= MostCopyBytes)
                {
                    Fill(fill, operation, reply);
                }

                break;
            case Opcode.Set or Opcode.Delete or Opcode.Touch or Opcode.Count or Opcode.Append or Opcode.Prepend or Opcode.MakeStale:
                Delete(FrameHeader.Key(operation.Frame), operation.Slot, (NodeShards)from.Owner);
                break;
        }
    }

    /// <summary>A key was written on another way than its connection, or may have been: its copies are deleted.</summary>
    public void Changed(ReadOnlySpan<byte> key) => Delete(key, KeySlot.Of(key), except: null);

    /// <summary>A request was a sample.</summary>
    public void Sampled(long latency) => _lateness?.Add(latency);

    /// <summary>Writes a copy anew, with what the primary has by now, if it has something; unless the read has an end.</summary>
    private void Renew(Operation operation, int ticket, in CopyFill fill)
    {
        int slot = operation.Slot;
        Span<byte> frame = stackalloc byte[MostReadFrameBytes];
        int length = operation.CopyFrame(ticket, frame);
        if (length > 0)
        {
            ReadOnlySpan<byte> key = FrameHeader.Key(frame[..length]);
            Note(_router.Routes.Primary(slot).TryPost(new GetRequest(key), fill, slot), ref _dropped, 0);
        }
    }

    private void Fill(in CopyFill fill, Operation operation, in Reply reply)
    {
        // A sliding life with a limit of the same length: the node then knows how long it was, and says so shortly before its end.
        SetTerms terms = new(_maxAgeMillis, Version: reply.Version)
        {
            IfNewer = true,
            LeaseToken = fill.Token,
            Sliding = true,
            SlidingLimitMillis = _maxAgeMillis,
        };
        bool isPosted = fill.Replica!.TryPost(new SetRequest(FrameHeader.Key(operation.Frame), reply.Value, terms));
        Note(isPosted, ref _written, 1);
    }

    private void Delete(ReadOnlySpan<byte> key, int slot, NodeShards? except)
    {
        if (slot < 0 || _router.Routes.Copies is not SlotCopies all || !all.TryGet(slot, out CopySet? copies))
        {
            return;
        }

        foreach (NodeShards node in copies.Nodes)
        {
            if (node != copies.Primary && node != except)
            {
                Note(node.ConnectionOf(slot).TryPost(new DeleteRequest(key, null)), ref _deleted, 1);
            }
        }
    }

    private void Note(bool isPosted, ref long counter, long count)
    {
        if (isPosted)
        {
            Interlocked.Add(ref counter, count);
        }
        else
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    private static ShardConnection? Choose(CopySet copies, int slot, NodeShards? except)
    {
        Span<long> costs = stackalloc long[MostCopies];
        long now = Stopwatch.GetTimestamp();
        NodeShards[] nodes = copies.Nodes;
        for (int i = 0; i < nodes.Length; i++)
        {
            ShardConnection connection = nodes[i].ConnectionOf(slot);
            bool isUsable = nodes[i] != except && connection.IsUp && (nodes[i] == copies.Primary || connection.IsTrusted);
            costs[i] = isUsable
                ? CopyChoice.Cost(connection.Gauge.Estimate(now), connection.RoughlyOutstanding)
                : CopyChoice.Unusable;
        }

        // The lower bits of a clock are random enough for a draw among a few.
        int place = CopyChoice.Choose(costs[..nodes.Length], copies.Tiers, (uint)((ulong)now * 0x9E3779B97F4A7C15UL >> 32));
        return place < 0 ? null : nodes[place].ConnectionOf(slot);
    }
}
