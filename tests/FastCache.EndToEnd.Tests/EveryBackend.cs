using FastCache.Io;

namespace FastCache.EndToEnd.Tests;

// Every class of tests that talk to a node, over each of the three ways that a node can reach its sockets.

public sealed class UringOperationTests(UringNode node) : OperationTests(node), IClassFixture<UringNode>;

public sealed class UringStreamTests(UringNode node) : StreamTests(node), IClassFixture<UringNode>;

public sealed class UringRandomOperationTests(UringNode node) : RandomOperationTests(node), IClassFixture<UringNode>;

public sealed class UringBadFrameTests(UringNode node) : BadFrameTests(node), IClassFixture<UringNode>;

public sealed class UringBadPeerTests() : BadPeerTests(IoBackend.Uring);

public sealed class EpollOperationTests(EpollNode node) : OperationTests(node), IClassFixture<EpollNode>;

public sealed class EpollStreamTests(EpollNode node) : StreamTests(node), IClassFixture<EpollNode>;

public sealed class EpollRandomOperationTests(EpollNode node) : RandomOperationTests(node), IClassFixture<EpollNode>;

public sealed class EpollBadFrameTests(EpollNode node) : BadFrameTests(node), IClassFixture<EpollNode>;

public sealed class EpollBadPeerTests() : BadPeerTests(IoBackend.Epoll);

public sealed class SocketsOperationTests(SocketsNode node) : OperationTests(node), IClassFixture<SocketsNode>;

public sealed class SocketsStreamTests(SocketsNode node) : StreamTests(node), IClassFixture<SocketsNode>;

public sealed class SocketsRandomOperationTests(SocketsNode node) : RandomOperationTests(node), IClassFixture<SocketsNode>;

public sealed class SocketsBadFrameTests(SocketsNode node) : BadFrameTests(node), IClassFixture<SocketsNode>;

public sealed class SocketsBadPeerTests() : BadPeerTests(IoBackend.Sockets);
