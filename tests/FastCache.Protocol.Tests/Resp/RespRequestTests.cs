using System.Globalization;
using System.Text;
using FastCache.Protocol.Resp;

namespace FastCache.Protocol.Tests.Resp;

public sealed class RespRequestTests
{
    private const int MaxArguments = 40;
    private const int MaxBytes = 100_000;
    private const string TooLong = "invalid bulk length: a request has at most 100000 bytes here, with all headers (--max-value)";

    private static readonly string[] Edges =
        ["9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "-0", "", "-"];

    [Theory]
    [InlineData("PING\r\n", "PING")]
    [InlineData("PING\n", "PING")]
    [InlineData("  set\tkey \v value\r\n", "set|key|value")]
    [InlineData("set \"a b\\x41\\n\\\"\" 'c\\'d\\n'\r\n", "set|a bA\n\"|c'd\\n")]
    [InlineData("get \"\" x\"y\"\r\n", "get||xy")]
    [InlineData("\"\\x4g\"\n", "x4g")]
    [InlineData("\r\n", "")]
    [InlineData("get\0key\r\n", "get")]
    [InlineData("*0\r\n", "")]
    [InlineData("*-7\r\n", "")]
    [InlineData("*1\r\n$0\r\n\r\n", "")]
    [InlineData("*2\r\n$3\r\nGET\r\n$2\r\n\r\n\r\n", "GET|\r\n")]
    [InlineData("*1\rx$1\rxaxx", "a")]
    public void Takes_what_redis_takes(string input, string arguments)
    {
        RespConnection decoder = new(new RespRequestDecoder(MaxArguments, MaxBytes));
        byte[] bytes = Encoding.Latin1.GetBytes(input);
        Assert.Equal(DecodeResult.Ok, decoder.Read(bytes));
        Assert.Equal(arguments, string.Join('|', decoder.Arguments.Select(Encoding.Latin1.GetString)));
        Assert.Equal(bytes.Length, decoder.Length);
    }

    [Theory]
    [InlineData("*x\r\n", "invalid multibulk length")]
    [InlineData("*\r\n", "invalid multibulk length")]
    [InlineData("*+1\r\n", "invalid multibulk length")]
    [InlineData("*01\r\n", "invalid multibulk length")]
    [InlineData("*41\r\n", "invalid multibulk length")]
    [InlineData("*9223372036854775808\r\n", "invalid multibulk length")]
    [InlineData("*99999999999999999999999\r\n", "invalid multibulk length")]
    [InlineData("*1\r\n$-1\r\n", "invalid bulk length")]
    [InlineData("*1\r\n$99990\r\n", TooLong)]
    [InlineData("*1\r\n$9223372036854775807\r\n", TooLong)]
    [InlineData("*1\r\n$9223372036854775808\r\n", "invalid bulk length")]
    [InlineData("*1\r\n$ 1\r\n", "invalid bulk length")]
    [InlineData("*1\r\n:1\r\n", "expected '$', got ':'")]
    [InlineData("*1\r\n\r\n", "expected '$', got ' '")]
    [InlineData("*1\r\n\0\r\n", "expected '$', got '")]
    [InlineData("get \"key\r\n", "unbalanced quotes in request")]
    [InlineData("get \"key\"x\r\n", "unbalanced quotes in request")]
    [InlineData("get 'key\\'\r\n", "unbalanced quotes in request")]
    public void Refuses_in_the_words_of_redis(string input, string error)
    {
        RespConnection decoder = new(new RespRequestDecoder(MaxArguments, MaxBytes));
        Assert.Equal(DecodeResult.Fatal, decoder.Read(Encoding.Latin1.GetBytes(input)));
        Assert.Equal($"Protocol error: {error}", decoder.Error);
    }

    [Theory]
    [InlineData("*", "too big mbulk count string")]
    [InlineData("*1\r\n$", "too big bulk count string")]
    [InlineData("g", "too big inline request")]
    public void Waits_for_a_line_end_only_so_long(string start, string error)
    {
        RespConnection decoder = new(new RespRequestDecoder(MaxArguments, MaxBytes));
        int lineStart = start.LastIndexOf('\n') + 1;
        byte[] longest = Encoding.Latin1.GetBytes(start.PadRight(lineStart + RespRequestDecoder.MaxLineBytes, '1'));
        Assert.Equal(DecodeResult.NeedMore, decoder.Read(longest));
        Assert.Equal(DecodeResult.Fatal, decoder.Read([.. longest, (byte)'1']));
        Assert.Equal($"Protocol error: {error}", decoder.Error);
    }

    [Theory]
    [InlineData("*10\r\n", "")]
    [InlineData("*11\r\n", "unauthenticated multibulk length")]
    [InlineData("*1\r\n$16384\r\n", "")]
    [InlineData("*1\r\n$16385\r\n", "unauthenticated bulk length")]
    public void Takes_little_of_a_peer_that_has_not_authenticated(string input, string error)
    {
        RespConnection decoder = new(new RespRequestDecoder(MaxArguments, MaxBytes) { IsAuthenticated = false });
        DecodeResult result = decoder.Read(Encoding.Latin1.GetBytes(input));
        Assert.Equal(error.Length == 0 ? DecodeResult.NeedMore : DecodeResult.Fatal, result);
        Assert.EndsWith(error, decoder.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Requests_cut_anywhere_come_back_as_they_were_sent() => Property.Holds(3_000, (random, memory) =>
    {
        List<byte[][]> sent = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => RandomRequest(random))];
        byte[] stream = [.. sent.SelectMany(Encode)];
        RespConnection decoder = new(new RespRequestDecoder(MaxArguments, MaxBytes));
        int start = 0;
        int end = 0;
        foreach (byte[][] request in sent)
        {
            while (true)
            {
                // Memory that ends where the bytes end, and moves from one look to the next.
                ReadOnlySpan<byte> input = memory.Place(stream.AsSpan(start, end - start));
                DecodeResult result = decoder.Read(input);
                if (result == DecodeResult.Ok)
                {
                    Assert.Equal(request, decoder.Arguments);
                    Assert.Equal(Encode(request).Length, decoder.Length);
                    start += decoder.Length;
                    break;
                }

                Assert.Equal(DecodeResult.NeedMore, result);
                Assert.True(end - start < Encode(request).Length, "the request was there");
                Assert.InRange(decoder.Length, input.IsEmpty ? 0 : input.Length + 1, Encode(request).Length);
                end = Math.Min(stream.Length, end + random.Next(1, random.Next(2) == 0 ? 3 : 400));
            }
        }

        Assert.Equal(stream.Length, start);
    });

    [Fact]
    public void Random_bytes_end_the_same_whole_or_in_pieces() => Property.Holds(40_000, (random, memory) =>
    {
        byte[] input = Mutant(random);
        RespConnection whole = new(new RespRequestDecoder(MaxArguments, MaxBytes));
        RespConnection pieces = new(new RespRequestDecoder(MaxArguments, MaxBytes));
        DecodeResult expected = whole.Read(memory.Place(input));
        DecodeResult result = DecodeResult.NeedMore;
        int end = 0;
        while (result == DecodeResult.NeedMore && end < input.Length)
        {
            end = Math.Min(input.Length, end + random.Next(1, 12));
            result = pieces.Read(memory.Place(input.AsSpan(0, end)));
        }

        Assert.Equal(expected, result);
        Assert.Equal(whole.Error, pieces.Error);
        if (result == DecodeResult.Ok)
        {
            Assert.Equal(whole.Length, pieces.Length);
            Assert.InRange(whole.Length, 1, input.Length);
            Assert.Equal(whole.Arguments, pieces.Arguments);
        }
    });

    [Fact]
    public void Numbers_are_those_that_print_as_they_are_written() => Property.Holds(20_000, (random, _) =>
    {
        string text = random.Next(3) switch
        {
            0 => random.NextInt64(long.MinValue, long.MaxValue).ToString(CultureInfo.InvariantCulture),
            1 => Edges[random.Next(Edges.Length)],
            _ => string.Concat(Enumerable.Range(0, random.Next(24)).Select(_ => "0123456789-+ "[random.Next(13)])),
        };
        bool isNumber = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long expected)
            && expected.ToString(CultureInfo.InvariantCulture) == text;
        Assert.Equal(isNumber, RespNumber.TryParse(Encoding.ASCII.GetBytes(text), out long number));
        Assert.Equal(isNumber ? expected : 0, number);
    });

