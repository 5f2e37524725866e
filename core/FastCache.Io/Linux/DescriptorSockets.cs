using FastCache.Io.Connections;

namespace FastCache.Io.Linux;

/// <summary>Sockets that are plain descriptors.</summary>
internal unsafe class DescriptorSockets : ISockets
{
    public void Abort(Connection* connection) => _ = LibC.Shutdown(connection->Descriptor, LibC.ShutdownBoth);

    public void EndSending(Connection* connection) => _ = LibC.Shutdown(connection->Descriptor, LibC.ShutdownWrite);

    public void Close(Connection* connection) => _ = LibC.Close(connection->Descriptor);

    public virtual int Release(Connection* connection) => connection->Descriptor;

    public PeerAddress PeerOf(Connection* connection) => LibC.PeerOf(connection->Descriptor);
}
