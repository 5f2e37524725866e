using System.Buffers.Text;
using FastCache.Core;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>Walks over the keys of all shards, one after another.</summary>
/// <remarks>A cursor is a position of <see cref="ItemScan"/> times the number of shards, plus the shard's number: 0 is the start of the first.</remarks>
internal sealed class ScanCommands(DoorShard shard)
{
    /// <summary>Most keys and buckets that one call looks at: 100 us or so.</summary>
    private const int MostLooks = 1000;

    private const int ByDefault = 10;

    /// <summary>Longest pattern, which is compared with each key byte by byte.</summary>
    private const int MaxPatternBytes = 1024;

    /// <summary>Steps of a RANDOMKEY until it finds a key: enough for all 16,384 buckets of the smallest index.</summary>
    private const int Tries = 24;

    /// <summary>Bytes before the keys, for what is known when they are there: the array, the cursor, the array of keys.</summary>
    private const int HeadBytes = 96;

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
    public static int LooksOf(Spread spread) => spread == Spread.Cursor ? MostLooks : Tries * MostLooks;

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
            reply.WriteError("ERR invalid cursor"u8);
            return;
        }

        scoped ReadOnlySpan<byte> pattern = "*"u8;
        long count = ByDefault;
        bool isForStrings = true;
        for (int i = 2; i < call.Count; i += 2)
        {
            bool hasWord = i + 1 < call.Count;
            if (hasWord && RespWord.Is(call[i], "count"u8))
            {
                if (!RespNumber.TryParse(call[i + 1], out count))
                {
                    reply.WriteError(RespErrors.NotAnInteger);
                    return;
                }

                if (count < 1)
                {
                    reply.WriteError(RespErrors.Syntax);
                    return;
                }
            }
            else if (hasWord && RespWord.Is(call[i], "match"u8))
            {
                pattern = call[i + 1];
                if (pattern.Length > MaxPatternBytes)
                {
                    reply.WriteError("ERR a pattern has at most 1024 bytes here"u8);
                    return;
                }
            }
            else if (hasWord && RespWord.Is(call[i], "type"u8))
            {
                isForStrings = RespWord.Is(call[i + 1], "string"u8);
            }
            else
            {
                reply.WriteError(RespErrors.Syntax);
                return;
            }
        }

        scoped Found found = new(reply.Rest[HeadBytes..], pattern, isForStrings);
        ulong next = _shard.Scan.Step(position, (int)Math.Min(count, MostLooks), ref found);
        int shards = shard.Topology.ShardCount;
        ulong cursor = next != ItemScan.Begin ? (next * (ulong)shards) + (ulong)at : at + 1 < shards ? (ulong)at + 1 : 0;
        WriteReply(cursor, found, ref reply);
    }

    private static void WriteReply(ulong cursor, scoped Found found, ref RespReplyWriter reply)
    {
        Span<byte> digits = stackalloc byte[24];
        Utf8Formatter.TryFormat(cursor, digits, out int length);
        Span<byte> keys = reply.Rest.Slice(HeadBytes, found.Bytes);
        reply.WriteArray(2);
        reply.WriteBulk(digits[..length]);
        reply.WriteArray(found.Count);
        keys.CopyTo(reply.Rest);
        reply.Take(found.Bytes);
    }

    private void RandomKey(scoped Call call, ref RespReplyWriter reply)
    {
        Chosen chosen = new(stackalloc byte[Shard.MaxKeyBytes], _random);
        ulong position = (ulong)_random.NextInt64((long)ItemScan.LastCursor + 1);
        for (int i = 0; i < Tries && chosen.Length == 0 && _shard.Count > 0; i++)
        {
            position = _shard.Scan.Step(position, i == 0 ? 1 : MostLooks, ref chosen);
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

    /// <summary>Writes the keys that fit a pattern.</summary>
    private ref struct Found(Span<byte> room, ReadOnlySpan<byte> pattern, bool isForStrings) : IScanVisitor
    {
        private readonly ReadOnlySpan<byte> _pattern = pattern;
        private RespReplyWriter _keys = new(room, isVersion3: false);

        public int Count { get; private set; }

        public readonly int Bytes => _keys.Length;

        public bool Removes(ReadOnlySpan<byte> key, bool isLive)
        {
            if (isLive && isForStrings && RespPattern.Matches(_pattern, key))
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

        public bool Removes(ReadOnlySpan<byte> key, bool isLive)
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
