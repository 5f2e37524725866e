using System.Globalization;
using System.Text;
using FastCache.EndToEnd.Tests.Memcached;
using FastCache.EndToEnd.Tests.Resp;
using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests;

/// <summary>
/// One connection asks for keys of all shards, far ahead of what it reads, and some values are long: it is answered in order, and the
/// connection memory of its shard, an eighth of what it asks for, suffices.
/// </summary>
public sealed class PipelineTests
{
    private const int Keys = 300;
    private const int Requests = 3_000;
    private const int ReadsLateMillis = 300;
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);
    private static readonly string[] Nodes = ["--shards", "3", "--memory", "512MiB", "--connection-memory", "64MiB"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Commands_of_redis_are_answered_in_order(int seed)
    {
        using RunningNode node = RunningNode.StartWithResp(Nodes);
        using RespPeer peer = new(node.RespEndPoint);
        Model model = new(seed);
        List<(byte[] Request, string Reply)> fill = [.. Enumerable.Range(0, Keys).Select(key => Set(model, key))];
        Exchange(fill, peer.Send, peer.ReadReply, readsLate: false);
        List<(byte[] Request, string Reply)> asked = [];
        for (int i = 0; i < Requests; i++)
        {
            int key = model.Random.Next(Keys);
            asked.Add(model.Random.Next(100) switch
            {
                < 20 => Set(model, key),
                20 when i % 4 == 0 => (RespPeer.Encode(["MGET", .. Enumerable.Range(0, Keys).Select(Name)]), $"*{Keys}\r\n" + string.Concat(Enumerable.Range(0, Keys).Select(k => Bulk(model[k])))),
                21 => (RespPeer.Encode("PING"), "+PONG\r\n"),
                22 => (RespPeer.Encode(["EXISTS", .. Enumerable.Range(0, Keys).Select(Name)]), $":{Keys}\r\n"),
                < 30 => (RespPeer.Encode("GETRANGE", Name(key), "0", "9"), Bulk(model[key][..Math.Min(10, model[key].Length)])),
                _ => (RespPeer.Encode("GET", Name(key)), Bulk(model[key])),
            });
        }

        Exchange(asked, peer.Send, peer.ReadReply, readsLate: true);
        Assert.Equal(0, node.Stop());

        static string Bulk(string value) => $"${value.Length}\r\n{value}\r\n";

        static (byte[], string) Set(Model model, int key)
        {
            model.Change(key);
            return (RespPeer.Encode("SET", Name(key), model[key]), "+OK\r\n");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Requests_of_memcached_are_answered_in_order(int seed)
    {
        using RunningNode node = RunningNode.StartWithMemcached(Nodes);
        using MemcachedPeer peer = new(node.MemcachedEndPoint);
        Model model = new(seed);
        StringBuilder wanted = new();
        StringBuilder asked = new();
        for (int i = 0; i < Keys + Requests; i++)
        {
            int key = i < Keys ? i : model.Random.Next(Keys);
            if (i < Keys || model.Random.Next(5) == 0)
            {
                model.Change(key);
                bool isMeta = model.Random.Next(2) == 0;
                asked.Append(CultureInfo.InvariantCulture, $"{(isMeta ? $"ms {Name(key)} {model[key].Length}" : $"set {Name(key)} 0 0 {model[key].Length}")}\r\n{model[key]}\r\n");
                wanted.Append(isMeta ? "HD\r\n" : "STORED\r\n");
            }
            else if (model.Random.Next(2) == 0)
            {
                asked.Append(CultureInfo.InvariantCulture, $"mg {Name(key)} v\r\n");
                wanted.Append(CultureInfo.InvariantCulture, $"VA {model[key].Length}\r\n{model[key]}\r\n");
            }
            else
            {
                int next = (key + 1) % Keys;
                asked.Append(CultureInfo.InvariantCulture, $"get {Name(key)} nothing {Name(next)}\r\n");
                foreach (int k in (int[])[key, next])
                {
                    wanted.Append(CultureInfo.InvariantCulture, $"VALUE {Name(k)} 0 {model[k].Length}\r\n{model[k]}\r\n");
                }

                wanted.Append("END\r\n");
            }
        }

        Background sending = new(() => peer.Send(asked + "mn\r\n"));
        Thread.Sleep(ReadsLateMillis);
        Assert.True(peer.ReadToFence() == wanted.ToString(), "other replies");
        Assert.True(sending.Ends(Soon));
        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(1, Features.None)]
    [InlineData(2, Features.None)]
    [InlineData(3, Features.UnorderedReplies)]
    public void Requests_of_the_nodes_own_protocol_are_answered(int seed, Features features)
    {
        using RunningNode node = RunningNode.Start(Nodes);
        using TestClient client = new(node.EndPoint, features: features);
        Model model = new(seed);
        List<byte[]> frames = [];
        Dictionary<uint, string?> wanted = [];
        for (uint id = 1; id <= Keys + Requests; id++)
        {
            int key = id <= Keys ? (int)id - 1 : model.Random.Next(Keys);
            bool isSet = id <= Keys || model.Random.Next(5) == 0;
            if (isSet)
            {
                model.Change(key);
            }

            frames.Add(client.Frame(frame => isSet
                ? RequestWriter.Set(frame, id, TestClient.Key(Name(key)), Encoding.ASCII.GetBytes(model[key]))
                : RequestWriter.Get(frame, id, TestClient.Key(Name(key)))));
            wanted.Add(id, isSet ? null : model[key]);
        }

        Background sending = new(() => frames.ForEach(frame => client.Send(frame)));
        Thread.Sleep(ReadsLateMillis);
        for (uint next = 1; next <= Keys + Requests; next++)
        {
            ReceivedReply reply = client.Read();
            Assert.True(features != Features.None || reply.Id == next, $"reply {reply.Id} in place of {next}");
            Assert.Equal(Status.Ok, reply.Status);
            Assert.True(wanted.Remove(reply.Id, out string? value) && Encoding.ASCII.GetString(reply.Value) == (value ?? ""), $"another reply to {reply.Id}");
        }

        Assert.True(sending.Ends(Soon));
        Assert.Equal(0, node.Stop());
    }

    private static void Exchange(List<(byte[] Request, string Reply)> asked, Action<ReadOnlySpan<byte>> send, Func<string> read, bool readsLate)
    {
        Background sending = new(() => asked.ForEach(one => send(one.Request)));
        Thread.Sleep(readsLate ? ReadsLateMillis : 0);
        for (int i = 0; i < asked.Count; i++)
        {
            Assert.True(asked[i].Reply == read(), $"another reply to request {i}");
        }

        Assert.True(sending.Ends(Soon));
    }

    private static string Name(int key) => string.Create(CultureInfo.InvariantCulture, $"key:{key}");

    /// <summary>What each key has: long runs of short values, then some of up to 400 KB.</summary>
    private sealed class Model(int seed)
    {
        private readonly string[] _values = new string[Keys];
        private int _changes;

        public Random Random { get; } = new(seed);

        public string this[int key] => _values[key];

        public void Change(int key)
        {
            int length = Random.Next(10) switch
            {
                0 => Random.Next(400_000),
                1 => Random.Next(20_000),
                _ => Random.Next(100),
            };
            _values[key] = string.Create(CultureInfo.InvariantCulture, $"{++_changes}:{new string((char)('a' + (_changes % 26)), length)}");
        }
    }
}
