using System.Net.Sockets;
using FastCache.Io.Linux;

namespace FastCache.Io.Tests.Examples;

/// <summary>A peer that sends nothing more, and the connection that lives on until the caller closes it.</summary>
public sealed class EndOfInputTests
{
    private const int TooMuch = 8 << 20; // More than loopback's socket buffers hold.

    [Theory, EveryBackend]
    public void Connection_whose_peer_hangs_up_ends_when_the_caller_closes_it(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        peer.Dispose();
        Assert.Equal(new IoEvent(IoEventKind.EndOfInput, id, 0, 0, 0), h.Next(IoEventKind.EndOfInput));
        h.ExpectNothing();
        h.Io.Close(id);
        Assert.Equal(0, h.Next(IoEventKind.Closed, id).Error);
        h.ExpectNothing();
    });

    [Theory, EveryBackend]
    public void Follows_the_last_received_bytes_once(IoBackend backend) => Harness.Run(backend, SendAndShutDown);

    [Theory, EveryBackend]
    public void Follows_the_last_received_bytes_once_though_room_is_scarce(IoBackend backend) => Harness.Run(
        backend,
        SendAndShutDown,
        new ShardIoOptions { MaxConnections = 4, ReceiveBuffers = 2, ReceiveBufferBytes = 1_024 },
        eventCapacity: 1, ringEntries: 4);

    [Theory, EveryBackend]
    public void Comes_although_all_buffers_were_held(IoBackend backend) => Harness.Run(
        backend,
        h =>
        {
            (Socket peer, ConnectionId id) = h.Open();
            peer.Send(new byte[2 * 1_024]);
            IoEvent first = h.Next(IoEventKind.Received, id);
            IoEvent second = h.Next(IoEventKind.Received, id);
            peer.Shutdown(SocketShutdown.Send);
            h.Poll(5);
            h.Io.Release(first.Buffer);
            h.Io.Release(second.Buffer);
            h.CloseAfterInput(id);
            h.ExpectNothing();
            peer.Dispose();
        },
        new ShardIoOptions { MaxConnections = 4, ReceiveBuffers = 2, ReceiveBufferBytes = 1_024 });

    [Theory, EveryBackend]
    public void Waits_while_receiving_is_paused(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        h.Io.PauseReceiving(id);
        h.Poll();
        h.Poll(5);
        peer.Send("last"u8);
        peer.Shutdown(SocketShutdown.Send);
        h.ExpectNothing();
        h.Io.ResumeReceiving(id);
        Assert.Equal("last"u8.ToArray(), h.Receive(id, 4));
        h.CloseAfterInput(id);
        h.ExpectNothing();
        peer.Dispose();
    });

    [Theory, EveryBackend]
    public void Comes_once_though_receiving_is_paused_and_resumed_around_it(IoBackend backend) => Harness.Run(backend, h =>
    {
        // Bits: whether a pass lies before the shutdown, after it, and between the calls.
        for (int rhythm = 0; rhythm < 1 << 3; rhythm++)
        {
            (Socket peer, ConnectionId id) = h.Open();
            h.Io.PauseReceiving(id);
            PassIf(rhythm & 1);
            peer.Shutdown(SocketShutdown.Send);
            PassIf(rhythm & 2);
            h.Io.ResumeReceiving(id);
            PassIf(rhythm & 4);
            h.Io.PauseReceiving(id);
            h.Io.ResumeReceiving(id);
            h.Next(IoEventKind.EndOfInput, id);
            h.Io.PauseReceiving(id);
            h.Poll();
            h.Io.ResumeReceiving(id);
            h.ExpectNothing(millis: 10);
            h.Io.Close(id);
            h.Next(IoEventKind.Closed, id);
            peer.Dispose();
        }

        void PassIf(int bit)
        {
            if (bit != 0)
            {
                h.Poll();
            }
        }
    });

    [Theory, EveryBackend]
    public void Comes_while_blocked_and_the_peer_still_gets_its_replies(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        peer.Send("requests"u8);
        h.Receive(id, 8);
        using NativeBuffer reply = ConnectionTests.Native(Harness.Pattern(TooMuch));
        h.Io.Send(id, reply.Span);
        h.Poll();
        Assert.True(h.Io.IsBlocked(id));
        peer.Shutdown(SocketShutdown.Send);
        h.Next(IoEventKind.EndOfInput, id);
        Assert.True(h.Io.IsBlocked(id));
        h.ExpectNothing();
        byte[] read = ConnectionTests.ReadWhilePolling(h, peer, TooMuch + 100, inPass: () =>
        {
            if (h.Pending.Any(e => e.Kind == IoEventKind.Drained))
            {
                h.Next(IoEventKind.Drained, id);
                h.Io.Send(id, reply.Span[..100]); // The answer to Drained goes out as well.
            }
        });
        h.ExpectNothing();
        h.Io.Close(id);
        Assert.Equal(0, h.Next(IoEventKind.Closed, id).Error);
        Assert.True(read.AsSpan(0, TooMuch).SequenceEqual(reply.Span));
        Assert.True(read.AsSpan(TooMuch).SequenceEqual(reply.Span[..100]));
        Assert.Equal(0, peer.Receive(new byte[1]));
        peer.Dispose();
    });

    [Theory, EveryBackend]
    public void Replies_of_the_same_and_of_many_later_passes_are_delivered(IoBackend backend) => Harness.Run(backend, h =>
    {
        const int Replies = 20;
        Socket peer = h.Connect();
        peer.Send("requests"u8);
        peer.Shutdown(SocketShutdown.Send); // Before the first pass: all of it comes at once.
        ConnectionId id = h.Next(IoEventKind.Accepted).Connection;
        h.Receive(id, 8);
        h.Next(IoEventKind.EndOfInput, id);
        using NativeBuffer reply = new(64);
        for (int i = 0; i < Replies; i++)
        {
            reply.Span.Fill((byte)i);
            h.Io.Send(id, reply.Span);
            h.ExpectNothing(millis: i % 4); // From no pass to some.
            h.Io.Flush();
            byte[] read = Harness.ReceiveExactly(peer, reply.Length);
            Assert.All(read, b => Assert.Equal(i, b));
        }

        h.Io.Close(id);
        Assert.Equal(0, h.Next(IoEventKind.Closed, id).Error);
        Assert.Equal(0, peer.Receive(new byte[1]));
        peer.Dispose();
    });

    [Theory, EveryBackend]
    public void Close_after_a_poll_delivers_what_was_sent(IoBackend backend) => CloseAfterSubmission(backend, h => h.Poll());

    [Theory, EveryBackend]
    public void Close_after_a_flush_delivers_what_was_sent(IoBackend backend) => CloseAfterSubmission(backend, h => h.Io.Flush());

    [Theory, EveryBackend]
    public void Close_before_it_is_reported_leaves_only_the_end(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        h.Poll();
        peer.Shutdown(SocketShutdown.Send);
        h.Io.Close(id);
        Assert.Equal(0, h.Next(IoEventKind.Closed, id).Error);
        h.ExpectNothing();
        peer.Dispose();
    });

    [Theory, EveryBackend]
    public void Peer_that_resets_after_it_while_blocked_is_reported(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        peer.Shutdown(SocketShutdown.Send);
        h.Next(IoEventKind.EndOfInput, id);
        using NativeBuffer bytes = new(TooMuch);
        h.Io.Send(id, bytes.Span);
        h.Poll();
        Assert.True(h.Io.IsBlocked(id));
        Reset(peer);
        Assert.NotEqual(0, h.Next(IoEventKind.Closed, id).Error);
        h.ExpectNothing();
    });

    [Theory, EveryBackend]
    public void Peer_that_resets_after_it_is_found_by_a_send(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        peer.Shutdown(SocketShutdown.Send);
        h.Next(IoEventKind.EndOfInput, id);
        Reset(peer);
        using NativeBuffer reply = new(64);
        h.Io.Send(id, reply.Span);
        Assert.NotEqual(0, h.Next(IoEventKind.Closed, id).Error);
        h.ExpectNothing();
    });

    [Theory, EveryBackend]
    public void Backlog_limit_ends_the_connection_after_it(IoBackend backend) => Harness.Run(
        backend,
        h =>
        {
            (Socket peer, ConnectionId id) = h.Open();
            peer.Shutdown(SocketShutdown.Send);
            h.Next(IoEventKind.EndOfInput, id);
            using NativeBuffer bytes = new(TooMuch);
            h.Io.Send(id, bytes.Span);
            Assert.Equal(Errno.NoBuffers, h.Next(IoEventKind.Closed, id).Error);
            h.ExpectNothing();
            peer.Dispose();
        },
        new ShardIoOptions { MaxConnections = 4, ReceiveBuffers = 4, MaxBacklogBytes = 1_000 });

    private static void SendAndShutDown(Harness h)
    {
        const int Length = 20_000;
        (Socket peer, ConnectionId id) = h.Open();
        peer.Send(Harness.Pattern(Length));
        peer.Shutdown(SocketShutdown.Send);
        List<byte> bytes = [];
        IoEvent next;
        while ((next = h.Next()).Kind != IoEventKind.EndOfInput)
        {
            Assert.Equal((IoEventKind.Received, id), (next.Kind, next.Connection));
            bytes.AddRange(h.Io.Received(next.Buffer, next.Length));
            h.Io.Release(next.Buffer);
        }

        Assert.Equal(id, next.Connection);
        Assert.Equal(Harness.Pattern(Length), bytes);
        h.ExpectNothing();
        peer.Dispose();
    }

    /// <summary>Closes while the bytes wait in the server's kernel for a peer that reads only after that.</summary>
    private static void CloseAfterSubmission(IoBackend backend, Action<Harness> submit) => Harness.Run(backend, h =>
    {
        const int Length = 100_000; // More than the peer's window, less than the socket's send buffer.
        (Socket peer, ConnectionId id) = h.Open(receiveBufferBytes: 4_096);
        peer.Shutdown(SocketShutdown.Send);
        h.Next(IoEventKind.EndOfInput, id);
        using NativeBuffer reply = ConnectionTests.Native(Harness.Pattern(Length));
        h.Io.Send(id, reply.Span);
        submit(h);
        Assert.False(h.Io.IsBlocked(id));
        h.Io.Close(id);
        Assert.Equal(0, h.Next(IoEventKind.Closed, id).Error);
        Assert.Equal(Harness.Pattern(Length), Harness.ReceiveExactly(peer, Length));
        Assert.Equal(0, peer.Receive(new byte[1]));
        peer.Dispose();
    });

    private static void Reset(Socket peer)
    {
        peer.LingerState = new LingerOption(true, 0);
        peer.Dispose();
    }
}
