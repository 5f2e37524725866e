using System.Net;
using System.Net.Sockets;
using FastCache.Io.Connections;
using FastCache.Io.Linux;

namespace FastCache.Io.Tests.Examples;

public sealed class ReadyAcceptorTests
{
    [Fact]
    public void Accepts_until_there_is_none_and_then_waits_to_be_told()
    {
        using ScriptedAcceptor acceptor = new(7, 8, -Errno.TryAgain, 9, -Errno.TryAgain);
        Assert.Equal([7, 8, -1, -1], [acceptor.Accept(), acceptor.Accept(), acceptor.Accept(), acceptor.Accept()]);
        Assert.False(acceptor.HasWork);
        acceptor.MarkReady();
        Assert.True(acceptor.HasWork);
        Assert.Equal([9, -1], [acceptor.Accept(), acceptor.Accept()]);
    }

    [Fact]
    public void Failed_accept_rests_until_its_time()
    {
        using ScriptedAcceptor acceptor = new(-Errno.ProcessFilesExhausted, 7);
        Assert.Equal(-1, acceptor.Accept());
        Assert.False(acceptor.HasWork);
        Assert.Equal(1, acceptor.Failures);
        Assert.InRange(acceptor.LimitWait(-1), 1, AcceptRest.RetryMillis);
        Assert.Equal(-1, acceptor.Accept());
        Thread.Sleep(AcceptRest.RetryMillis + 20);
        Assert.Equal(-1, acceptor.LimitWait(-1));
        Assert.Equal(7, acceptor.Accept());
    }

    [Fact]
    public void Failed_accept_is_tried_again_when_a_descriptor_was_closed()
    {
        using ScriptedAcceptor acceptor = new(-Errno.ProcessFilesExhausted, 7);
        Assert.Equal(-1, acceptor.Accept());
        acceptor.DescriptorClosed();
        Assert.Equal(7, acceptor.Accept());
    }

    [Fact]
    public void Abandoned_connection_does_not_stop_accepting()
    {
        using ScriptedAcceptor acceptor = new(-Errno.ConnectionAborted, -Errno.Interrupted, 7);
        Assert.Equal(7, acceptor.Accept());
        Assert.Equal(0, acceptor.Failures);
    }

    [Fact]
    public void Nothing_is_accepted_once_it_listens_no_more()
    {
        using ScriptedAcceptor acceptor = new(7);
        acceptor.StopListening();
        acceptor.MarkReady();
        Assert.False(acceptor.HasWork);
        Assert.Equal(-1, acceptor.Accept());
    }

    /// <summary>Gives out what a test says, as if the operating system had.</summary>
    private sealed class ScriptedAcceptor : ReadyAcceptor
    {
        private readonly Queue<int> _results;

        public ScriptedAcceptor(params int[] results)
        {
            _results = new(results);
            Listen(new IPEndPoint(IPAddress.Loopback, 0));
        }

        protected override void Start(Socket listener)
        {
        }

        protected override int AcceptNow() => _results.Dequeue();
    }
}
