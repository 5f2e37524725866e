using FastCache.Io.Connections;
using FastCache.Io.Linux;

namespace FastCache.Io.Epoll;

/// <summary>Descriptors that are registered with an epoll for good, so that nothing has to be asked for again.</summary>
internal sealed unsafe class EpollSockets(EpollSet set) : DescriptorSockets, IReadySockets
{
    public int Receive(Connection* connection, byte* buffer, int bytes) =>
        LibC.Receive(connection->Descriptor, buffer, bytes);

    public int Send(Connection* connection, byte* bytes, int length) =>
        LibC.Send(connection->Descriptor, bytes, length);

    public bool AwaitBytes(Connection* connection) => false;

    public void AwaitRoom(Connection* connection)
    {
    }

    /// <summary>The descriptor leaves the set before it is given away.</summary>
    public override int Release(Connection* connection)
    {
        set.Remove(connection->Descriptor);
        return connection->Descriptor;
    }
}