    [Fact]
    public void Requests_allocate_nothing_once_the_decoder_is_warm() => Property.Holds(1, (random, memory) =>
    {
        ReadOnlySpan<byte> input = memory.Place(Encode([.. Enumerable.Repeat(random.Bytes(5), MaxArguments)]));
        RespRequestDecoder decoder = new(MaxArguments, MaxBytes);
        RespProgress progress = default;
        decoder.Read(input, ref progress, out _);
        AllocationProbe probe = new();
        while (probe.Next())
        {
            for (int i = 0; i < 1_000; i++)
            {
                decoder.Clear();
                decoder.Read(input[..50], ref progress, out _);
                decoder.Read(input, ref progress, out _);
            }
        }

        Assert.Equal(0, probe.LeastBytes);
    });

    [Fact]
    public void Requests_of_many_connections_stand_side_by_side_until_they_are_executed() => Property.Holds(500, (random, memory) =>
    {
        byte[][][] sent = [.. Enumerable.Range(0, 20).Select(_ => RandomRequest(random))];
        ReadOnlySpan<byte> input = memory.Place([.. sent.SelectMany(Encode)]);
        RespRequestDecoder decoder = new(MaxArguments, MaxBytes);
        RespRequest[] requests = new RespRequest[sent.Length];
        for (int i = 0; i < sent.Length; i++)
        {
            RespProgress progress = default;
            int cut = random.Next(2) == 0 ? 0 : random.Next(Encode(sent[i]).Length);
            if (cut > 0)
            {
                Assert.Equal(DecodeResult.NeedMore, decoder.Read(input[..cut], ref progress, out _));
            }

            Assert.Equal(DecodeResult.Ok, decoder.Read(input, ref progress, out requests[i]));
            input = input[progress.Length..];
        }

        for (int i = 0; i < sent.Length; i++)
        {
            Assert.Equal(sent[i].Length, requests[i].Count);
            for (int j = 0; j < sent[i].Length; j++)
            {
                Assert.True(requests[i][j].SequenceEqual(sent[i][j]));
            }
        }
    });

