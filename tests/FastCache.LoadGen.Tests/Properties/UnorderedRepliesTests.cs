using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Workload;
using FastCache.Protocol;

namespace FastCache.LoadGen.Tests.Properties;

public sealed class UnorderedRepliesTests
{
    private const int Seeds = 2_000;
    private const int Most = 200;
    private const int ValueBytes = 20;

    [Fact]
    public void Takes_the_replies_of_a_batch_in_any_order_wherever_the_bytes_are_cut()
    {
        ReplyWalker<AnyOrder> walker = Walker();
        for (int seed = 0; seed < Seeds; seed++)
        {
            Random random = new(seed);
            (int first, int count) = Batch(random);
            walker.Order.Sent(first, count);
            Counter found = default;
            Walk(ref walker, Replies(random, first, count), random, ref found);
            Assert.Equal(count, found.Replies);
            Assert.False(walker.IsInsideReply);
            Assert.Equal("no request", walker.Order.Due);
        }
    }

    [Fact]
    public void Refuses_a_second_reply_and_one_to_a_request_that_was_not_sent()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            Random random = new(seed);
            (int first, int count) = Batch(random);
            int answered = first + random.Next(count);
            int[] others = [answered, first - 1, first + count, first + count + Most, int.MaxValue];
            int wrong = others[random.Next(others.Length)];
            ReplyWalker<AnyOrder> walker = Walker();
            walker.Order.Sent(first, count);
            Counter found = default;
            walker.Walk(Miss(answered), ref found);
            byte[] reply = Miss(wrong & int.MaxValue);
            LoadFailedException failure = Assert.Throws<LoadFailedException>(
                () => Walk(ref walker, reply, random, ref found));
            Assert.Contains($"for request {wrong & int.MaxValue} ", failure.Message, StringComparison.Ordinal);
            Assert.Equal(1, found.Replies);
        }
    }

    [Fact]
    public void Refuses_every_change_of_a_header()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            Random random = new(seed);
            ReplyWalker<AnyOrder> walker = Walker();
            walker.Order.Sent(0, 1);
            byte[] bytes = Replies(random, 0, 1);
            bytes[random.Next(12)] ^= (byte)random.Next(1, 256);
            Counter found = default;
            Assert.Throws<LoadFailedException>(() => Walk(ref walker, bytes, random, ref found));
        }
    }

    [Fact]
    public void A_value_is_compared_with_the_key_of_its_own_request()
    {
        KeySpace keys = new(5_000, 16);
        KeySource source = KeySource.Of(keys, new(keys.Count, default, 1));
        using RequestStream stream = RequestStream.Create(source, new RequestMix(1, 0, 16, ValueBytes), 2_048, seed: 1);
        ReplyWalker<AnyOrder> walker = new(new ReplyShapes(ValueBytes, stream), new AnyOrder(2_048));
        walker.Order.Sent(0, 2_048);
        Counter found = default;
        walker.Walk(Hit(1_024, stream.KeyNumber(1_024)), ref found);
        walker.Walk(Hit(5, stream.KeyNumber(5)), ref found);
        Assert.Equal(2, found.Replies);
        byte[] others = Hit(0, stream.KeyNumber(5));
        LoadFailedException failure = Assert.Throws<LoadFailedException>(() => walker.Walk(others, ref found));
        Assert.Contains("value of request 0 ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Batch_after_batch_allocates_nothing()
    {
        ReplyWalker<AnyOrder> walker = Walker();
        byte[] replies = Replies(new Random(1), 1_000, Most);
        Counter found = default;
        walker.Order.Sent(1_000, Most);
        walker.Walk(replies, ref found);
        AllocationProbe probe = new();
        while (probe.Next())
        {
            for (int i = 0; i < 100; i++)
            {
                walker.Order.Sent(1_000, Most);
                walker.Walk(replies, ref found);
            }
        }

        Assert.Equal(0, probe.LeastBytes);
    }

    private static ReplyWalker<AnyOrder> Walker() => new(new ReplyShapes(ValueBytes, values: null), new AnyOrder(Most));

    private static (int First, int Count) Batch(Random random) => (random.Next(1, 1_000_000), random.Next(1, Most + 1));

    private static void Walk(ref ReplyWalker<AnyOrder> walker, byte[] bytes, Random random, ref Counter found)
    {
        int most = random.Next(1, 200);
        for (int at = 0; at < bytes.Length;)
        {
            int length = Math.Min(random.Next(1, most + 1), bytes.Length - at);
            walker.Walk(bytes.AsSpan(at, length), ref found);
            at += length;
        }
    }

    private static byte[] Replies(Random random, int first, int count)
    {
        int[] indices = [.. Enumerable.Range(first, count)];
        random.Shuffle(indices);
        return [.. indices.SelectMany(index => random.Next(3) switch
        {
            0 => Hit(index, index),
            1 => Miss(index),
            _ => Frame(frame => ReplyWriter.Write(frame, Opcode.Set, Status.Ok, (uint)index | RequestStream.WriteBit)),
        })];
    }

    private static byte[] Miss(int index) =>
        Frame(frame => ReplyWriter.Write(frame, Opcode.Get, Status.NotFound, (uint)index));

    private static byte[] Hit(int index, int keyNumber)
    {
        byte[] value = new byte[ValueBytes];
        ValuePattern.Write(keyNumber, value);
        return Frame(frame => ReplyWriter.Write(frame, Opcode.Get, Status.Ok, (uint)index, value));
    }

    private static byte[] Frame(Func<byte[], int> write)
    {
        byte[] frame = new byte[16 + ValueBytes];
        return frame[..write(frame)];
    }

    private struct Counter : IReplySink
    {
        public int Replies { get; private set; }

        public void Accept(ReplyKind kind) => Replies++;
    }
}
