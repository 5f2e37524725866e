using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using FastCache.Io;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Workload;
using FastCache.Protocol;

namespace FastCache.LoadGen.Engine;

/// <summary>A plain blocking connection: for the handshake before the ring takes over, and for statistics.</summary>
internal sealed class NodeSocket : IDisposable
{
    private const int TimeoutMillis = 10_000;
    private const int MaxReplyBytes = 1 << 20;

    private readonly Socket _socket;
    private bool _isMovedOut;

    private NodeSocket(AddressFamily family)
    {
        _socket = new(family, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            ReceiveTimeout = TimeoutMillis,
            SendTimeout = TimeoutMillis,
        };
    }

    /// <summary>Connects.</summary>
    /// <exception cref="LoadFailedException">Nobody listens there.</exception>
    public static NodeSocket Connect(IPEndPoint address)
    {
        NodeSocket connection = new(address.AddressFamily);
        try
        {
            connection._socket.Connect(address);
            return connection;
        }
        catch (SocketException exception)
        {
            connection.Dispose();
            throw new LoadFailedException($"cannot connect to {address}: {exception.SocketErrorCode}");
        }
    }

    /// <summary>Says hello, as the protocol wants it of every connection.</summary>
    /// <param name="features">What is asked for.</param>
    /// <param name="shard">The shard that the connection is for, from 0; null: any.</param>
    /// <returns>What the node allows.</returns>
    /// <exception cref="LoadFailedException">The node refused, or speaks something else.</exception>
    public HelloReply Greet(Features features = Features.None, int? shard = null)
    {
        byte[] request = new byte[FcpLimits.HeaderBytes + FcpLimits.HelloRequestBytes];
        RequestWriter.Hello(request, id: 0, (uint)features, (ushort)(shard + 1 ?? 0));
        return HelloReply.Read(Exchange(request, Opcode.Hello));
    }

    /// <summary>Which shard of the node has which slots.</summary>
    /// <exception cref="LoadFailedException">The node does not tell, or tells nonsense.</exception>
    public ShardSlots ReadTopology()
    {
        byte[] request = new byte[FcpLimits.HeaderBytes];
        RequestWriter.Topology(request, id: 0);
        try
        {
            return ShardSlots.Read(Exchange(request, Opcode.Topology));
        }
        catch (FormatException exception)
        {
            throw new LoadFailedException($"wrong reply: {exception.Message}");
        }
    }

    /// <summary>The node's counters: lines of name and value.</summary>
    public string ReadStatistics()
    {
        byte[] request = new byte[FcpLimits.HeaderBytes];
        RequestWriter.Stats(request, id: 0);
        return Encoding.UTF8.GetString(Exchange(request, Opcode.Stats));
    }

    /// <summary>Hands the connection over; this object is of no use afterwards.</summary>
    public ConnectionId MoveTo(IShardIo io)
    {
        int descriptor = Native.Duplicate((int)_socket.SafeHandle.DangerousGetHandle());
        if (descriptor < 0)
        {
            throw new LoadFailedException($"cannot duplicate a socket: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        ConnectionId id = io.Adopt(descriptor);
        _socket.Dispose();
        return id;
    }

    /// <summary>Hands the socket to the caller, who disposes of it; this object is of no use afterwards.</summary>
    public Socket MoveOut()
    {
        _isMovedOut = true;
        return _socket;
    }

    public void Dispose()
    {
        if (!_isMovedOut)
        {
            _socket.Dispose();
        }
    }

    private byte[] Exchange(ReadOnlySpan<byte> request, Opcode opcode)
    {
        byte[] buffer = new byte[MaxReplyBytes];
        int length = 0;
        try
        {
            _socket.Send(request);
            while (true)
            {
                switch (ReplyDecoder.Read(buffer.AsSpan(0, length), out Reply reply))
                {
                    case DecodeResult.Ok when reply.Opcode == opcode && reply.Status == Status.Ok:
                        return reply.Body.ToArray();
                    case DecodeResult.Ok:
                        throw new LoadFailedException(
                            $"the node answered {opcode} with {reply.Status}: {Encoding.UTF8.GetString(reply.Body)}");
                    case DecodeResult.Fatal:
                        throw new LoadFailedException(
                            $"no FastCache node: {ReplyDecoder.Explain(buffer.AsSpan(0, length))}");
                    default:
                        break;
                }

                int received = _socket.Receive(buffer.AsSpan(length));
                length += received > 0
                    ? received
                    : throw new LoadFailedException($"the node closed the connection instead of answering {opcode}");
            }
        }
        catch (SocketException exception)
        {
            throw new LoadFailedException($"the node did not answer {opcode}: {exception.Message}");
        }
    }
}
