using System.Diagnostics;
using System.Runtime.InteropServices;
using FastCache.Node.Sessions;

namespace FastCache.Node.Shards;

/// <summary>From which shards a session's replies come, in the order of its requests, and those that are there before their turn.</summary>
/// <remarks>
/// <code>
///   owners   | 2 | 0 | 0 | 1 | 2 |      one a request that is not answered, the oldest first
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
    /// Most requests under way. With 128 a client that has as many under way as it likes is served as fast as with 256, with 64 a seventh
    /// slower (two shards, redis-benchmark); and so many replies of the longest kind are what a client can surprise its node with.
    /// </summary>
    private const int MostUnderWay = 128;

    /// <summary>About as many bytes of replies may be there before their turn, or before their peer reads.</summary>
    private const int MostBytes = 1 << 20;

    private const int FirstGuessBytes = 16 << 10;

    /// <summary>How fast the longest reply is forgotten: by a 32nd of it with each that is shorter.</summary>
    private const int ForgettingShift = 5;

    private readonly Lane[] _lanes = NewLanes(shards);
    private byte[] _owners = new byte[16];
    private int _first;
    private int _longestBytes = FirstGuessBytes;

    /// <summary>Requests that are not answered.</summary>
    public int Count { get; private set; }

    /// <summary>Replies that lie in their parcels.</summary>
    public int Arrived { get; private set; }

    /// <summary>Whether the requests are of several shards: replies may come before their turn.</summary>
    public bool IsMixed { get; private set; }

    /// <summary>The shard of the newest request. There is one.</summary>
    public int LastOwner => _owners[(_first + Count - 1) & (_owners.Length - 1)];

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

    private int NextOwner => _owners[_first];

    /// <summary>Whether one more request may go on its way: few where replies are long, as their lengths are known only when they are there.</summary>
    /// <param name="owner">The shard.</param>
    /// <param name="isScarce">Whether memory is: then none may come before its turn.</param>
    public bool MayAdd(int owner, bool isScarce) =>
        Count < Math.Clamp(MostBytes / _longestBytes, 1, MostUnderWay)
        && (!isScarce || (!IsMixed && owner == LastOwner));

    /// <summary>A request of a shard is the newest.</summary>
    public void Add(int owner)
    {
        IsMixed = Count > 0 && (IsMixed || owner != LastOwner);
        if (Count == _owners.Length)
        {
            byte[] larger = new byte[2 * Count];
            _owners.AsSpan(_first).CopyTo(larger);
            _owners.AsSpan(0, _first).CopyTo(larger.AsSpan(Count - _first));
            (_owners, _first) = (larger, 0);
        }

        _owners[(_first + Count++) & (_owners.Length - 1)] = (byte)owner;
    }

    /// <summary>A shard's next reply is there.</summary>
    /// <param name="owner">The shard.</param>
    /// <param name="place">Where it is in <paramref name="arrived"/>.</param>
    /// <param name="arrived">The replies of this pass; this one is chained to the shard's one before it.</param>
    public void Arrive(int owner, int place, List<ArrivedReply> arrived)
    {
        ref Lane lane = ref _lanes[owner];
        if (lane.First < 0)
        {
            lane.First = place;
        }
        else
        {
            CollectionsMarshal.AsSpan(arrived)[lane.Last].Next = place;
        }

        lane.Last = place;
        Arrived++;
        _longestBytes = Math.Max(1 + arrived[place].Length, _longestBytes - (_longestBytes >> ForgettingShift));
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
    public void RemoveNext(List<ArrivedReply> arrived)
    {
        ref Lane lane = ref _lanes[NextOwner];
        if (lane.Kept is { IsEmpty: false } kept)
        {
            kept.RemoveFirst();
        }
        else
        {
            lane.First = arrived[lane.First].Next;
            Arrived--;
        }

        _first = (_first + 1) & (_owners.Length - 1);
        Count--;
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
                lane.Kept ??= new FrameQueue(carries);
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

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        foreach (ref Lane lane in _lanes.AsSpan())
        {
            lane.First = Lane.Nothing;
            lane.Kept?.Clear();
        }

        (_first, Count, Arrived, _longestBytes) = (0, 0, 0, FirstGuessBytes);
    }

    private static Lane[] NewLanes(int shards)
    {
        Lane[] lanes = new Lane[shards];
        Array.Fill(lanes, new Lane { First = Lane.Nothing });
        return lanes;
    }

    /// <summary>The replies of one shard: those of earlier passes, then a chain of this one's.</summary>
    private struct Lane
    {
        public const int Nothing = -1;

        public FrameQueue? Kept;
        public int First;
        public int Last;

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
