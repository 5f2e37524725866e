using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Workload;
using FastCache.Protocol;

namespace FastCache.LoadGen.Tests.Properties;

public sealed class ReplyWalkerTests
{
    private const int Seeds = 3_000;
    private const int Ring = 40;

    [Fact]
    public void Finds_the_same_replies_wherever_the_bytes_are_cut()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            Random random = new(seed);
            int valueBytes = random.Next(4) * random.Next(60);
            int start = random.Next(Ring);
            List<ReplyKind> expected = [];
            byte[] bytes = Replies(random, valueBytes, start, expected);
            ReplyWalker<InOrder> walker = Walker(valueBytes, start);
            Collector found = new([]);
            int most = random.Next(1, 200);
            for (int at = 0; at < bytes.Length;)
            {
                int length = Math.Min(random.Next(1, most + 1), bytes.Length - at);
                walker.Walk(bytes.AsSpan(at, length), ref found);
                at += length;
            }

            Assert.Equal(expected, found.Kinds);
            Assert.False(walker.IsInsideReply);
        }
    }

    [Fact]
    public void Refuses_every_change_of_a_header_wherever_the_bytes_are_cut()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            Random random = new(seed);
            byte[] bytes = Replies(random, 10, 0, []);
            int changed = random.Next(12); // The argument, bytes 12 to 15, means nothing in these replies.
            bytes[changed] ^= (byte)random.Next(1, 256);
            ReplyWalker<InOrder> walker = Walker(valueBytes: 10, start: 0);
            Collector found = new([]);
            int cut = random.Next(bytes.Length);
            Assert.Throws<LoadFailedException>(() =>
            {
                walker.Walk(bytes.AsSpan(0, cut), ref found);
                walker.Walk(bytes.AsSpan(cut), ref found);
            });
        }
    }

    [Fact]
    public void Refuses_a_reply_out_of_order()
    {
        byte[] reply = new byte[16];
        ReplyWriter.Write(reply, Opcode.Get, Status.NotFound, id: 2);
        string message = Failure(reply, start: 1);
        Assert.Contains("for request 2", message, StringComparison.Ordinal);
        Assert.Contains("reply to request 1", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Passes_on_what_the_node_says_of_an_error()
    {
        byte[] reply = new byte[200];
        int length = ReplyWriter.WriteError(reply, Opcode.Set, Status.OutOfMemory, RequestStream.WriteBit, "no room");
        string message = Failure(reply.AsSpan(0, length), start: 0);
        Assert.Contains("OutOfMemory: no room", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Says_that_the_peer_speaks_something_else() =>
        Assert.Contains("magic", Failure("HTTP/1.1 400 Bad Request"u8, start: 0), StringComparison.Ordinal);

    [Fact]
    public void Refuses_a_value_that_was_not_written()
    {
        KeySpace keys = new(10, 16);
        using RequestStream stream =
            RequestStream.Create(KeySource.Of(keys, new(10, default, 1)), new RequestMix(1, 0, 16, 24), 10, seed: 1);
        byte[] value = new byte[24];
        ValuePattern.Write(stream.KeyNumber(0), value);
        byte[] reply = new byte[40];
        ReplyWriter.Write(reply, Opcode.Get, Status.Ok, id: 0, value);
        ReplyShapes shapes = new(24, stream);
        Collector found = new([]);
        new ReplyWalker<InOrder>(shapes, new(0, stream.Count)).Walk(reply, ref found);
        Assert.Equal([ReplyKind.Hit], found.Kinds);

        reply[20] ^= 1;
        LoadFailedException failure = Assert.Throws<LoadFailedException>(
            () => new ReplyWalker<InOrder>(shapes, new(0, stream.Count)).Walk(reply, ref found));
        Assert.Contains("not what was written", failure.Message, StringComparison.Ordinal);
    }

    private static string Failure(ReadOnlySpan<byte> bytes, int start)
    {
        byte[] copy = bytes.ToArray();
        Collector found = new([]);
        return Assert.Throws<LoadFailedException>(
            () => Walker(valueBytes: 100, start).Walk(copy, ref found)).Message;
    }

    private static ReplyWalker<InOrder> Walker(int valueBytes, int start) =>
        new(new ReplyShapes(valueBytes, values: null), new(start, Ring));

    private static byte[] Replies(Random random, int valueBytes, int start, List<ReplyKind> kinds)
    {
        using MemoryStream bytes = new();
        byte[] value = new byte[valueBytes];
        byte[] frame = new byte[16 + valueBytes];
        int count = random.Next(1, 100);
        for (int i = 0; i < count; i++)
        {
            uint id = (uint)((start + i) % Ring);
            random.NextBytes(value);
            ReplyKind kind = ReplyKinds.All[random.Next(3)];
            int length = kind switch
            {
                ReplyKind.Hit => ReplyWriter.Write(frame, Opcode.Get, Status.Ok, id, value),
                ReplyKind.Miss => ReplyWriter.Write(frame, Opcode.Get, Status.NotFound, id),
                _ => ReplyWriter.Write(frame, Opcode.Set, Status.Ok, id | RequestStream.WriteBit),
            };
            bytes.Write(frame, 0, length);
            kinds.Add(kind);
        }

        return bytes.ToArray();
    }

    private readonly struct Collector(List<ReplyKind> kinds) : IReplySink
    {
        public List<ReplyKind> Kinds { get; } = kinds;

        public void Accept(ReplyKind kind) => Kinds.Add(kind);
    }
}
