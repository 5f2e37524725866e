using System.Net.Sockets;
using FastCache.Io.Linux;

namespace FastCache.Io.Tests.Examples;

public sealed class BackpressureTests
{
    private const int TooMuch = 16 << 20; // More than loopback's socket buffers hold.

    [Theory, EveryBackend]
    public void Slow_peer_blocks_the_connection_until_it_has_read_everything(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        using NativeBuffer bytes = ConnectionTests.Native(Harness.Pattern(TooMuch));
        h.Io.Send(id, bytes.Span);
        h.Io.Flush();
        bytes.Span.Clear(); // What the peer did not take was copied.
        Assert.True(h.Io.IsBlocked(id));
        h.ExpectNothing();
        Assert.Equal(Harness.Pattern(TooMuch), ConnectionTests.ReadWhilePolling(h, peer, TooMuch));
        h.Next(IoEventKind.Drained, id);
        Assert.False(h.Io.IsBlocked(id));
        peer.Dispose();
    });

    [Theory, EveryBackend]
    public void Send_to_a_full_socket_takes_nothing_and_loses_nothing(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open(receiveBufferBytes: 4_096);
        using NativeBuffer bytes = ConnectionTests.Native(Harness.Pattern(1 << 16));
        int sent = 0;
        while (!h.Io.IsBlocked(id))
        {
            h.Io.Send(id, bytes.Span);
            h.Io.Flush();
            sent += bytes.Length;
        }

        byte[] read = ConnectionTests.ReadWhilePolling(h, peer, sent);
        for (int i = 0; i < sent; i += bytes.Length)
        {
            Assert.True(read.AsSpan(i, bytes.Length).SequenceEqual(bytes.Span));
        }

        h.Next(IoEventKind.Drained, id);
        peer.Dispose();
    });

    [Theory, EveryBackend]
    public void Connection_that_would_exceed_the_backlog_limit_is_closed(IoBackend backend) => Harness.Run(
        backend,
        h =>
        {
            (Socket first, ConnectionId closed) = h.Open();
            (Socket second, ConnectionId other) = h.Open();
            using NativeBuffer bytes = new(TooMuch);
            h.Io.Send(closed, bytes.Span);
            h.Io.Flush();
            Assert.Equal(Errno.NoBuffers, h.Next(IoEventKind.Closed).Error);
            second.Send("x"u8);
            h.Receive(other, 1);
            first.Dispose();
            second.Dispose();
        },
        new ShardIoOptions { MaxConnections = 4, ReceiveBuffers = 4, MaxBacklogBytes = 1_000 });

    [Theory, EveryBackend]
    public void Backlog_is_free_again_once_the_peer_has_read(IoBackend backend) => Harness.Run(
        backend,
        h =>
        {
            (Socket peer, ConnectionId id) = h.Open();
            using NativeBuffer bytes = new(TooMuch);
            for (int i = 0; i < 3; i++)
            {
                h.Io.Send(id, bytes.Span);
                h.Io.Flush();
                Assert.True(h.Io.IsBlocked(id));
                ConnectionTests.ReadWhilePolling(h, peer, TooMuch);
                h.Next(IoEventKind.Drained, id);
            }

            peer.Dispose();
        },
        new ShardIoOptions { MaxConnections = 4, ReceiveBuffers = 4, MaxBacklogBytes = TooMuch });

    [Theory, EveryBackend]
    public void Close_while_blocked_ends_the_connection(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        using NativeBuffer bytes = new(TooMuch);
        h.Io.Send(id, bytes.Span);
        h.Poll();
        Assert.True(h.Io.IsBlocked(id));
        h.Io.Close(id);
        Assert.Equal(0, h.Next(IoEventKind.Closed, id).Error);
        Assert.Empty(h.Pending);
        peer.Dispose();
    });

    [Theory, EveryBackend]
    public void Peer_that_vanishes_while_blocked_is_reported(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        using NativeBuffer bytes = new(TooMuch);
        h.Io.Send(id, bytes.Span);
        h.Poll();
        peer.LingerState = new LingerOption(true, 0);
        peer.Dispose();
        Assert.NotEqual(0, h.Next(IoEventKind.Closed, id).Error);
    });

    [Theory, EveryBackend]
    public void Paused_connection_reports_nothing_until_resumed(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        h.Poll();
        h.Io.PauseReceiving(id);
        h.Poll();
        h.Poll(5);
        peer.Send("later"u8);
        h.ExpectNothing();
        h.Io.ResumeReceiving(id);
        Assert.Equal("later"u8.ToArray(), h.Receive(id, 5));
        peer.Dispose();
    });

    [Theory, EveryBackend]
    public void Pause_and_resume_in_any_rhythm_end_in_the_last_state(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        for (int rhythm = 0; rhythm < 1 << 9; rhythm++)
        {
            // Bits: whether a pass lies between two calls, and whether bytes come in between.
            for (int step = 0; step < 4; step++)
            {
                Call(step % 2 == 0);
                if ((rhythm >> step & 1) != 0)
                {
                    h.Poll();
                }
            }

            peer.Send("a"u8);
            for (int step = 4; step < 8; step++)
            {
                Call(step % 2 == 0);
                if ((rhythm >> step & 1) != 0)
                {
                    h.Poll();
                }
            }

            h.Receive(id, 1);
            if ((rhythm >> 8) != 0)
            {
                h.Io.PauseReceiving(id);
                h.Poll();
                h.Poll(1);
                peer.Send("b"u8);
                h.Poll(1);
                h.Poll();
                Assert.Empty(h.Pending);
                h.Io.ResumeReceiving(id);
                h.Receive(id, 1);
            }
        }

        peer.Dispose();

        void Call(bool pause)
        {
            if (pause)
            {
                h.Io.PauseReceiving(id);
            }
            else
            {
                h.Io.ResumeReceiving(id);
            }
        }
    });

    [Theory, EveryBackend]
    public void Paused_connection_can_be_closed(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        h.Io.PauseReceiving(id);
        h.Io.Close(id);
        h.Next(IoEventKind.Closed, id);
        (Socket other, ConnectionId second) = h.Open();
        h.Io.PauseReceiving(second);
        h.Poll();
        h.Poll(5);
        h.Io.Close(second);
        h.Next(IoEventKind.Closed, second);
        h.ExpectNothing();
        peer.Dispose();
        other.Dispose();
    });

    [Theory, EveryBackend]
    public void Exhausted_buffers_delay_bytes_and_lose_none(IoBackend backend) => Harness.Run(
        backend,
        h =>
        {
            const int Length = 200_000;
            const int Connections = 5;
            (Socket Peer, ConnectionId Id)[] all = [.. Enumerable.Range(0, Connections).Select(_ => h.Open())];
            for (int i = 0; i < Connections; i++)
            {
                all[i].Peer.Send(Harness.Pattern(Length, i));
            }

            // Nothing is released: two buffers come, and no more.
            IoEvent first = h.Next(IoEventKind.Received);
            IoEvent second = h.Next(IoEventKind.Received);
            h.ExpectNothing();
            List<byte>[] read = [.. all.Select(_ => new List<byte>())];
            Take(first);
            Take(second);
            while (read.Any(r => r.Count < Length))
            {
                Take(h.Next(IoEventKind.Received));
            }

            for (int i = 0; i < Connections; i++)
            {
                Assert.Equal(Harness.Pattern(Length, i), read[i]);
                all[i].Peer.Dispose();
            }

            void Take(IoEvent received)
            {
                int index = Array.FindIndex(all, c => c.Id == received.Connection);
                read[index].AddRange(h.Io.Received(received.Buffer, received.Length));
                h.Io.Release(received.Buffer);
            }
        },
        new ShardIoOptions { MaxConnections = 8, ReceiveBuffers = 2, ReceiveBufferBytes = 1_024 });

    [Theory, EveryBackend]
    public void Received_bytes_stay_readable_after_the_connection_closed(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        peer.Send("last words"u8);
        peer.Dispose();
        IoEvent received = h.Next(IoEventKind.Received, id);
        h.CloseAfterInput(id);
        (Socket other, ConnectionId next) = h.Open();
        other.Send("new words"u8);
        h.Receive(next, 9);
        Assert.Equal("last words"u8.ToArray(), h.Io.Received(received.Buffer, received.Length).ToArray());
        h.Io.Release(received.Buffer);
        other.Dispose();
    });
}
