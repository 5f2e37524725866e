using System.Net.Sockets;

namespace FastCache.Io.Tests.Examples;

/// <summary>What happens when the caller's events, or the kernel's queues, have no room.</summary>
public sealed class FullQueueTests
{
    private const int Connections = 24;
    private const int TooMuch = 8 << 20;
    private const int TinyQueue = 4;

    [Theory, EveryBackend]
    public void Every_blocked_send_is_settled_though_the_completion_queue_overflows(IoBackend backend) => Harness.Run(
        backend,
        h =>
        {
            (Socket Peer, ConnectionId Id)[] all = Open(h);
            using NativeBuffer bytes = new(TooMuch);
            foreach ((_, ConnectionId id) in all)
            {
                h.Io.Send(id, bytes.Span);
            }

            h.Io.Flush();
            Assert.All(all, c => Assert.True(h.Io.IsBlocked(c.Id)));
            Close(all);
        },
        ringEntries: TinyQueue);

    [Theory, EveryBackend]
    public void Every_blocked_send_is_settled_by_a_poll_though_the_completion_queue_overflows(IoBackend backend) => Harness.Run(
        backend,
        h =>
        {
            (Socket Peer, ConnectionId Id)[] all = Open(h);
            using NativeBuffer bytes = new(TooMuch);
            foreach ((_, ConnectionId id) in all)
            {
                h.Io.Send(id, bytes.Span);
            }

            h.Poll();
            Assert.All(all, c => Assert.True(h.Io.IsBlocked(c.Id)));
            Close(all);
        },
        ringEntries: TinyQueue);

    [Theory, EveryBackend]
    public void Every_blocked_send_is_settled_by_a_poll_without_room_for_events(IoBackend backend) => Harness.Run(
        backend,
        h =>
        {
            (Socket Peer, ConnectionId Id)[] all = Open(h);
            using NativeBuffer bytes = new(TooMuch);
            foreach ((Socket peer, _) in all)
            {
                peer.Send("x"u8);
            }

            h.Poll(1_000); // Takes one event; the others are left over and come before what follows.
            foreach ((_, ConnectionId id) in all)
            {
                h.Io.Send(id, bytes.Span);
            }

            h.Poll();
            Assert.All(all, c => Assert.True(h.Io.IsBlocked(c.Id)));
            foreach ((_, ConnectionId id) in all)
            {
                h.Receive(id, 1);
            }

            Close(all);
        },
        eventCapacity: 1, ringEntries: 64);

    [Theory, EveryBackend]
    public void Poll_does_not_wait_while_events_are_left_over(IoBackend backend) => Harness.Run(
        backend,
        h =>
        {
            (Socket Peer, ConnectionId Id)[] all = Open(h);
            foreach ((Socket peer, _) in all)
            {
                peer.Send("x"u8);
            }

            long start = Environment.TickCount64;
            for (int i = 0; i < Connections; i++)
            {
                Assert.Equal(1, h.Poll(2_000));
            }

            Assert.InRange(Environment.TickCount64 - start, 0, 1_500);
            Assert.Equal(Connections, h.Pending.Select(e => e.Connection).Distinct().Count());
            Close(all);
        },
        eventCapacity: 1);

    [Theory, EveryBackend]
    public void Poll_does_not_wait_while_an_end_is_to_be_reported(IoBackend backend) => Harness.Run(
        backend,
        h =>
        {
            (Socket peer, ConnectionId id) = h.Open();
            peer.Shutdown(SocketShutdown.Send);
            h.Next(IoEventKind.EndOfInput, id);
            h.Io.Close(id); // Nothing is in flight, so no completion will end the wait.
            long start = Environment.TickCount64;
            Assert.Equal(1, h.Poll(2_000));
            Assert.Equal(id, h.Next(IoEventKind.Closed).Connection);
            Assert.InRange(Environment.TickCount64 - start, 0, 1_500);
            peer.Dispose();
        });

    [Theory, EveryBackend]
    public void Bytes_of_many_connections_survive_a_tiny_completion_queue(IoBackend backend) => Harness.Run(
        backend,
        h =>
        {
            (Socket Peer, ConnectionId Id)[] all = Open(h);
            for (int round = 0; round < 20; round++)
            {
                foreach ((Socket peer, _) in all)
                {
                    peer.Send(Harness.Pattern(100, round));
                }

                foreach ((_, ConnectionId id) in all)
                {
                    Assert.Equal(Harness.Pattern(100, round), h.Receive(id, 100));
                }
            }

            Close(all);
        },
        ringEntries: TinyQueue);

    [UringFact] // Of the others nothing is on its way when a pause begins.
    public void Pause_holds_although_an_earlier_cancellation_missed() => Harness.Run(
        IoBackend.Uring,
        h =>
        {
            (Socket peer, ConnectionId id) = h.Open();
            h.Poll();
            peer.Send(new byte[3 * 1_024]); // Two buffers and a rest: the receive ends for want of buffers.
            Socket other = h.Connect();
            h.Receive(id, 1_024);
            h.Io.PauseReceiving(id); // Its cancellation will find nothing.
            h.Io.ResumeReceiving(id);
            h.Receive(id, 1_024);
            h.Next(IoEventKind.Accepted);
            h.Io.PauseReceiving(id);
            h.Io.ResumeReceiving(id); // Arms anew while the cancellation's completion is left over.
            h.Io.PauseReceiving(id);
            h.Receive(id, 1_024); // Was on its way.
            h.ExpectNothing();
            peer.Send("held"u8);
            h.ExpectNothing();
            h.Io.ResumeReceiving(id);
            h.Receive(id, 4);
            peer.Dispose();
            other.Dispose();
        },
        new ShardIoOptions { MaxConnections = 4, ReceiveBuffers = 2, ReceiveBufferBytes = 1_024 }, eventCapacity: 1);

    private static (Socket Peer, ConnectionId Id)[] Open(Harness h)
    {
        (Socket, ConnectionId)[] all = [.. Enumerable.Range(0, Connections).Select(_ => h.Open())];
        h.Poll();
        return all;
    }

    private static void Close((Socket Peer, ConnectionId Id)[] all)
    {
        foreach ((Socket peer, _) in all)
        {
            peer.Dispose();
        }
    }
}
