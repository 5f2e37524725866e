using System.Net;
using System.Net.Sockets;

namespace FastCache.Io.Tests.Examples;

public sealed class ConnectionTests
{
    [Theory, EveryBackend]
    public void Reports_received_bytes_and_sends_a_reply(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        using NativeBuffer reply = new(64);
        peer.Send("ping"u8);
        Assert.Equal("ping"u8.ToArray(), h.Receive(id, 4));
        "pong"u8.CopyTo(reply.Span);
        h.Io.Send(id, reply.Span[..4]);
        h.Poll();
        Assert.False(h.Io.IsBlocked(id));
        Assert.Equal("pong"u8.ToArray(), Harness.ReceiveExactly(peer, 4));
        peer.Dispose();
    });

    [Theory, EveryBackend]
    public void Flush_sends_without_reporting(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        using NativeBuffer reply = new(64);
        peer.Send("x"u8);
        h.Io.Send(id, reply.Span);
        h.Io.Flush();
        reply.Span.Fill(0xFF); // Free to be changed from here on.
        Assert.Equal(new byte[64], Harness.ReceiveExactly(peer, 64));
        Assert.Single(h.Receive(id, 1));
        peer.Dispose();
    });

    [Theory, EveryBackend]
    public void Reports_the_errno_when_peer_resets(IoBackend backend) => Harness.Run(backend, h =>
    {
        const int ConnectionReset = 104;
        (Socket peer, ConnectionId id) = h.Open();
        peer.LingerState = new LingerOption(true, 0);
        peer.Dispose();
        Assert.Equal(ConnectionReset, h.Next(IoEventKind.Closed, id).Error);
    });

    [Theory, EveryBackend]
    public void Shutdown_of_sending_lets_peer_read_the_last_bytes(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        using NativeBuffer reply = new(64);
        h.Io.Send(id, reply.Span);
        h.Io.Flush();
        h.Io.ShutdownSend(id);
        Assert.Equal(new byte[64], Harness.ReceiveExactly(peer, 64));
        Assert.Equal(0, peer.Receive(new byte[1]));
        peer.Send("late"u8);
        h.Receive(id, 4);
        peer.Dispose();
        Assert.Equal(0, h.CloseAfterInput(id).Error);
    });

    [Theory, EveryBackend]
    public void Close_ends_the_connection_and_reports_it_once(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        h.Io.Close(id);
        h.Io.Close(id);
        Assert.Equal(0, h.Next(IoEventKind.Closed, id).Error);
        Assert.Equal(0, peer.Receive(new byte[1]));
        h.Io.Close(id);
        h.ExpectNothing();
        peer.Dispose();
    });

    [Theory, EveryBackend]
    public void Close_drops_what_is_queued(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        using NativeBuffer reply = new(64);
        h.Io.Send(id, reply.Span);
        h.Io.Close(id);
        h.Next(IoEventKind.Closed, id);
        Assert.Equal(0, peer.Receive(new byte[1]));
        peer.Dispose();
    });

    [Theory, EveryBackend]
    public void Slot_is_used_again_under_a_new_generation(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket first, ConnectionId old) = h.Open();
        first.Dispose();
        h.CloseAfterInput(old);
        (Socket second, ConnectionId young) = h.Open();
        Assert.Equal(old.Slot, young.Slot);
        Assert.Equal(old.Generation + 1, young.Generation);

        // The old id reaches nothing any more.
        using NativeBuffer reply = new(64);
        h.Io.Send(old, reply.Span);
        h.Io.PauseReceiving(old);
        h.Io.Close(old);
        Assert.False(h.Io.IsBlocked(old));
        second.Send("x"u8);
        h.Receive(young, 1);
        Assert.Equal(0, second.Available);
        second.Dispose();
    });

    [Theory, EveryBackend]
    public void Closes_and_counts_connections_above_the_limit(IoBackend backend) => Harness.Run(
        backend,
        h =>
        {
            (Socket first, ConnectionId id) = h.Open();
            Socket[] others = [.. Enumerable.Range(0, 5).Select(_ => h.Connect())];
            for (int i = 0; i < 100 && h.Io.Counters.RejectedConnections < others.Length; i++)
            {
                h.ExpectNothing(); // On a loaded machine the kernel hands them over later.
            }

            Assert.Equal(others.Length, h.Io.Counters.RejectedConnections);
            foreach (Socket other in others)
            {
                Assert.Equal(0, other.Receive(new byte[1]));
                other.Dispose();
            }

            first.Dispose();
            h.CloseAfterInput(id);
            (Socket next, _) = h.Open();
            next.Dispose();
        },
        new ShardIoOptions { MaxConnections = 1, ReceiveBuffers = 4 });

    [Theory, EveryBackend]
    public void Serves_a_socket_that_was_accepted_elsewhere(IoBackend backend) => Harness.Run(backend, h =>
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using Socket peer = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        peer.Connect(listener.LocalEndPoint!);
        Socket accepted = listener.Accept();
        accepted.Blocking = false;
        ConnectionId id = h.Io.Adopt((int)accepted.Handle);
        accepted.SafeHandle.SetHandleAsInvalid();
        h.Poll();
        peer.Send("hello"u8);
        Assert.Equal("hello"u8.ToArray(), h.Receive(id, 5));
        using NativeBuffer reply = new(8 << 20);
        h.Io.Send(id, reply.Span);
        h.Io.Flush();
        Assert.True(h.Io.IsBlocked(id));
        ReadWhilePolling(h, peer, reply.Length);
        h.Next(IoEventKind.Drained, id);
    });

    [Theory, EveryBackend]
    public void Adopt_refuses_when_all_slots_are_in_use(IoBackend backend) => Harness.Run(
        backend,
        h =>
        {
            (Socket peer, _) = h.Open();
            Assert.Throws<InvalidOperationException>(() => h.Io.Adopt(1_000_000));
            peer.Dispose();
        },
        new ShardIoOptions { MaxConnections = 1, ReceiveBuffers = 4 });

    [Theory, EveryBackend]
    public void Stops_listening_and_keeps_open_connections(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        h.Io.StopListening();
        Assert.Throws<SocketException>(() => h.Connect());
        peer.Send("x"u8);
        h.Receive(id, 1);
        IPEndPoint again = h.Io.Listen(h.EndPoint);
        Assert.Equal(h.EndPoint.Port, again.Port);
        (Socket next, _) = h.Open();
        next.Dispose();
        peer.Dispose();
    });

    [Theory, EveryBackend]
    public void Refuses_an_address_that_is_taken(IoBackend backend) => Harness.Run(backend, h =>
    {
        using Socket other = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        other.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        other.Listen();
        h.Io.StopListening();
        Assert.Throws<SocketException>(() => h.Io.Listen((IPEndPoint)other.LocalEndPoint!));
    });

    [Theory, EveryBackend]
    public void Poll_returns_nothing_when_its_time_is_over(IoBackend backend) => Harness.Run(backend, h =>
    {
        h.Poll();
        long start = Environment.TickCount64;
        Assert.Equal(0, h.Poll(50));
        Assert.InRange(Environment.TickCount64 - start, 40, 2_000);
    });

    [Theory, EveryBackend]
    public void Wake_from_another_thread_ends_the_wait(IoBackend backend) => Harness.Run(backend, h =>
    {
        for (int i = 0; i < 20; i++)
        {
            Thread waker = new(() =>
            {
                Thread.Sleep(2);
                h.Io.Wake();
            });
            waker.Start();
            Assert.Equal(IoEventKind.Woken, h.Next(IoEventKind.Woken).Kind);
            waker.Join();
        }

        h.Io.Wake();
        h.Io.Wake();
        h.Next(IoEventKind.Woken);
        h.ExpectNothing(); // Wakes before a report are one.
    });

    [Theory, EveryBackend]
    public void Wake_is_harmless_after_disposal(IoBackend backend) => Harness.OnThread(() =>
    {
        Assert.True(ShardIo.TryCreate(backend, new ShardIoOptions { ReceiveBuffers = 2 }, out IShardIo? io, out string reason), reason);
        io.Dispose();
        io.Dispose();
        io.Wake();
    });

    [Theory, EveryBackend]
    public void Disposal_ends_all_connections(IoBackend backend) => Harness.OnThread(() =>
    {
        Socket? peer = null;
        Harness.Run(backend, h => peer = h.Open().Peer);
        Assert.Equal(0, peer!.Receive(new byte[1]));
        peer.Dispose();
    });

    [Theory, EveryBackend]
    public void Accepted_sockets_do_not_delay_small_sends(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        int descriptor = ((FastCache.Io.Connections.ShardIoBase)h.Io).DescriptorOf(id);
        using SafeSocketHandle handle = new(descriptor, ownsHandle: false);
        using Socket view = new(handle);
        Assert.True(view.NoDelay);
        peer.Dispose();
    });

    internal static NativeBuffer Native(byte[] bytes)
    {
        NativeBuffer buffer = new(bytes.Length);
        bytes.CopyTo(buffer.Span);
        return buffer;
    }

    internal static byte[] ReadWhilePolling(Harness h, Socket peer, int length, Action? inPass = null)
    {
        byte[] bytes = new byte[length];
        int done = 0;
        while (done < length)
        {
            if (peer.Poll(1_000, SelectMode.SelectRead))
            {
                int taken = peer.Receive(bytes, done, length - done, SocketFlags.None);
                Assert.True(taken > 0, $"the connection ended after {done} of {length} bytes");
                done += taken;
            }

            h.Poll();
            inPass?.Invoke();
        }

        return bytes;
    }
}
