using System.Diagnostics;
using System.Runtime.InteropServices;
using FastCache.Node.Sessions;

namespace FastCache.Node.Shards;

/// <summary>From which shards a session's replies come, in the order of its requests, and those that are there before their turn.</summary>
/// <remarks>
/// <code>
///   asked    | 2 | 0 | 0 | 1 | 2 |      the owner of each request that is not answered, the oldest first
///
///   lane 0   kept ──► arrived           A shard's replies come in the order of its requests: none needs a number.
///   lane 1   kept ──► arrived           Kept are those of earlier passes, in connection memory; arrived, those that still
///   lane 2                              lie in their parcels. Lane 2 is empty and its reply the next: the others wait.
/// </code>
/// </remarks>
/// <param name="shards">Shards of the node.</param>
/// <param name="carries">Connection memory.</param>
internal sealed class ReplyOrder(int shards, CarryPool carries)
{
    /// <summary>
    /// Most requests whose replies have to wait for each other. With 64 pipelines of 128 cost a quarter more processor time, with 128 as much
    /// (two shards, redis-benchmark); replies that are not <see cref="ReplyDebts.LongBytes">long</see> take 1 MiB at most with so many.
    /// </summary>
    public const int MostUnderWay = 256;

    /// <summary>Most bytes of requests under way, where there are several: the owners may have to keep them, see <see cref="ReplyDebts"/>.</summary>
    public const int MostRequestBytes = 256 << 10;

    private readonly Lane[] _lanes = NewLanes(shards);
    private Asked[] _asked = new Asked[16];
    private int _first;
    private int _requestBytes;

    /// <summary>Requests that are not answered.</summary>
    public int Count { get; private set; }

    /// <summary>Replies that lie in their parcels.</summary>
    public int Arrived { get; private set; }

    /// <summary>Whether the requests are of several shards: replies may come before their turn.</summary>
    public bool IsMixed { get; private set; }

    /// <summary>The shard of the newest request. There is one.</summary>
    public int LastOwner => _asked[(_first + Count - 1) & (_asked.Length - 1)].Owner;

    /// <summary>Whether the next reply is there.</summary>
    public bool HasNext => Count > 0 && !_lanes[NextOwner].IsEmpty;

    /// <summary>Bytes of memory that replies take.</summary>
    public int HeldBytes
    {
        get
        {
            int bytes = 0;
            foreach (ref readonly Lane lane in _lanes.AsSpan())
            {
                bytes += lane.Kept?.HeldBytes ?? 0;
            }

            return bytes;
        }
    }

    private int NextOwner => _asked[_first].Owner;

    /// <summary>Whether one more request may go on its way.</summary>
    /// <param name="owner">The shard.</param>
    /// <param name="bytes">Bytes of it.</param>
    /// <param name="isScarce">Whether memory is: then no reply may come before its turn.</param>
    public bool MayAdd(int owner, int bytes, bool isScarce) =>
        Count < MostUnderWay && _requestBytes + bytes <= MostRequestBytes && (!isScarce || (!IsMixed && owner == LastOwner));

    /// <summary>A request of a shard is the newest.</summary>
    /// <param name="owner">The shard.</param>
    /// <param name="bytes">Bytes of it.</param>
    public void Add(int owner, int bytes)
    {
        IsMixed = Count > 0 && (IsMixed || owner != LastOwner);
        if (Count == _asked.Length)
        {
            Asked[] larger = new Asked[2 * Count];
            _asked.AsSpan(_first).CopyTo(larger);
            _asked.AsSpan(0, _first).CopyTo(larger.AsSpan(Count - _first));
            (_asked, _first) = (larger, 0);
        }

        _asked[(_first + Count++) & (_asked.Length - 1)] = new Asked(owner, bytes);
        _requestBytes += bytes;
    }

    /// <summary>A shard's next reply is there.</summary>
    /// <param name="owner">The shard.</param>
    /// <param name="place">Where it is in <paramref name="arrived"/>.</param>
    /// <param name="arrived">The replies of this pass; this one is chained to the shard's one before it.</param>
    public void Arrive(int owner, int place, List<ArrivedReply> arrived)
    {
        ref Lane lane = ref _lanes[owner];
        Append(ref lane, place, arrived);
        Arrived++;
        lane.LongBytes += ReplyDebts.Of(arrived[place].Length);
    }

    /// <summary>Reads the next reply, which is there.</summary>
    public ReadOnlySpan<byte> Next(List<ArrivedReply> arrived, out byte tag)
    {
        ref Lane lane = ref _lanes[NextOwner];
        if (lane.Kept is { IsEmpty: false } kept)
        {
            tag = kept.First[0];
            return kept.First[1..];
        }

        return arrived[lane.First].Read(out tag);
    }

