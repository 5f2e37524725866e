using System.Net;
using System.Net.Sockets;
using FastCache.Io.Connections;
using FastCache.Io.Linux;
using FastCache.Io.Uring;

namespace FastCache.Io.Tests.Examples;

public sealed class AcceptorTests
{
    [UringFact]
    public void Failed_accept_rests_until_its_time() => WithAcceptor((ring, acceptor) =>
    {
        Assert.Equal(-1, acceptor.Complete(Failed(Errno.ProcessFilesExhausted)));
        uint queued = ring.Unsubmitted;
        Assert.InRange(acceptor.LimitWait(-1), 1, AcceptRest.RetryMillis);
        Assert.Equal(5, acceptor.LimitWait(5));
        Assert.Equal(queued, ring.Unsubmitted);
        Thread.Sleep(AcceptRest.RetryMillis + 20);
        Assert.Equal(-1, acceptor.LimitWait(-1));
        Assert.Equal(queued + 1, ring.Unsubmitted);
    });

    [UringFact]
    public void Failed_accept_is_tried_again_when_a_descriptor_was_closed() => WithAcceptor((ring, acceptor) =>
    {
        acceptor.Complete(Failed(Errno.ProcessFilesExhausted));
        uint queued = ring.Unsubmitted;
        acceptor.DescriptorClosed();
        acceptor.DescriptorClosed();
        Assert.Equal(queued + 1, ring.Unsubmitted);
    });

    [UringFact]
    public void Abandoned_connection_does_not_stop_accepting() => WithAcceptor((ring, acceptor) =>
    {
        uint queued = ring.Unsubmitted;
        acceptor.Complete(Failed(Errno.ConnectionAborted));
        Assert.Equal(queued + 1, ring.Unsubmitted);
    });

    [UringFact]
    public void Refuses_a_port_that_another_backend_listens_on() => Harness.Run(IoBackend.Uring, other =>
    {
        WithAcceptor((_, acceptor) =>
        {
            acceptor.StopListening();
            SocketException refusal = Assert.Throws<SocketException>(() => acceptor.Listen(other.EndPoint));
            Assert.Equal(SocketError.AddressAlreadyInUse, refusal.SocketErrorCode);
            Assert.False(acceptor.IsListening);
            acceptor.Listen(new IPEndPoint(IPAddress.Loopback, 0)); // The refusal has left nothing behind.
        });
        other.Open().Peer.Dispose();
    });

    [UringFact]
    public void Refuses_a_port_whose_listener_would_share_it() => WithAcceptor((_, acceptor) =>
    {
        acceptor.StopListening();
        using Socket other = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        other.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true); // On Linux: and REUSEPORT.
        other.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        other.Listen();
        Assert.Throws<SocketException>(() => acceptor.Listen((IPEndPoint)other.LocalEndPoint!));
    });

    private static CompletionEntry Failed(int errno) =>
        new() { UserData = UserData.Pack(OperationKind.Accept, 0, 0), Result = -errno };

    private static void WithAcceptor(Action<Ring, Acceptor> body) => Harness.OnThread(() =>
    {
        using Ring? ring = Ring.TryCreate(16, 16, out int errno);
        Assert.True(ring is not null, $"errno {errno}");
        using Acceptor acceptor = new(ring, number: 0);
        acceptor.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        body(ring, acceptor);
    });
}
