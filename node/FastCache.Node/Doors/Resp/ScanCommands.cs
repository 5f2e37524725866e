using System.Buffers.Text;
using FastCache.Core;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>Walks over the keys of all shards, one after another.</summary>
/// <remarks>A cursor is a position of <see cref="ItemScan"/> times the number of shards, plus the shard's number: 0 is the start of the first.</remarks>
internal sealed class ScanCommands(DoorShard shard)
{
    /// <summary>Steps of a RANDOMKEY until it finds a key: enough for all 16,384 buckets of the smallest index.</summary>
    private const int Tries = 24;

    private readonly Shard _shard = shard.Shard;
    private readonly Random _random = new();

    public IEnumerable<Command> Commands =>
    [
        new("scan", -2, CommandFlags.ReadOnly, KeyPlaces.None, Scan, "generic",
            "Returns some keys and the cursor to go on with. COUNT over 1,000 counts as 1,000.", Spread.Cursor),
        new("randomkey", 1, CommandFlags.ReadOnly, KeyPlaces.None, RandomKey, "generic", "Returns some key.", Spread.AnyShard),
    ];

    /// <summary>The shard that a call of SCAN is for; one with a wrong cursor is refused.</summary>
    public int ShardOf(ref PendingCall call)
    {
        if (TryReadCursor(call.Request[1], out int at, out _))
        {
            return at;
        }

        call.Refusal = Refusal.BadCursor;
        return shard.Topology.Shard;
    }

    /// <summary>How many keys and buckets a call of one of these commands looks at, at most.</summary>
    public static int LooksOf(Spread spread) => spread == Spread.Cursor ? ScanWords.MostLooks : Tries * ScanWords.MostLooks;

    /// <summary>A shard that has keys, if there is one: each as probable as another.</summary>
    public int AnyShard()
    {
        int count = shard.Topology.ShardCount;
        int first = count == 1 ? 0 : _random.Next(count);
        for (int i = 0; i < count; i++)
        {
            int candidate = (first + i) % count;
            if (candidate == shard.Topology.Shard ? _shard.Count > 0 : shard.Stats.ItemsOn(candidate) > 0)
            {
                return candidate;
            }
        }

        return shard.Topology.Shard;
    }

    private void Scan(scoped Call call, ref RespReplyWriter reply)
    {
        if (!TryReadCursor(call[1], out int at, out ulong position))
        {
            reply.WriteError(RespErrors.BadCursor);
            return;
        }

        if (!ScanWords.TryRead(call, 2, takesType: true, takesNoValues: false, out ScanWords words, ref reply))
        {
            return;
        }

        scoped ReadOnlySpan<byte> pattern = words.PatternAt == 0 ? "*"u8 : call[words.PatternAt];
        scoped ReadOnlySpan<byte> type = words.TypeAt == 0 ? default : call[words.TypeAt];
        scoped Found found = new(reply.Rest[ScanReply.HeadBytes..], pattern, type, words.TypeAt != 0);
        ulong next = _shard.Scan.Step(position, words.Looks, ref found);
        int shards = shard.Topology.ShardCount;
        ulong cursor = next != ItemScan.Begin ? (next * (ulong)shards) + (ulong)at : at + 1 < shards ? (ulong)at + 1 : 0;
        ScanReply.Write(cursor, found.Count, found.Bytes, ref reply);
    }

    private void RandomKey(scoped Call call, ref RespReplyWriter reply)
    {
        Chosen chosen = new(stackalloc byte[Shard.MaxKeyBytes], _random);
        ulong position = (ulong)_random.NextInt64((long)ItemScan.LastCursor + 1);
        for (int i = 0; i < Tries && chosen.Length == 0 && _shard.Count > 0; i++)
        {
            position = _shard.Scan.Step(position, i == 0 ? 1 : ScanWords.MostLooks, ref chosen);
        }

        if (chosen.Length == 0)
        {
            reply.WriteNull();
        }
        else
        {
            reply.WriteBulk(chosen.Key);
        }
    }

    private bool TryReadCursor(ReadOnlySpan<byte> text, out int at, out ulong position)
    {
        int shards = shard.Topology.ShardCount;
        bool isNumber = Utf8Parser.TryParse(text, out ulong cursor, out int used) && used == text.Length;
        at = (int)(cursor % (ulong)shards);
        position = cursor / (ulong)shards;
        return isNumber && position <= ItemScan.LastCursor;
    }

    /// <summary>Writes the keys that fit a pattern and are of a type.</summary>
    private ref struct Found(Span<byte> room, ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> type, bool isForType) : IScanVisitor
    {
        private readonly ReadOnlySpan<byte> _pattern = pattern;
        private readonly ReadOnlySpan<byte> _type = type;
        private RespReplyWriter _keys = new(room, isVersion3: false);

        public int Count { get; private set; }

        public readonly int Bytes => _keys.Length;

        public bool Removes(ReadOnlySpan<byte> key, CollectionKind kind, bool isLive)
        {
            if (isLive && (!isForType || RespWord.Is(_type, TypeNames.Of(kind))) && RespPattern.Matches(_pattern, key))
            {
                _keys.WriteBulk(key);
                Count++;
            }

            return false;
        }
    }

    /// <summary>Keeps one of the keys that it sees, each with the same probability.</summary>
    private ref struct Chosen(Span<byte> room, Random random) : IScanVisitor
    {
        private readonly Span<byte> _room = room;
        private int _seen;

        public int Length { get; private set; }

        public readonly ReadOnlySpan<byte> Key => _room[..Length];

        public bool Removes(ReadOnlySpan<byte> key, CollectionKind kind, bool isLive)
        {
            if (isLive && random.Next(++_seen) == 0)
            {
                key.CopyTo(_room);
                Length = key.Length;
            }

            return false;
        }
    }
}
