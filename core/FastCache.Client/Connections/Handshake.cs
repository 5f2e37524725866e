using System.Net;
using System.Net.Sockets;
using FastCache.Client.Operations;
using FastCache.Protocol;

namespace FastCache.Client.Connections;

/// <summary>What a node answers to one of them.</summary>
/// <param name="Argument">The reply's argument.</param>
/// <param name="Body">Its body.</param>
internal readonly record struct Answer(uint Argument, byte[] Body);

/// <summary>A connection's first exchanges, before requests of many travel on it.</summary>
internal static class Handshake
{
    /// <summary>The longest frame of these exchanges: a piece of a topology fills it.</summary>
    public const int BufferBytes = FcpLimits.HeaderBytes + (64 << 10);

    /// <summary>What an exchange is sent as.</summary>
    public delegate int Write(Span<byte> frame);

    /// <summary>Connects and shakes hands.</summary>
    /// <param name="address">The node's.</param>
    /// <param name="wish">0 for any shard, k for the one with number k - 1.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="features">What is asked for; the reply says what is granted.</param>
    /// <exception cref="SocketException">Nobody answers there.</exception>
    /// <exception cref="CacheException">The node refused, or is none.</exception>
    public static async Task<(Socket Socket, HelloReply Hello)> ConnectAsync(
        EndPoint address, int wish, CancellationToken cancellationToken, Features features = Features.None)
    {
        Socket socket = NewSocket(address);
        try
        {
            await socket.ConnectAsync(address, cancellationToken).ConfigureAwait(false);
            Answer hello = await AskAsync(
                socket, frame => RequestWriter.Hello(frame, 0, (uint)features, (ushort)wish), Opcode.Hello, cancellationToken)
                .ConfigureAwait(false);
            return (socket, ReadHello(hello.Body));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A stream socket for an address, without delay.</summary>
    public static Socket NewSocket(EndPoint address) => address.AddressFamily is AddressFamily.Unspecified
        ? new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }
        : new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    /// <summary>Sends one request and waits for its reply, with nothing else under way.</summary>
    /// <returns>The reply.</returns>
    public static async Task<Answer> AskAsync(
        Socket socket, Write write, Opcode opcode, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[BufferBytes];
        int length = write(buffer);
        for (int sent = 0; sent < length;)
        {
            sent += await socket.SendAsync(buffer.AsMemory(sent, length - sent), cancellationToken).ConfigureAwait(false);
        }

        length = 0;
        while (true)
        {
            int received = await socket.ReceiveAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
            length += received;
            if (received == 0)
            {
                throw Closed(opcode);
            }

            if (TryRead(buffer.AsSpan(0, length), opcode, out Answer answer))
            {
                return answer;
            }
        }
    }

    /// <summary>Reads the one reply that is expected.</summary>
    /// <returns>False while it is not complete.</returns>
    /// <exception cref="CacheException">It is a refusal, or no reply.</exception>
    public static bool TryRead(ReadOnlySpan<byte> input, Opcode opcode, out Answer answer)
    {
        DecodeResult result = ReplyDecoder.Read(input, out Reply reply);
        answer = default;
        if (result == DecodeResult.NeedMore && reply.FrameLength <= BufferBytes)
        {
            return false;
        }

        if (result != DecodeResult.Ok)
        {
            throw Broken(ReplyDecoder.Explain(input));
        }

        answer = reply.Status switch
        {
            Status.Ok when reply.Opcode == opcode => new(reply.Argument, reply.Body.ToArray()),
            Status.Ok => throw Broken($"it answered {opcode} with {reply.Opcode}"),
            _ => throw Refusal.Of(reply),
        };
        return true;
    }

    /// <summary>What a hello reply agrees on.</summary>
    /// <exception cref="CacheException">It is too short.</exception>
    public static HelloReply ReadHello(ReadOnlySpan<byte> body) => body.Length >= FcpLimits.ShortestHelloReplyBytes
        ? HelloReply.Read(body)
        : throw Broken($"its hello has {body.Length} bytes, at least {FcpLimits.ShortestHelloReplyBytes} are needed");

    public static CacheConnectionException Closed(Opcode opcode) =>
        new($"The node closed the connection instead of answering {opcode}.", mayHaveExecuted: false);

    private static CacheConnectionException Broken(string why) =>
        new($"This is no FastCache node: {why}.", mayHaveExecuted: false);
}
