using System.Buffers.Binary;
using System.Globalization;
using FastCache.Io;
using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests;

/// <summary>A node of each backend, started once; with one shard, so that every key is where the connection is.</summary>
public sealed class AllBackends : IDisposable
{
    private readonly (IoBackend, RunningNode)[] _nodes =
        [.. new[] { IoBackend.Uring, IoBackend.Epoll, IoBackend.Sockets }.Select(backend => (backend, RunningNode.Start(backend, "--shards", "1")))];

    internal IReadOnlyList<(IoBackend Backend, RunningNode Node)> Nodes => _nodes;

    public void Dispose()
    {
        foreach ((_, RunningNode node) in _nodes)
        {
            using (node)
            {
                Assert.Equal(0, node.Stop());
            }
        }
    }
}

/// <summary>The same conversation with nodes that differ in nothing but how they reach their sockets.</summary>
/// <remarks>Not Stats, which tells of the time; of Hello only that it is Ok, and of Scan, whose cursor and order are each node's own; Credit has no answer.</remarks>
public sealed class DifferentialTests(AllBackends backends) : IClassFixture<AllBackends>
{
    private const int Seeds = 40;
    private const int Bursts = 12;

    /// <summary>Different pairs of opcode and status that so many seeds draw at least.</summary>
    private const int LeastAnswers = 40;

    [Fact]
    public void Same_conversation_gets_the_same_replies_over_every_backend()
    {
        HashSet<(Opcode, Status)> seen = [];
        for (int seed = 0; seed < Seeds; seed++)
        {
            List<string>[] transcripts = [.. backends.Nodes.Select(node => Talk(seed, node.Node, seen))];
            for (int other = 1; other < transcripts.Length; other++)
            {
                int at = transcripts[0].Zip(transcripts[other]).TakeWhile(pair => pair.First == pair.Second).Count();
                bool isSame = at == transcripts[0].Count && at == transcripts[other].Count;
                Assert.True(
                    isSame,
                    $"seed {seed}, reply {at}: {backends.Nodes[0].Backend} says {Line(transcripts[0], at)}, {backends.Nodes[other].Backend} {Line(transcripts[other], at)}");
            }
        }

        // The generator draws what it is meant to draw.
        Opcode[] neverAnswered = [Opcode.None, Opcode.Hello, Opcode.Stats, Opcode.Credit, Opcode.Invalidate, Opcode.Error];
        Assert.Equal(Enum.GetValues<Opcode>().Except(neverAnswered), seen.Select(reply => reply.Item1).Distinct().Order());
        Assert.True(seen.Count >= LeastAnswers, $"{seen.Count} different answers: {string.Join(' ', seen)}");
    }

    /// <returns>Every reply with all its fields; versions and tokens as the order in which they came.</returns>
    private static List<string> Talk(int seed, RunningNode node, HashSet<(Opcode, Status)> seen)
    {
        Random random = new(seed);
        RandomRequests requests = new(random, $"{seed}:");
        using TestClient client = new(node.EndPoint, hello: true, random.Next(2) == 0 ? Features.Push : Features.None);
        Normaliser numbers = new();
        List<string> transcript = [];
        for (int i = 0; i < Bursts; i++)
        {
            List<byte> burst = [];
            for (int request = random.Next(1, 25); request > 0; request--)
            {
                requests.Next(burst);
            }

            uint fence = requests.Fence(burst);
            SendInPieces(client, random, [.. burst]);
            ReadTo(fence, client, requests, numbers, transcript, seen);
        }

        if (random.Next(2) == 0)
        {
            List<byte> last = [];
            requests.Bad(last);
            client.Send([.. last]);
        }
        else
        {
            client.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        }

        while (client.ReadOrEnd() is ReceivedReply reply)
        {
            transcript.Add(numbers.Text(reply));
        }

        return transcript;
    }

    private static void SendInPieces(TestClient client, Random random, byte[] bytes)
    {
        int largest = random.Next(3) == 0 ? 100 : 20_000;
        for (int at = 0; at < bytes.Length;)
        {
            int length = Math.Min(bytes.Length - at, random.Next(1, largest));
            client.Send(bytes.AsSpan(at, length));
            at += length;
        }
    }

    /// <summary>Reads until a ping is answered and every stream has ended; the pieces of each go where the ping's reply is.</summary>
    private static void ReadTo(
        uint fence, TestClient client, RandomRequests requests, Normaliser numbers, List<string> transcript, HashSet<(Opcode, Status)> seen)
    {
        SortedDictionary<uint, List<byte>> streams = [];
        HashSet<uint> open = [];
        bool isFenced = false;
        while (!isFenced || open.Count > 0)
        {
            ReceivedReply reply = client.Read();
            seen.Add((reply.Opcode, reply.Status));
            if (reply is { Opcode: Opcode.GetStream, Status: Status.Ok, HasVersion: false })
            {
                streams[reply.Id].AddRange(reply.Value);
                _ = reply.HasMore || open.Remove(reply.Id);
                continue;
            }

            transcript.Add(numbers.Text(reply));
            isFenced |= reply.Opcode == Opcode.Ping && reply.Id == fence;
            if (reply is { Opcode: Opcode.GetStream, HasMore: true })
            {
                streams[reply.Id] = [];
                open.Add(reply.Id);
            }
            else if (reply is { Opcode: Opcode.StreamCancel, Status: Status.Ok })
            {
                // It follows its GetStream, whose id is the one before.
                open.Remove(reply.Id - 1);
            }

            requests.KnownVersion = reply.HasVersion ? reply.Version : requests.KnownVersion;
            requests.KnownToken = Normaliser.TokenOf(reply) is ulong token and not 0 ? token : requests.KnownToken;
        }

        transcript.AddRange(streams.Select(stream => $"stream {stream.Key}: {Convert.ToHexString([.. stream.Value])}"));
    }

    private static string Line(List<string> transcript, int at)
    {
        string line = at < transcript.Count ? transcript[at] : "nothing";
        return line.Length > 200 ? line[..200] : line;
    }

    /// <summary>Numbers that each node draws for itself, replaced by their order.</summary>
    private sealed class Normaliser
    {
        private readonly Dictionary<ulong, int> _order = new() { [0] = 0 };

        public static ulong TokenOf(ReceivedReply reply) => reply is { Opcode: Opcode.LeaseGet, Status: Status.Ok }
            ? BinaryPrimitives.ReadUInt64LittleEndian(reply.Value)
            : 0;

        public string Text(ReceivedReply reply)
        {
            if (reply is { Opcode: Opcode.Scan, Status: Status.Ok })
            {
                return $"{reply.Opcode} {reply.Status} id={reply.Id}";
            }

            bool hasToken = reply is { Opcode: Opcode.LeaseGet, Status: Status.Ok };
            string token = hasToken ? $" token {Order(TokenOf(reply))}" : "";
            byte[] rest = hasToken ? reply.Value[8..] : reply.Value;
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{reply.Opcode} {reply.Status} id={reply.Id} argument={reply.Argument} version={(reply.HasVersion ? Order(reply.Version) : "none")}{token} last={reply.IsLast} more={reply.HasMore} {Convert.ToHexString(rest)}");
        }

        private string Order(ulong number)
        {
            if (!_order.TryGetValue(number, out int order))
            {
                order = _order.Count;
                _order[number] = order;
            }

            return order.ToString(CultureInfo.InvariantCulture);
        }
    }
}
