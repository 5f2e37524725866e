using System.Net;
using System.Text;
using FastCache.Core;
using FastCache.Io;
using FastCache.Node.Doors;
using FastCache.Node.Sessions;
using FastCache.Node.Shards;
using FastCache.Node.Tests.Fakes;
using FastCache.Node.Tests.Properties;
using FastCache.Protocol;

namespace FastCache.Node.Tests.Examples;

public sealed class SteadyStateTests
{
    /// <remarks>Holds in Debug and in Release builds alike: no assertion on this path allocates.</remarks>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Requests_of_every_kind_allocate_no_managed_memory(bool blocks) => Check(
        blocks, DoorKind.Fcp, new PlainOperation(Opcode.Hello, 0) { Features = Features.Push }.Encode(), Cycle());

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Commands_of_redis_allocate_no_managed_memory(bool blocks) => Check(
        blocks, DoorKind.Resp, Encoding.ASCII.GetBytes("HELLO 3\r\n"), RespCycle());

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Commands_of_memcached_allocate_no_managed_memory(bool blocks) => Check(
        blocks, DoorKind.Memcached, [], MemcachedCycle());

    private static void Check(bool blocks, DoorKind door, byte[] opening, byte[] cycle)
    {
        // Until the tables of arguments have grown to what the largest group needs.
        const int warmUpPolls = 6_000;
        const int measuredPolls = 10_000;
        ShardIoOptions sizes = new() { MaxConnections = 4, ReceiveBuffers = 64, ReceiveBufferBytes = 1_021, MaxBacklogBytes = 0 };
        NodeOptions options = FakeNode.Options(4, 64 << 20) with
        {
            MoreListens =
            [
                new DoorAddress(DoorKind.Resp, new IPEndPoint(IPAddress.Loopback, 0)),
                new DoorAddress(DoorKind.Memcached, new IPEndPoint(IPAddress.Loopback, 0)),
            ],
        };
        using Shard shard = new(new ShardOptions { MemoryBudgetBytes = 32 << 20 });
        using SteadyShardIo io = new(sizes, opening, cycle, 4, blocks) { Listener = (int)door };
        ProtocolLimits limits = new(Shard.MaxKeyBytes, 8_000, FcpLimits.MaxBatchKeys);
        using SharedState shared = new(options, TextWriter.Null);
        using ShardLoop loop = new(io, sizes, shard, options, shared, 0, limits, new OutboxSizes(30_000, 9_000));
        AllocationProbe probe = new();
        long requests = 0;
        io.Polled = poll =>
        {
            if (poll == warmUpPolls)
            {
                requests = loop.Counters.Requests;
            }

            if (poll >= warmUpPolls && (poll - warmUpPolls) % measuredPolls == 0 && !probe.Next())
            {
                loop.Stop();
            }
        };
        loop.Run();

        Assert.True(loop.Counters.Requests - requests > measuredPolls, $"{loop.Counters.Requests - requests} requests");
        Assert.Equal(0, loop.Counters.FatalErrors);
        Assert.Equal(0, probe.LeastBytes);
    }

    /// <summary>Commands of every group, hits and misses, values of several buffers, many keys, lines, and requests that are refused.</summary>
    private static byte[] RespCycle()
    {
        string[] commands =
        [
            "SET a value", "GET a", "SET b 10 EX 1000 NX GET", "GET nothing", "INCR n", "INCRBY n 5", "DECR n", "INCRBY a 1",
            "APPEND p x", "SETRANGE p 4 y", "GETRANGE p 0 -1", "STRLEN p", "DEL p", "SETEX s 100 v", "TTL s", "EXPIRE s 200 GT", "PERSIST s",
            "GETEX s EX 50", "GETSET s w", "GETDEL s", "SETNX s 1", "MSET k1 1 k2 2 k3 3", "MGET k1 k2 k3 nothing", "MSETNX k1 1 k9 2",
            "EXISTS k1 k2 nothing", "DEL k1 k2 k3", "RENAME a c", "COPY c a REPLACE", "TYPE a", "OBJECT ENCODING a", "MEMORY USAGE a",
            "SCAN 0 MATCH *a* COUNT 20", "RANDOMKEY", "DBSIZE", "PING", "ECHO hello", "SELECT 0", "SELECT 9", "nonsense a b", "GET", "GET a b",
            "ZADD z 1 a 2.5 b 3 c inf d", "ZADD z GT CH 2 a 0 b", "ZADD z INCR 0.1 a", "ZADD z x a", "ZINCRBY z -1 b", "ZSCORE z a", "ZMSCORE z a x",
            "ZRANK z c", "ZREVRANK z c WITHSCORE", "ZCARD z", "ZCOUNT z (1 +inf", "ZRANGE z 0 -1 WITHSCORES", "ZRANGE z 9 (0.5 BYSCORE REV LIMIT 1 2",
            "ZREVRANGE z 0 1", "ZADD l 0 a 0 b 0 c", "ZRANGEBYLEX l [a (c LIMIT 0 5", "ZLEXCOUNT l - +", "ZREMRANGEBYLEX l [a [a", "ZSCAN z 0 MATCH *",
            "ZRANDMEMBER z -5 WITHSCORES", "ZRANDMEMBER z", "ZUNION 2 z l WEIGHTS 2 0.5 AGGREGATE MAX WITHSCORES", "ZINTER 2 z l", "ZDIFF 2 z l",
            "ZINTERCARD 2 z l LIMIT 1", "ZUNIONSTORE u 2 z l", "ZRANGESTORE v u 0 1", "ZMPOP 2 nothing u MAX COUNT 2", "ZUNION 0 z", "ZPOPMIN u 2", "ZREM z a x",
            $"ZADD large {string.Join(' ', Enumerable.Range(0, 60).Select(i => $"{i} {i}{new string('m', 80)}"))}", "ZRANGE large 20 30 REV", "ZREMRANGEBYSCORE large 0 50",
            "ZREMRANGEBYRANK z 0 0", "DEL z l u v large",
            "WATCH a nothing", "GET a", "MULTI", "INCR n", "MGET a nothing", "GET", "EXEC", "WATCH nothing", "DEL nothing", "MULTI",
            "INCR n", "MSET k1 1 k2 2", "DEL k1 k2", "GET nothing", "EXEC", "MULTI", "GET a", "DISCARD", "EXEC",
            "HSET h a 1 b 2 c x", "HSET h a 3", "HGET h a", "HGET h none", "HMGET h a b none", "HSETNX h a 1", "HMSET h d 1", "HDEL h d", "HLEN h",
            "HEXISTS h a", "HSTRLEN h c", "HGETALL h", "HKEYS h", "HVALS h", "HINCRBY h a 2", "HINCRBY h c 2", "HINCRBYFLOAT h b 0.5",
            "HSCAN h 0 MATCH * COUNT 5", "HRANDFIELD h", "HRANDFIELD h 2 WITHVALUES", "HRANDFIELD h -3", "GET h", "APPEND h x", "INCR h", "TYPE h",
            "OBJECT ENCODING h", "RENAME h g", "COPY g h", "EXPIRE h 100", "TOUCH h", "SCAN 0 TYPE hash",
            "SADD m 1 2 3 4 5", "SADD m 1", "SREM m 5", "SISMEMBER m 1", "SMISMEMBER m 1 9", "SCARD m", "SMEMBERS m", "SPOP m", "SPOP m 2",
            "SADD m 1 2 3 4 5", "SADD o 4 5 6", "SRANDMEMBER m", "SRANDMEMBER m 2", "SRANDMEMBER m -4", "SSCAN m 0", "SMOVE m o 1", "SINTER m o",
            "SUNION m o", "SDIFF m o", "SINTERCARD 2 m o LIMIT 1", "SINTERSTORE i m o", "SUNIONSTORE u m o", "SDIFFSTORE d m o", "SET i x",
            $"SADD large-set {string.Join(' ', Enumerable.Range(0, 100).Select(i => $"a-member-of-fifty-bytes-that-fills-a-chunk-soon-{i:00}"))}", "SISMEMBER large-set 7", "SPOP large-set 20", "COPY large-set l2", "RENAME l2 l3",
            "CLIENT ID", "CLIENT GETNAME", "CLUSTER SLOTS", "INCRBYFLOAT f 0.5",
            $"SET large {new string('v', 2_500)}", "GET large", $"MGET {string.Join(' ', Enumerable.Repeat("large", 2))}",
            "RPUSH l 1 2 3 2", "LPUSH l 0", $"RPUSH long {string.Join(' ', Enumerable.Range(0, 400))}", $"LPUSH long {new string('e', 2_000)}",
            "LPUSHX l x", "LPOP l", "RPOP l 2", "LLEN long", "LRANGE long 0 20", "LINDEX long -1", "LSET long 5 y", "LINSERT long BEFORE 7 z",
            "LPOS long 30 COUNT 0", "LREM long 0 8", "LMOVE l long LEFT RIGHT", "RPOPLPUSH long long", "LMPOP 2 nothing long LEFT COUNT 3",
            "LTRIM long 3 -200", "LTRIM long 1 0", "LPUSH a x",
            $"EXISTS {string.Join(' ', Enumerable.Repeat("a", 150))}", "FLUSHALL",
        ];
        StringBuilder bytes = new();
        foreach (string command in commands)
        {
            string[] words = command.Split(' ');
            bytes.Append($"*{words.Length}\r\n").AppendJoin("", words.Select(word => $"${word.Length}\r\n{word}\r\n"));
        }

        return Encoding.ASCII.GetBytes(bytes.Append("GET a\r\nMGET a \"b\" c\r\nPING\r\n").ToString());
    }

    /// <summary>Every command but stats, whose texts are made for people now and then.</summary>
    private static byte[] MemcachedCycle()
    {
        StringBuilder lines = new();
        for (int i = 0; i < 60; i++)
        {
            string value = new('v', i * 50);
            lines.Append((i % 10) switch
            {
                0 => $"set key{i % 23} {i} 100 {value.Length}\r\n{value}\r\n",
                1 => $"ms key{i % 23} {value.Length} F7 T100 c\r\n{value}\r\n",
                2 => $"set key{i % 23} 0 0 8001\r\n{new string('x', 8_001)}\r\n",
                3 => $"get {string.Join(' ', Enumerable.Range(0, 90).Select(key => $"key{key % 23}"))}\r\n",
                4 => $"delete key{i % 23}\r\n",
                5 => "mg a2V5NQ== b k v f c t h l s Oopaque\r\nmg none N30 v\r\nmg key1 R200\r\nmd key2 I\r\n",
                6 => "ma number N0 J7 v\r\nincr number 3\r\ntouch key1 100\r\nset number 0 0 0\r\n\r\n",
                7 => "gats 100 key1 key2\r\nme key1\r\nmn\r\nversion\r\nnothing\r\ncas key1 0 0 1 5\r\nx\r\n",
                _ => $"mg key{i % 23} v\r\n",
            });
        }

        return Encoding.ASCII.GetBytes(lines.ToString());
    }

    /// <summary>Every opcode, hits and misses, values of several buffers, streams, and requests that are refused.</summary>
    private static byte[] Cycle()
    {
        List<byte> frames = [];
        uint id = 0;
        for (int i = 0; i < 60; i++)
        {
            byte[] key = Encoding.ASCII.GetBytes($"key {i % 23}");
            PlainOperation operation = (i % 12) switch
            {
                0 => new(Opcode.Set, id) { Keys = [key], Value = new byte[i * 50], ReturnVersion = true },
                1 => new(Opcode.Set, id) { Keys = [key], Value = new byte[8_001] },
                2 => new(Opcode.Set, id) { Keys = [key], Value = new byte[20], Mode = SetMode.IfAbsent, TimeToLiveMillis = 60_000 },
                3 => new(Opcode.BatchGet, id) { Keys = [.. Enumerable.Repeat(key, 50)] },
                4 => new(Opcode.Delete, id) { Keys = [key] },
                5 => new(Opcode.Touch, id) { Keys = [key], TimeToLiveMillis = 60_000 },
                6 => new(Opcode.Ping, id) { Value = new byte[100] },
                7 => new(Opcode.Set, id) { Keys = [key], Value = [1], Mode = SetMode.IfVersion, ExpectedVersion = 1 },
                _ => new(Opcode.Get, id) { Keys = [key], ReturnVersion = i % 2 == 0 },
            };
            frames.AddRange(operation.Encode());
            id++;
        }

        byte[] number = "number"u8.ToArray();
        byte[] film = "film"u8.ToArray();
        byte[] large = "large film"u8.ToArray();
        PlainOperation[] others =
        [
            new(Opcode.Track, id) { On = true },
            new(Opcode.Topology, id),
            new(Opcode.Scan, id) { Looks = 1_000, Value = "fi"u8.ToArray() },
            new(Opcode.Scan, id) { Looks = 1, Cursor = ulong.MaxValue },
            new(Opcode.GetRange, id) { Keys = [film], Start = 10, Length = 50 },
            new(Opcode.GetRange, id) { Keys = [film], Start = 1 << 30 },
            new(Opcode.LeaseGet, id) { Keys = [number], ReturnVersion = true },
            new(Opcode.Count, id) { Keys = [number], Amount = 1, Initial = 1 },
            new(Opcode.Count, id) { Keys = [film], Amount = 1 },
            new(Opcode.MakeStale, id) { Keys = [number], Quiet = true },
            new(Opcode.Append, id) { Keys = [film], Value = new byte[100] },
            new(Opcode.BatchSet, id) { Keys = [number, film], Values = [[1], new byte[2_000]], ReturnVersion = true },
            new(Opcode.Set, id) { Keys = [film], Value = new byte[20], Quiet = true },
            new(Opcode.SetBegin, id) { Keys = [film], TotalLength = 3_000 },
            new(Opcode.SetPiece, id) { Stream = id, Value = new byte[3_000] },
            new(Opcode.SetCommit, id) { Stream = id },
            new(Opcode.SetBegin, id + 1) { Keys = [large], TotalLength = 70_000 },
            new(Opcode.SetPiece, id) { Stream = id + 1, Value = new byte[40_000], Quiet = true },
            new(Opcode.SetPiece, id) { Stream = id + 1, Value = new byte[30_000], Quiet = true },
            new(Opcode.SetCommit, id) { Stream = id + 1 },
            new(Opcode.GetStream, id + 2) { Keys = [film], Credit = 1_000 },
            new(Opcode.GetStream, id + 3) { Keys = [large], Credit = 50_000 },
            new(Opcode.Credit, id) { Stream = id + 2, Credit = 5_000 },
            new(Opcode.Credit, id) { Stream = id + 3, Credit = 50_000 },
            new(Opcode.Get, id) { Keys = [large] },
            new(Opcode.SetAbort, id) { Stream = 4_711 },
        ];
        frames.AddRange(others.SelectMany(operation => operation.Encode()));

        return [.. frames];
    }
}
