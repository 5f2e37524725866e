using System.Buffers.Binary;
using FastCache.Io;
using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests;

/// <summary>A node of two shards, seen by clients that know of shards and by clients that do not.</summary>
public abstract class ShardTests(IoBackend backend) : IDisposable
{
    private const int Shards = 2;
    private readonly RunningNode _node = RunningNode.Start(backend, "--shards", "2");

    [Fact]
    public void Topology_has_every_slot_once_and_is_where_the_keys_are()
    {
        using TestClient client = Connect(shard: 1, Features.None);
        ReceivedReply reply = client.Ask(RequestWriter.Topology);
        Assert.Equal(Shards, BinaryPrimitives.ReadUInt16LittleEndian(reply.Value));
        int next = 0;
        for (int i = 0; i < BinaryPrimitives.ReadUInt16LittleEndian(reply.Value.AsSpan(2)); i++)
        {
            ReadOnlySpan<byte> range = reply.Value.AsSpan(4 + (6 * i));
            Assert.Equal(next, BinaryPrimitives.ReadUInt16LittleEndian(range));
            next = BinaryPrimitives.ReadUInt16LittleEndian(range[2..]) + 1;
            Assert.Equal(i, BinaryPrimitives.ReadUInt16LittleEndian(range[4..]));
        }

        Assert.Equal(KeySlot.Count, next);
        long before = client.Stats()["requests_forwarded"];
        for (int i = 0; i < 100; i++)
        {
            client.Set($"key {i}", [1]);
        }

        int foreign = Enumerable.Range(0, 100).Count(i => OwnerOf(TestClient.Key($"key {i}")) != 0);
        Assert.Equal(foreign, client.Stats()["requests_forwarded"] - before);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Client_gets_the_shard_that_it_wants_and_nothing_behind_its_hello_is_lost(ushort shard)
    {
        for (int round = 0; round < 20; round++)
        {
            using TestClient client = new(_node.EndPoint, hello: false);
            byte[] value = TestClient.Bytes(3_000, round);
            byte[] all =
            [
                .. client.Frame(frame => RequestWriter.Hello(frame, 0, new HelloRequest(FcpLimits.Version, 0, shard))),
                .. Enumerable.Range(0, 50).SelectMany(i => client.Frame(frame => RequestWriter.Set(frame, (uint)i + 1, TestClient.Key($"{round} {i}"), value))),
            ];
            int cut = round * 37 % all.Length;
            client.Send(all.AsSpan(0, cut));
            client.Send(all.AsSpan(cut));
            ReceivedReply hello = client.Read();
            Assert.Equal((Opcode.Hello, Status.Ok), (hello.Opcode, hello.Status));
            Assert.Equal((shard - 1, Shards), (HelloReply.Read(hello.Value).Shard, HelloReply.Read(hello.Value).ShardCount));
            for (uint id = 1; id <= 50; id++)
            {
                ReceivedReply reply = client.Read();
                Assert.Equal((Opcode.Set, Status.Ok, id), (reply.Opcode, reply.Status, reply.Id));
            }
        }
    }

    [Fact]
    public void Shard_that_is_not_there_is_refused_by_name()
    {
        using TestClient client = new(_node.EndPoint, hello: false);
        ReceivedReply reply = client.Call(frame => RequestWriter.Hello(frame, 3, new HelloRequest(FcpLimits.Version, 0, 3)));
        Assert.Equal(Status.WrongShard, reply.Status);
        Assert.Contains("3", reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Clients_that_do_not_care_are_spread()
    {
        HashSet<int> shards = [];
        for (int i = 0; i < Shards; i++)
        {
            using TestClient client = new(_node.EndPoint, hello: false);
            ReceivedReply reply = client.Call(frame => RequestWriter.Hello(frame, 1));
            shards.Add(HelloReply.Read(reply.Value).Shard);
        }

        Assert.Equal(Shards, shards.Count);
    }

    [Fact]
    public void Streams_belong_to_the_shard_of_their_key()
    {
        using TestClient client = Connect(shard: 1, Features.None);
        byte[] foreign = Enumerable.Range(0, 100).Select(i => TestClient.Key($"s{i}")).First(key => OwnerOf(key) == 1);
        ReceivedReply reply = client.Call(frame => RequestWriter.SetBegin(frame, 9, foreign, 100_000, default));
        Assert.Equal(Status.WrongShard, reply.Status);
        client.CheckServed();
    }

    [Theory]
    [InlineData(Features.None)]
    [InlineData(Features.UnorderedReplies)]
    public void Replies_of_a_batch_over_shards_stay_in_order(Features features)
    {
        using TestClient client = Connect(shard: 2, features);
        ReadOnlyMemory<byte>[] keys = [.. Enumerable.Range(0, 200).Select(i => new ReadOnlyMemory<byte>(TestClient.Key($"batch {i}")))];
        for (int i = 0; i < keys.Length; i += 2)
        {
            client.Set($"batch {i}", [(byte)i]);
        }

        client.Send(client.Frame(frame => RequestWriter.BatchGet(frame, 77, keys)));
        for (uint i = 0; i < keys.Length; i++)
        {
            ReceivedReply reply = client.Read();
            Assert.Equal((Opcode.BatchGet, 77u, i), (reply.Opcode, reply.Id, reply.Argument));
            Assert.Equal(i % 2 == 0 ? Status.Ok : Status.NotFound, reply.Status);
            Assert.Equal(i % 2 == 0 ? [(byte)i] : [], reply.Value);
            Assert.Equal(i == keys.Length - 1, reply.IsLast);
        }
    }

    [Fact]
    public void Any_mixture_of_clients_is_answered_like_a_dictionary()
    {
        Background[] talks =
        [
            .. Enumerable.Range(0, 6).Select(i => new Background(() => Talk(
                i,
                shard: (ushort)(i % 3),
                i >= 3 ? Features.UnorderedReplies : Features.None))),
        ];
        Assert.All(talks, talk => Assert.True(talk.Ends(TimeSpan.FromSeconds(60))));
    }

    public void Dispose()
    {
        using (_node)
        {
            Assert.Equal(0, _node.Stop());
        }

        GC.SuppressFinalize(this);
    }

    private static int OwnerOf(byte[] key) => KeySlot.Of(key) * Shards / KeySlot.Count;

    private TestClient Connect(ushort shard, Features features)
    {
        TestClient client = new(_node.EndPoint, hello: false);
        ReceivedReply reply = client.Call(
            frame => RequestWriter.Hello(frame, 0, new HelloRequest(FcpLimits.Version, (uint)features, shard)));
        Assert.Equal(Status.Ok, reply.Status);
        return client;
    }

    /// <summary>Pipelines of sets, gets and deletes of this client's own keys, matched by id.</summary>
    private void Talk(int number, ushort shard, Features features)
    {
        Random random = new(number);
        using TestClient client = Connect(shard, features);
        Dictionary<string, byte[]> model = [];
        for (int round = 0; round < 60; round++)
        {
            Dictionary<uint, Action<ReceivedReply>> checks = [];
            List<byte> frames = [];
            for (uint id = 1; id <= 100; id++)
            {
                string name = $"{number}:{random.Next(60)}";
                byte[] key = TestClient.Key(name);
                switch (random.Next(3))
                {
                    case 0:
                        byte[] value = TestClient.Bytes(random.Next(20) == 0 ? 100_000 : random.Next(300), random.Next());
                        frames.AddRange(client.Frame(frame => RequestWriter.Set(frame, id, key, value)));
                        model[name] = value;
                        checks[id] = reply => Assert.Equal(Status.Ok, reply.Status);
                        break;
                    case 1:
                        bool existed = model.Remove(name);
                        frames.AddRange(client.Frame(frame => RequestWriter.Delete(frame, id, key)));
                        checks[id] = reply => Assert.Equal(existed ? Status.Ok : Status.NotFound, reply.Status);
                        break;
                    default:
                        byte[]? known = model.GetValueOrDefault(name);
                        frames.AddRange(client.Frame(frame => RequestWriter.Get(frame, id, key)));
                        checks[id] = reply =>
                        {
                            Assert.Equal(known is null ? Status.NotFound : Status.Ok, reply.Status);
                            Assert.True(known is null || reply.Value.AsSpan().SequenceEqual(known));
                        };
                        break;
                }
            }

            byte[] pipeline = [.. frames];
            Background sender = new(() => client.Send(pipeline));
            for (uint next = 1; next <= 100; next++)
            {
                ReceivedReply reply = client.Read();
                Assert.True(features != Features.None || reply.Id == next, "replies out of order");
                Assert.True(checks.Remove(reply.Id, out Action<ReceivedReply>? check), $"a second reply to {reply.Id}");
                check(reply);
            }

            Assert.True(sender.Ends(TimeSpan.FromSeconds(10)));
        }
    }
}

public sealed class UringShardTests() : ShardTests(IoBackend.Uring);

public sealed class EpollShardTests() : ShardTests(IoBackend.Epoll);

public sealed class SocketsShardTests() : ShardTests(IoBackend.Sockets);
