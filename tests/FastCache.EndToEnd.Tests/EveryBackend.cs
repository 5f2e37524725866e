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

public sealed class UringKeyOperationTests(UringNode node) : KeyOperationTests(node), IClassFixture<UringNode>;

public sealed class UringLeaseTests(UringNode node) : LeaseTests(node), IClassFixture<UringNode>;

public sealed class UringTrackingTests(UringNode node) : TrackingTests(node), IClassFixture<UringNode>;

public sealed class UringValueStreamTests() : ValueStreamTests(IoBackend.Uring);

public sealed class EpollKeyOperationTests(EpollNode node) : KeyOperationTests(node), IClassFixture<EpollNode>;

public sealed class EpollLeaseTests(EpollNode node) : LeaseTests(node), IClassFixture<EpollNode>;

public sealed class EpollTrackingTests(EpollNode node) : TrackingTests(node), IClassFixture<EpollNode>;

public sealed class EpollValueStreamTests() : ValueStreamTests(IoBackend.Epoll);

public sealed class SocketsKeyOperationTests(SocketsNode node) : KeyOperationTests(node), IClassFixture<SocketsNode>;

public sealed class SocketsLeaseTests(SocketsNode node) : LeaseTests(node), IClassFixture<SocketsNode>;

public sealed class SocketsTrackingTests(SocketsNode node) : TrackingTests(node), IClassFixture<SocketsNode>;

public sealed class SocketsValueStreamTests() : ValueStreamTests(IoBackend.Sockets);

public sealed class UringLimitTests() : LimitTests(IoBackend.Uring);

public sealed class EpollLimitTests() : LimitTests(IoBackend.Epoll);

public sealed class SocketsLimitTests() : LimitTests(IoBackend.Sockets);

public sealed class UringShutdownTests() : ShutdownTests(IoBackend.Uring);

public sealed class EpollShutdownTests() : ShutdownTests(IoBackend.Epoll);

public sealed class SocketsShutdownTests() : ShutdownTests(IoBackend.Sockets);

[Collection(CrowdTests.OneAtATime)]
public sealed class UringCrowdTests() : CrowdTests(IoBackend.Uring);

[Collection(CrowdTests.OneAtATime)]
public sealed class EpollCrowdTests() : CrowdTests(IoBackend.Epoll);

[Collection(CrowdTests.OneAtATime)]
public sealed class SocketsCrowdTests() : CrowdTests(IoBackend.Sockets);

public sealed class UringConnectionMemoryTests() : ConnectionMemoryTests(IoBackend.Uring);

public sealed class EpollConnectionMemoryTests() : ConnectionMemoryTests(IoBackend.Epoll);

public sealed class SocketsConnectionMemoryTests() : ConnectionMemoryTests(IoBackend.Sockets);

public sealed class UringHandoverTests() : HandoverTests(IoBackend.Uring);

public sealed class EpollHandoverTests() : HandoverTests(IoBackend.Epoll);

public sealed class SocketsHandoverTests() : HandoverTests(IoBackend.Sockets);
