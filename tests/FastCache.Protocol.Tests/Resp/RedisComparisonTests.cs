using System.Text;
using FastCache.Protocol.Resp;

namespace FastCache.Protocol.Tests.Resp;

public sealed class RedisComparisonTests
{
    /// <summary>No zero is among them: Redis looks for line ends as C does, up to the first zero.</summary>
    private static readonly byte[] Alphabet = "**$$012-\r\n\r\n\"' \\xg"u8.ToArray();

    [RedisFact]
    public void Broken_requests_end_in_the_error_that_redis_says()
    {
        using RedisServer redis = RedisServer.Start();
        int refused = 0;
        Property.Holds(3_000, (random, _) =>
        {
            byte[] input = RandomInput(random);
            string expected = ErrorOf(input);
            string replies = redis.Ask(input);
            int at = replies.IndexOf("-ERR Protocol error", StringComparison.Ordinal);
            string said = at < 0 ? "" : replies[(at + 5)..^2];
            Assert.True(expected == said, $"{Encoding.Latin1.GetString(input)}: '{expected}', redis says '{said}'");
            refused += expected.Length > 0 ? 1 : 0;
        });
        Assert.InRange(refused, 300, 2_900);
    }

    private static byte[] RandomInput(Random random)
    {
        string start = random.Next(5) switch
        {
            0 => "",
            1 => "*1\r\n",
            2 => "*2\r\n$2\r\nno\r\n",
            3 => "no\r\n*0\r\n*2\r\n$",
            _ => "no ",
        };
        byte[] rest = [.. Enumerable.Range(0, random.Next(1, 24)).Select(_ => Alphabet[random.Next(Alphabet.Length)])];
        return [.. Encoding.ASCII.GetBytes(start), .. rest, .. "\r\n"u8];
    }

    private static string ErrorOf(ReadOnlySpan<byte> input)
    {
        RespConnection decoder = new(new RespRequestDecoder(int.MaxValue, int.MaxValue));
        DecodeResult result;
        while ((result = decoder.Read(input)) == DecodeResult.Ok)
        {
            input = input[decoder.Length..];
        }

        return result == DecodeResult.Fatal ? decoder.Error : "";
    }
}
