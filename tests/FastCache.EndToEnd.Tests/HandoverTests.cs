using FastCache.Io;
using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests;

/// <summary>Connections that go to another shard than the one that accepted them, with what they sent behind their Hello.</summary>
public abstract class HandoverTests(IoBackend backend)
{
    [Fact]
    public void Requests_sent_together_with_the_hello_are_answered_by_the_shard_that_takes_over()
    {
        using RunningNode node = RunningNode.Start(backend, "--shards", "2");
        for (int i = 0; i < 20; i++)
        {
            using TestClient client = new(node.EndPoint, hello: false);
            byte[] key = TestClient.Key($"behind hello {i}");
            byte[] hello = client.Frame(frame => RequestWriter.Hello(frame, 1));
            byte[] set = client.Frame(frame => RequestWriter.Set(frame, 2, key, TestClient.Bytes(100_000, i)));
            byte[] get = client.Frame(frame => RequestWriter.Get(frame, 3, key));

            // All in one write, or with the large frame cut in two.
            client.Send([.. hello, .. get, .. set.AsSpan(0, i * 5_000)]);
            Assert.Equal((Opcode.Hello, Status.Ok, 1u), HeadOf(client.Read()));
            Assert.Equal((Opcode.Get, Status.NotFound, 3u), HeadOf(client.Read()));
            client.Send([.. set.AsSpan(i * 5_000), .. get]);
            Assert.Equal((Opcode.Set, Status.Ok, 2u), HeadOf(client.Read()));
            Assert.True(client.Read().Value.AsSpan().SequenceEqual(TestClient.Bytes(100_000, i)));
        }
    }

    private static (Opcode Opcode, Status Status, uint Id) HeadOf(ReceivedReply reply) => (reply.Opcode, reply.Status, reply.Id);
}
