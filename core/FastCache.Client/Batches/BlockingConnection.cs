using System.Net.Sockets;
using FastCache.Client.Connections;
using FastCache.Client.Operations;
using FastCache.Client.Routing;
using FastCache.Protocol;

namespace FastCache.Client.Batches;

/// <summary>A connection to one shard on which one thread sends and waits.</summary>
internal sealed class BlockingConnection : IDisposable
{
    private readonly ShardAddress _address;
    private readonly Socket _socket;

    /// <summary>Connects and shakes hands.</summary>
    /// <param name="address">The shard, as errors name it.</param>
    /// <param name="wish">What the handshake asks for: 0 for any shard, k for the one with number k - 1.</param>
    /// <param name="options">Checked ones.</param>
    /// <exception cref="CacheException">It does not come about.</exception>
    public BlockingConnection(ShardAddress address, int wish, FastCacheClientOptions options)
    {
        _address = address;
        _socket = Handshake.NewSocket(address.EndPoint);
        try
        {
            LimitWaits(options.ConnectTimeout);
            Connect();
            Hello = Handshake.ReadHello(Ask(frame => RequestWriter.Hello(frame, 0, shard: (ushort)wish), Opcode.Hello).Body);
            LimitWaits(options.RequestTimeout);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    /// <summary>What the handshake agreed on.</summary>
    public HelloReply Hello { get; }

    /// <summary>Asks which shards the node has, while nothing else is under way.</summary>
    /// <exception cref="CacheException">It does not say.</exception>
    public NodeLayout AskLayout() => NodeLayout.Read(Ask(frame => RequestWriter.Topology(frame, 0), Opcode.Topology).Body);

    /// <summary>Sends everything.</summary>
    /// <exception cref="CacheException">The connection is lost, or the node takes nothing more in time.</exception>
    public void Send(ReadOnlySpan<byte> frames)
    {
        try
        {
            while (!frames.IsEmpty)
            {
                frames = frames[_socket.Send(frames, SocketFlags.None)..];
            }
        }
        catch (SocketException failure)
        {
            throw Lost(failure);
        }
    }

    /// <summary>Waits for more.</summary>
    /// <returns>How many bytes came, at least one.</returns>
    /// <exception cref="CacheException">The connection is lost, or nothing comes in time.</exception>
    public int Receive(Span<byte> room)
    {
        try
        {
            int received = _socket.Receive(room, SocketFlags.None);
            return received > 0 ? received : throw Lost(new EndOfStreamException("The node closed the connection."));
        }
        catch (SocketException failure)
        {
            throw Lost(failure);
        }
    }

    /// <summary>Gives the connection up, and with it what the kernel has not delivered, as <see cref="Line.Abandon"/> does.</summary>
    public void Abandon() => _socket.Close(timeout: 0);

    public void Dispose() => _socket.Dispose();

    private CacheException Lost(Exception failure) => failure is SocketException { SocketErrorCode: SocketError.TimedOut or SocketError.WouldBlock }
        ? new CacheTimeoutException($"{_address} did not answer within {_socket.ReceiveTimeout} ms.", true)
        : new CacheConnectionException($"The connection to {_address} was lost: {failure.Message}", true, failure);

    private void Connect()
    {
        try
        {
            _socket.Connect(_address.EndPoint);
        }
        catch (SocketException failure)
        {
            throw new CacheConnectionException($"Cannot connect to {_address}: {failure.Message}", false, failure);
        }
    }

    /// <remarks>On Linux the limit for sending is the one for connecting, too.</remarks>
    private void LimitWaits(TimeSpan most) => _socket.SendTimeout = _socket.ReceiveTimeout = (int)most.TotalMilliseconds;

    private Answer Ask(Handshake.Write write, Opcode opcode)
    {
        byte[] buffer = new byte[Handshake.BufferBytes];
        Send(buffer.AsSpan(0, write(buffer)));
        Answer answer;
        int length = 0;
        do
        {
            length += Receive(buffer.AsSpan(length));
        }
        while (!Handshake.TryRead(buffer.AsSpan(0, length), opcode, out answer));
        return answer;
    }
}
