using FastCache.Core;
using FastCache.Io;
using FastCache.Node.Sessions;
using FastCache.Node.Shards;
using FastCache.Node.Tests.Fakes;
using FastCache.Node.Tests.Properties;
using FastCache.Protocol;

namespace FastCache.Node.Tests.Examples;

/// <summary>What the random conversations found, one by one.</summary>
public sealed class BackpressureTests
{
    [Fact]
    public void Bytes_that_arrive_while_replies_wait_are_kept()
    {
        // All consumed, then blocked, then a request arrives that nobody has looked at when it is parked.
        Assert.Equal([0, 1, 2], Run([[Hello(0)], [Ping(1)], [Ping(2)]], blockedPasses: pass => pass is 2 or 3));
    }

    [Fact]
    public void Blocked_and_drained_in_one_poll_ends_a_conversation_once()
    {
        byte[] bad = Ping(1);
        bad[2] = 0xFF;
        Assert.Equal([0, 1], Run([[Hello(0), bad]], blockedPasses: _ => false, drainsAtOnce: true));
    }

    [Fact]
    public void Hello_that_must_wait_for_room_for_replies_is_the_first_frame_still()
    {
        Assert.Equal([0, 1], Run([[Hello(0), Ping(1)]], _ => false, isBacklogFull: pass => pass < 4));
    }

    private static byte[] Hello(uint id) => new PlainOperation(Opcode.Hello, id).Encode();

    private static byte[] Ping(uint id) => new PlainOperation(Opcode.Ping, id).Encode();

    /// <summary>Runs one connection through the loop, a list of frames a pass.</summary>
    /// <returns>The ids of the replies.</returns>
    private static List<uint> Run(byte[][][] passes, Func<int, bool> blockedPasses, bool drainsAtOnce = false, Func<int, bool>? isBacklogFull = null)
    {
        ShardIoOptions sizes = new() { MaxConnections = 1, ReceiveBuffers = 8, ReceiveBufferBytes = 1_024, MaxBacklogBytes = 0 };
        NodeOptions options = FakeNode.Options(1, 1 << 20);
        using Shard shard = new(new ShardOptions { MemoryBudgetBytes = ShardOptions.MinMemoryBudgetBytes });
        using ScriptedShardIo io = new(passes, blockedPasses, drainsAtOnce) { IsBacklogFull = isBacklogFull ?? (_ => false) };
        using SharedState shared = new(options, TextWriter.Null);
        using ShardLoop loop = new(io, sizes, shard, options, shared);
        io.Finished = loop.Stop;
        loop.Run();
        Assert.Equal(0, io.LentBuffers);
        Assert.Equal(0, loop.Carries.LentBytes);
        Assert.InRange(io.Shutdowns, 0, 1);
        return io.ReplyIds;
    }
}
