using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using FastCache.Protocol.Resp;

namespace FastCache.Protocol.Tests.Resp;

public sealed class RedisComparisonTests
{
    private const int StartLimitMillis = 10_000;

    /// <summary>No zero is among them: Redis looks for line ends as C does, up to the first zero.</summary>
    private static readonly byte[] Alphabet = "**$$012-\r\n\r\n\"' \\xg"u8.ToArray();

    [RedisFact]
    public void Broken_requests_end_in_the_error_that_redis_says()
    {
        IPEndPoint endPoint = new(IPAddress.Loopback, FreePort());
        using Process redis = Process.Start(new ProcessStartInfo(RedisFactAttribute.Program)
        {
            ArgumentList = { "--port", $"{endPoint.Port}", "--bind", "127.0.0.1", "--save", "" },
            RedirectStandardOutput = true,
        })!;
        redis.OutputDataReceived += (_, _) => { };
        redis.BeginOutputReadLine();
        try
        {
            AwaitStart(endPoint);
            int refused = 0;
            Property.Holds(3_000, (random, _) =>
            {
                byte[] input = RandomInput(random);
                string expected = ErrorOf(input);
                string replies = Ask(endPoint, input);
                int at = replies.IndexOf("-ERR Protocol error", StringComparison.Ordinal);
                string said = at < 0 ? "" : replies[(at + 5)..^2];
                Assert.True(expected == said, $"{Encoding.Latin1.GetString(input)}: '{expected}', redis says '{said}'");
                refused += expected.Length > 0 ? 1 : 0;
            });
            Assert.InRange(refused, 300, 2_900);
        }
        finally
        {
            redis.Kill();
            redis.WaitForExit();
        }
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

    private static string Ask(IPEndPoint endPoint, byte[] input)
    {
        using Socket peer = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 5_000 };
        peer.Connect(endPoint);
        peer.Send(input);
        peer.Shutdown(SocketShutdown.Send);
        StringBuilder replies = new();
        byte[] piece = new byte[4_096];
        while (true)
        {
            int bytes;
            try
            {
                bytes = peer.Receive(piece);
            }
            catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
            {
                bytes = 0;
            }

            if (bytes == 0)
            {
                return replies.ToString();
            }

            replies.Append(Encoding.Latin1.GetString(piece, 0, bytes));
        }
    }

    private static void AwaitStart(IPEndPoint endPoint)
    {
        long limit = Environment.TickCount64 + StartLimitMillis;
        while (true)
        {
            try
            {
                Assert.StartsWith("+PONG", Ask(endPoint, "PING\r\n"u8.ToArray()), StringComparison.Ordinal);
                return;
            }
            catch (SocketException) when (Environment.TickCount64 < limit)
            {
                Thread.Sleep(20);
            }
        }
    }

    private static int FreePort()
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
