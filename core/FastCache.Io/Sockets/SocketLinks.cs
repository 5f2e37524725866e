using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using FastCache.Io.Connections;

namespace FastCache.Io.Sockets;

/// <summary>The sockets of a backend by the slots of their connections.</summary>
internal sealed unsafe class SocketLinks(ConnectionTable table, Mailbox mailbox) : IReadySockets
{
    private const int FirstCapacity = 64;
    private SocketLink?[] _links = new SocketLink?[FirstCapacity];

    /// <summary>Sends of held bytes that are in flight.</summary>
    public int Sending { get; private set; }

    /// <summary>Takes the socket of a connection that is new.</summary>
    public void Open(int descriptor, ConnectionId id)
    {
        if (id.Slot >= _links.Length)
        {
            Array.Resize(ref _links, Math.Max(id.Slot + 1, _links.Length * 2));
        }

        Debug.Assert(_links[id.Slot] is null);
        SocketLink link = DetachedSockets.Take(descriptor);
        _links[id.Slot] = link;
        link.Attach(mailbox, id);
    }

    public int Receive(Connection* connection, byte* buffer, int bytes)
    {
        SocketLink link = At(connection);
        if (link.Failure != SocketError.Success)
        {
            return -SocketErrors.ToErrno(link.Failure);
        }

        int received = link.Socket.Receive(new Span<byte>(buffer, bytes), SocketFlags.None, out SocketError error);
        return error == SocketError.Success ? received : -SocketErrors.ToErrno(error);
    }

    public int Send(Connection* connection, byte* bytes, int length)
    {
        int sent = At(connection).Socket.Send(new ReadOnlySpan<byte>(bytes, length), SocketFlags.None, out SocketError error);
        return error == SocketError.Success ? sent : -SocketErrors.ToErrno(error);
    }

    public bool AwaitBytes(Connection* connection) => At(connection).AwaitBytes();

    public void AwaitRoom(Connection* connection)
    {
        Sending++;
        connection->InFlight |= InFlight.Backlog;
        At(connection).Send(
            connection->Backlog + connection->BacklogSent, connection->BacklogLength - connection->BacklogSent);
    }

    /// <summary>A send of held bytes is over.</summary>
    public void Sent(Connection* connection)
    {
        Debug.Assert((connection->InFlight & InFlight.Backlog) != 0);
        Sending--;
        connection->InFlight &= ~InFlight.Backlog;
    }

    public void SetNoDelay(Connection* connection)
    {
        try
        {
            At(connection).Socket.NoDelay = true;
        }
        catch (SocketException)
        {
            // No TCP socket, or one whose peer is gone already.
        }
    }

    public void Abort(Connection* connection) => At(connection).Abort();

    public void EndSending(Connection* connection)
    {
        try
        {
            At(connection).Socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The peer is gone already; a receive will tell.
        }
    }

    public void Close(Connection* connection)
    {
        using SocketLink ended = Leave(connection);
    }

    public int Release(Connection* connection) => DetachedSockets.Put(Leave(connection));

    public PeerAddress PeerOf(Connection* connection)
    {
        try
        {
            if (At(connection).Socket.RemoteEndPoint is IPEndPoint peer)
            {
                Span<byte> bytes = stackalloc byte[16];
                peer.Address.MapToIPv6().TryWriteBytes(bytes, out _);
                return new(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes), (ushort)peer.Port);
            }
        }
        catch (SocketException)
        {
            // The operating system does not know it any more.
        }

        return default;
    }

    private SocketLink At(Connection* connection) => _links[table.SlotOf(connection)]!;

    private SocketLink Leave(Connection* connection)
    {
        SocketLink link = At(connection);
        _links[table.SlotOf(connection)] = null;
        link.Detach();
        return link;
    }
}
