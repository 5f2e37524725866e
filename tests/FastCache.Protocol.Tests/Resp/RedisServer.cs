using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FastCache.Protocol.Tests.Resp;

/// <summary>A redis-server of the distribution, on a free port of loopback.</summary>
internal sealed class RedisServer : IDisposable
{
    private const int StartLimitMillis = 10_000;

    private readonly Process _process;

    private RedisServer(Process process, IPEndPoint endPoint)
    {
        _process = process;
        EndPoint = endPoint;
    }

    public IPEndPoint EndPoint { get; }

    /// <summary>Starts it and waits until it answers.</summary>
    public static RedisServer Start()
    {
        IPEndPoint endPoint = new(IPAddress.Loopback, FreePort());
        Process process = Process.Start(new ProcessStartInfo(RedisFactAttribute.Program)
        {
            ArgumentList = { "--port", $"{endPoint.Port}", "--bind", "127.0.0.1", "--save", "" },
            RedirectStandardOutput = true,
        })!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        RedisServer server = new(process, endPoint);
        server.AwaitStart();
        return server;
    }

    /// <summary>Sends bytes and the end of the input, and returns all that comes back.</summary>
    public string Ask(byte[] input)
    {
        using Socket peer = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 5_000 };
        peer.Connect(EndPoint);
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

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private void AwaitStart()
    {
        long limit = Environment.TickCount64 + StartLimitMillis;
        while (true)
        {
            try
            {
                Assert.StartsWith("+PONG", Ask("PING\r\n"u8.ToArray()), StringComparison.Ordinal);
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
