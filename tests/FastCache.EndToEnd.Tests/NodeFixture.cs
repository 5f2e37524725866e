using FastCache.Io;

namespace FastCache.EndToEnd.Tests;

/// <summary>One node for all tests of a class; it must end well afterwards.</summary>
public abstract class NodeFixture(IoBackend backend) : IDisposable
{
    internal IoBackend Backend { get; } = backend;

    internal RunningNode Node { get; } = RunningNode.Start(backend);

    public void Dispose()
    {
        using (Node)
        {
            Assert.Equal(0, Node.Stop());
        }

        GC.SuppressFinalize(this);
    }
}

public sealed class UringNode() : NodeFixture(IoBackend.Uring);

public sealed class EpollNode() : NodeFixture(IoBackend.Epoll);

public sealed class SocketsNode() : NodeFixture(IoBackend.Sockets);