    /// <summary>The next reply has been taken.</summary>
    /// <param name="arrived">The replies of this pass.</param>
    /// <param name="owner">The shard that it was from.</param>
    /// <returns>What is to be paid to that shard, see <see cref="ReplyDebts"/>.</returns>
    public int RemoveNext(List<ArrivedReply> arrived, out int owner)
    {
        owner = NextOwner;
        ref Lane lane = ref _lanes[owner];
        int paid;
        if (lane.Kept is { IsEmpty: false } kept)
        {
            paid = ReplyDebts.Of(kept.First.Length - 1);
            kept.RemoveFirst();
        }
        else
        {
            paid = ReplyDebts.Of(arrived[lane.First].Length);
            lane.First = arrived[lane.First].Next;
            Arrived--;
        }

        lane.LongBytes -= paid;

        _requestBytes -= _asked[_first].Bytes;
        _first = (_first + 1) & (_asked.Length - 1);
        Count--;
        return paid;
    }

    /// <summary>Keeps what is left of this pass's replies, whose parcels go.</summary>
    /// <returns>False when there is no memory.</returns>
    public bool TryKeep(List<ArrivedReply> arrived)
    {
        foreach (ref Lane lane in _lanes.AsSpan())
        {
            for (; lane.First >= 0; lane.First = arrived[lane.First].Next)
            {
                ReadOnlySpan<byte> reply = arrived[lane.First].Read(out byte tag);
                lane.Kept ??= new FrameQueue(carries, canWait: true);
                if (!lane.Kept.TryReserve(1 + reply.Length, int.MaxValue, out Span<byte> place))
                {
                    return false;
                }

                place[0] = tag;
                reply.CopyTo(place[1..]);
                Arrived--;
            }
        }

        Debug.Assert(Arrived == 0);
        return true;
    }

    /// <summary>Makes the replies that lie in their parcels those of the next pass, for which the parcels stay.</summary>
    /// <param name="arrived">The replies of this pass.</param>
    /// <param name="retained">Those of the next.</param>
    public void Retain(List<ArrivedReply> arrived, List<ArrivedReply> retained)
    {
        foreach (ref Lane lane in _lanes.AsSpan())
        {
            int place = lane.First;
            lane.First = Lane.Nothing;
            while (place >= 0)
            {
                ArrivedReply reply = arrived[place];
                reply.Parcel.IsRetained = true;
                place = reply.Next;
                retained.Add(reply with { Next = Lane.Nothing });
                Append(ref lane, retained.Count - 1, retained);
            }
        }
    }

    /// <summary>Forgets everything.</summary>
    /// <param name="pay">Told of each shard to which something is to be paid for replies that were there, and how much.</param>
    public void Clear(Action<int, int> pay)
    {
        for (int owner = 0; owner < _lanes.Length; owner++)
        {
            ref Lane lane = ref _lanes[owner];
            lane.First = Lane.Nothing;
            lane.Kept?.Clear();
            if (lane.LongBytes > 0)
            {
                pay(owner, lane.LongBytes);
                lane.LongBytes = 0;
            }
        }

        (_first, _requestBytes, Count, Arrived) = (0, 0, 0, 0);
    }

    private static void Append(ref Lane lane, int place, List<ArrivedReply> replies)
    {
        if (lane.First < 0)
        {
            lane.First = place;
        }
        else
        {
            CollectionsMarshal.AsSpan(replies)[lane.Last].Next = place;
        }

        lane.Last = place;
    }

    private static Lane[] NewLanes(int shards)
    {
        Lane[] lanes = new Lane[shards];
        Array.Fill(lanes, new Lane { First = Lane.Nothing });
        return lanes;
    }

    /// <summary>A request that is not answered.</summary>
    private readonly record struct Asked(int Owner, int Bytes);

    /// <summary>The replies of one shard: those of earlier passes, then a chain of this one's.</summary>
    private struct Lane
    {
        public const int Nothing = -1;

        public FrameQueue? Kept;
        public int First;
        public int Last;
        public int LongBytes;

        public readonly bool IsEmpty => First < 0 && Kept is not { IsEmpty: false };
    }
}

/// <summary>A reply that lies in its parcel for this pass.</summary>
/// <param name="parcel">The parcel.</param>
/// <param name="start">Where in it the entry is.</param>
/// <param name="length">Bytes of the reply.</param>
internal struct ArrivedReply(Parcel parcel, int start, int length)
{
    /// <summary>Bytes of the reply.</summary>
    public readonly int Length => length;

    /// <summary>Where it lies.</summary>
    public readonly Parcel Parcel => parcel;

    /// <summary>The next one of the same shard to the same session; -1: none.</summary>
    public int Next { get; set; } = -1;

    /// <summary>Its bytes.</summary>
    /// <param name="tag">What its door has to know of it.</param>
    public readonly ReadOnlySpan<byte> Read(out byte tag)
    {
        ReadOnlySpan<byte> reply = parcel.FrameAt(start, out ParcelEntry entry);
        tag = entry.Tag;
        return reply;
    }
}
