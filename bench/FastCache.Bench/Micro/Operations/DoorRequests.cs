using System.Net;
using System.Text;
using FastCache.Core;
using FastCache.Io;
using FastCache.Node;
using FastCache.Node.Doors;
using FastCache.Node.Shards;
using FastCache.Node.Tests.Fakes;
using FastCache.Protocol;

namespace FastCache.Bench.Micro.Operations;

/// <summary>Requests that a node's loop decodes, executes and answers, without an operating system around it.</summary>
/// <remarks>The standard workload: nine of ten requests read, one of twenty of those a key that is not there; 32 connections, 128 requests a piece.</remarks>
internal sealed class DoorRequests : Operation
{
    private const int Connections = 32;
    private const int Depth = 128;
    private const int ValueBytes = 100;

    private readonly Shard _shard;
    private readonly RepeatedInput _io;
    private readonly SharedState _shared;
    private readonly ShardLoop _loop;

    /// <param name="requests">FCP, RESP, meta, or classic for memcached's classic commands.</param>
    /// <param name="items">How many keys there are.</param>
    public DoorRequests(string requests, int items)
    {
        DoorKind kind = requests switch { "FCP" => DoorKind.Fcp, "RESP" => DoorKind.Resp, _ => DoorKind.Memcached };
        NodeOptions options = FakeNode.Options(Connections, 256 << 20) with
        {
            MoreListens = [new DoorAddress(kind, new IPEndPoint(IPAddress.Loopback, 0))],
        };
        ShardIoOptions sizes = new()
        {
            MaxConnections = Connections,
            ReceiveBuffers = Connections,
            ReceiveBufferBytes = RepeatedInput.BufferBytes,
            MaxBacklogBytes = 0,
        };
        byte[] hello = new byte[FcpLimits.HeaderBytes * 2];
        byte[] greeting = kind == DoorKind.Fcp ? hello[..RequestWriter.Hello(hello, id: 0)] : [];
        _shard = new Shard(new ShardOptions { MemoryBudgetBytes = ((long)items * 2 * ValueBytes) + (64 << 20), HashSeed = 1, Prefault = true });
        _io = new RepeatedInput(PiecesOf(requests, items), Connections, greeting, listener: kind == DoorKind.Fcp ? 0 : 1);
        _shared = new SharedState(options, TextWriter.Null);
        _loop = new ShardLoop(_io, sizes, _shard, options, _shared);
        byte[] value = new byte[ValueBytes];
        _shard.Advance(0, Shards.StartUnixMillis);
        for (int i = 0; i < items; i++)
        {
            _shard.Set(KeyOf((uint)i), value, default, out _);
        }

        _loop.Pass();
        _loop.Pass();
    }

    public override int Run()
    {
        long before = _loop.Counters.Requests;
        for (int i = 0; i < Count / (Connections * Depth); i++)
        {
            _loop.Pass();
        }

        return (int)(_loop.Counters.Requests - before);
    }

    public override void Dispose()
    {
        _loop.Dispose();
        _shared.Dispose();
        _io.Dispose();
        _shard.Dispose();
        base.Dispose();
    }

    private static byte[] KeyOf(uint number) => Encoding.ASCII.GetBytes($"key{number:D13}");

    private static byte[][] PiecesOf(string requests, int items)
    {
        RandomKeys keys = new(0, (uint)items);
        Random random = new(1);
        byte[] value = [.. Enumerable.Repeat((byte)'v', ValueBytes)];
        byte[] one = new byte[1_000];
        List<byte[]> pieces = [];
        for (int i = 0; i < PerRun / Depth; i++)
        {
            List<byte> piece = [];
            for (uint id = 0; id < Depth; id++)
            {
                bool isSet = random.Next(10) == 0;
                uint number = keys.NextNumber();
                byte[] key = KeyOf(!isSet && random.Next(20) == 0 ? number + (uint)items : number);
                int length = requests == "FCP"
                    ? (isSet ? RequestWriter.Set(one, id, key, value) : RequestWriter.Get(one, id, key))
                    : Encoding.ASCII.GetBytes(TextOf(requests, isSet, Encoding.ASCII.GetString(key), Encoding.ASCII.GetString(value)), one);
                piece.AddRange(one.AsSpan(0, length));
            }

            pieces.Add([.. piece]);
        }

        return [.. pieces];
    }

    private static string TextOf(string requests, bool isSet, string key, string value) => requests switch
    {
        "RESP" => isSet ? TextDecodes.TextOf("SET", key, value) : TextDecodes.TextOf("GET", key, value),
        "meta" => isSet ? TextDecodes.TextOf("ms", key, value) : TextDecodes.TextOf("mg", key, value),
        _ => isSet ? TextDecodes.TextOf("set", key, value) : TextDecodes.TextOf("get", key, value),
    };
}
