using System.Globalization;
using System.Text;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Wire;
using FastCache.LoadGen.Workload;

namespace FastCache.LoadGen.Tests.Properties;

public sealed class TextWalkerTests
{
    private const int Seeds = 1_000;
    private const int Ring = 40;

    public static TheoryData<string> Wires => new("resp", "meta");

    [Theory]
    [MemberData(nameof(Wires))]
    public void Finds_the_same_replies_as_a_plain_parser_wherever_the_bytes_are_cut(string name)
    {
        TextWire wire = Of(name);
        for (int seed = 0; seed < Seeds; seed++)
        {
            Random random = new(seed);
            int valueBytes = random.Next(4) * random.Next(60);
            int start = random.Next(Ring);
            using RequestStream requests = Requests(wire, valueBytes, seed);
            byte[] bytes = Answers(name, requests, valueBytes, start, random, random.Next(1, 100));
            TextWalker walker = new(wire.Replies(valueBytes), requests, start);
            Collector found = new([]);
            int most = random.Next(1, 200);
            for (int at = 0; at < bytes.Length;)
            {
                int length = Math.Min(random.Next(1, most + 1), bytes.Length - at);
                walker.Walk(bytes.AsSpan(at, length), ref found);
                at += length;
            }

            Assert.Equal(Parse(bytes), found.Kinds);
            Assert.False(walker.IsInsideReply);
        }
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void Refuses_every_change_of_a_line_wherever_the_bytes_are_cut(string name)
    {
        TextWire wire = Of(name);
        for (int seed = 0; seed < Seeds; seed++)
        {
            Random random = new(seed);
            using RequestStream requests = Requests(wire, 10, seed);
            byte[] bytes = Answers(name, requests, 10, 0, random, 3);
            int changed = random.Next(bytes.AsSpan().IndexOf((byte)'\n') + 1);
            bytes[changed] ^= (byte)random.Next(1, 256);
            TextWalker walker = new(wire.Replies(10), requests, 0);
            Collector found = new([]);
            int cut = random.Next(bytes.Length);
            Assert.Throws<LoadFailedException>(() =>
            {
                walker.Walk(bytes.AsSpan(0, cut), ref found);
                walker.Walk(bytes.AsSpan(cut), ref found);
            });
        }
    }

    [Theory]
    [InlineData("resp", "$23\r\n", "'$23' to request 0 (a read)")]
    [InlineData("resp", "+OK\r\n", "'+OK' to request 0 (a read)")]
    [InlineData("resp", "-OOM command not allowed\r\n", "'-OOM command not allowed' to request 0")]
    [InlineData("resp", "HTTP/1.1 400 Bad Request\r\n", "HTTP/1.1 400")]
    [InlineData("meta", "HD\r\n", "'HD' to request 0 (a read)")]
    [InlineData("meta", "VA 240\r\n", "'VA 240' to request 0")]
    [InlineData("meta", "SERVER_ERROR out of memory\r\n", "'SERVER_ERROR out of memory'")]
    public void Says_what_was_wrong(string name, string reply, string expected)
    {
        TextWire wire = Of(name);
        using RequestStream requests = Requests(wire, 24, seed: 1, reads: 1);
        Assert.Contains(expected, Failure(wire, requests, Encoding.ASCII.GetBytes(reply)), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void Refuses_a_value_that_was_not_written(string name)
    {
        TextWire wire = Of(name);
        using RequestStream requests = Requests(wire, 24, seed: 1, reads: 1);
        byte[] value = new byte[24];
        ValuePattern.Write(requests.KeyNumber(0), value);
        byte[] reply = [.. wire.Replies(24).Hit, .. value, .. "\r\n"u8];
        Collector found = new([]);
        new TextWalker(wire.Replies(24), requests, 0).Walk(reply, ref found);
        Assert.Equal([ReplyKind.Hit], found.Kinds);

        reply[^5] ^= 1;
        Assert.Contains("not what was written", Failure(wire, requests, reply), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Wires))]
    public void Refuses_a_value_with_other_bytes_where_its_line_ends(string name)
    {
        TextWire wire = Of(name);
        using RequestStream requests = Requests(wire, 24, seed: 1, reads: 1);
        byte[] reply = [.. wire.Replies(24).Hit, .. new byte[26]];
        TextWalker walker = new(wire.Replies(24), requests, 1);
        Collector found = new([]);
        Assert.Contains(
            "has not 24 bytes",
            Assert.Throws<LoadFailedException>(() => walker.Walk(reply, ref found)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Expects_only_writes_where_there_is_no_stream()
    {
        TextWalker walker = new(RespWire.Instance.Replies(24), requests: null, start: 0);
        Collector found = new([]);
        walker.Walk("+OK\r\n+OK\r\n"u8, ref found);
        Assert.Equal([ReplyKind.Write, ReplyKind.Write], found.Kinds);
        Assert.Throws<LoadFailedException>(() => walker.Walk("$-1\r\n"u8, ref found));
    }

    private static TextWire Of(string name) => name == "resp" ? RespWire.Instance : MetaWire.Instance;

    private static RequestStream Requests(TextWire wire, int valueBytes, int seed, double reads = 0.6)
    {
        KeySource source = KeySource.Of(new(10, 16), new(10, KeyDistribution.Uniform, 1));
        return RequestStream.Create(source, new RequestMix(reads, 0, 16, valueBytes) { Wire = wire }, Ring, (ulong)seed);
    }

    private static string Failure(TextWire wire, RequestStream requests, byte[] reply)
    {
        Collector found = new([]);
        return Assert.Throws<LoadFailedException>(
            () => new TextWalker(wire.Replies(24), requests, 0).Walk(reply, ref found)).Message;
    }

    /// <summary>What a server might answer: gets miss now and then.</summary>
    private static byte[] Answers(string name, RequestStream requests, int valueBytes, int start, Random random, int count)
    {
        using MemoryStream bytes = new();
        byte[] value = new byte[valueBytes];
        for (int i = 0; i < count; i++)
        {
            int index = (start + i) % Ring;
            bool isHit = !requests.IsWrite(index) && random.Next(3) > 0;
            string line = requests.IsWrite(index) ? (name == "resp" ? "+OK" : "HD")
                : isHit ? (name == "resp" ? $"${valueBytes}" : $"VA {valueBytes}")
                : name == "resp" ? "$-1" : "EN";
            bytes.Write(Encoding.ASCII.GetBytes(line + "\r\n"));
            if (isHit)
            {
                ValuePattern.Write(requests.KeyNumber(index), value);
                bytes.Write(value);
                bytes.Write("\r\n"u8);
            }
        }

        return bytes.ToArray();
    }

    /// <summary>Reads all replies at once, of either protocol.</summary>
    private static List<ReplyKind> Parse(ReadOnlySpan<byte> bytes)
    {
        List<ReplyKind> kinds = [];
        while (!bytes.IsEmpty)
        {
            int end = bytes.IndexOf("\r\n"u8);
            string line = Encoding.ASCII.GetString(bytes[..end]);
            bytes = bytes[(end + 2)..];
            bool isHit = line != "$-1" && line[0] is '$' or 'V';
            if (isHit)
            {
                int length = int.Parse(line.Replace("VA ", "", StringComparison.Ordinal).TrimStart('$'), CultureInfo.InvariantCulture);
                bytes = bytes[(length + 2)..];
            }

            kinds.Add(isHit ? ReplyKind.Hit : line is "+OK" or "HD" ? ReplyKind.Write : ReplyKind.Miss);
        }

        return kinds;
    }

    private readonly struct Collector(List<ReplyKind> kinds) : IReplySink
    {
        public List<ReplyKind> Kinds { get; } = kinds;

        public void Accept(ReplyKind kind) => Kinds.Add(kind);
    }
}