    private static byte[][] RandomRequest(Random random) =>
        [.. Enumerable.Range(0, random.Next(1, random.Next(2) == 0 ? 4 : MaxArguments + 1))
            .Select(_ => random.Bytes(random.Next(20) == 0 ? random.Next(2_000) : random.Next(12)))];

    private static byte[] Encode(byte[][] arguments)
    {
        List<byte> bytes = [.. Encoding.ASCII.GetBytes($"*{arguments.Length}\r\n")];
        foreach (byte[] argument in arguments)
        {
            bytes.AddRange(Encoding.ASCII.GetBytes($"${argument.Length}\r\n"));
            bytes.AddRange(argument);
            bytes.AddRange("\r\n"u8);
        }

        return [.. bytes];
    }

    /// <summary>A request with a few bytes changed, or characters that have a meaning in a random order.</summary>
    private static byte[] Mutant(Random random)
    {
        if (random.Next(2) == 0)
        {
            return [.. Enumerable.Range(0, random.Next(1, 60)).Select(_ => "*$01-\r\n \"'\\xga\0"u8[random.Next(15)])];
        }

        byte[] bytes = Encode(RandomRequest(random));
        for (int i = random.Next(4); i > 0; i--)
        {
            bytes[random.Next(bytes.Length)] = "*$019-\r\n \""u8[random.Next(10)];
        }

        return bytes[..random.Next(1, bytes.Length + 1)];
    }
}
