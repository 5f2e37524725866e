using System.Collections.Concurrent;
using System.Net.Sockets;

namespace FastCache.Io.Tests.Examples;

/// <summary>A connection that one backend gives up and another takes over.</summary>
public sealed class DetachTests
{
    [Theory, EveryBackend]
    public void Detached_descriptor_serves_on_in_the_same_backend(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        h.Poll();
        h.Io.Detach(id);
        h.Io.Detach(id);
        IoEvent detached = h.Next(IoEventKind.Detached, id);
        peer.Send("later"u8);
        h.ExpectNothing();
        ConnectionId again = h.Io.Adopt(detached.Descriptor);
        Assert.Equal(id.Slot, again.Slot);
        Assert.NotEqual(id, again);
        Assert.Equal("later"u8.ToArray(), h.Receive(again, 5));
        using NativeBuffer reply = new(64);
        h.Io.Send(again, reply.Span);
        h.Io.Flush();
        Assert.Equal(new byte[64], Harness.ReceiveExactly(peer, 64));
        peer.Dispose();
        h.CloseAfterInput(again);
    });

    [Theory, EveryBackend]
    public void Bytes_that_wait_are_received_by_one_of_the_two(IoBackend backend) => Harness.Run(
        backend,
        h =>
        {
            const int Length = 10_000; // More than all buffers hold, so some stay in the kernel.
            (Socket peer, ConnectionId id) = h.Open();
            peer.Send(Harness.Pattern(Length));
            h.Poll(5);
            h.Io.Detach(id);
            List<byte> bytes = [];
            IoEvent next;
            while ((next = h.Next()).Kind != IoEventKind.Detached)
            {
                Take(next);
            }

            h.Io.Adopt(next.Descriptor);
            while (bytes.Count < Length)
            {
                Take(h.Next(IoEventKind.Received));
            }

            Assert.Equal(Harness.Pattern(Length), bytes);
            peer.Dispose();

            void Take(IoEvent received)
            {
                bytes.AddRange(h.Io.Received(received.Buffer, received.Length));
                h.Io.Release(received.Buffer);
            }
        },
        new ShardIoOptions { MaxConnections = 4, ReceiveBuffers = 2, ReceiveBufferBytes = 1_024 });

    [Theory, EveryBackend]
    public void End_of_input_comes_again_after_the_hand_over(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        peer.Shutdown(SocketShutdown.Send);
        h.Next(IoEventKind.EndOfInput, id);
        h.Io.Detach(id);
        ConnectionId again = h.Io.Adopt(h.Next(IoEventKind.Detached, id).Descriptor);
        Assert.Equal(0, h.CloseAfterInput(again).Error);
        Assert.Equal(0, peer.Receive(new byte[1]));
        peer.Dispose();
    });

    [Theory, EveryBackend]
    public void End_of_input_during_the_hand_over_is_not_lost(IoBackend backend) => Harness.Run(backend, h =>
    {
        // Bits: whether a pass lies before the shutdown, and after it.
        for (int rhythm = 0; rhythm < 1 << 2; rhythm++)
        {
            (Socket peer, ConnectionId id) = h.Open();
            PassIf(rhythm & 1);
            peer.Shutdown(SocketShutdown.Send);
            h.Io.Detach(id);
            PassIf(rhythm & 2);
            ConnectionId again = h.Io.Adopt(h.Next(IoEventKind.Detached, id).Descriptor);
            h.CloseAfterInput(again);
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
    public void Paused_and_starved_connections_can_be_detached(IoBackend backend) => Harness.Run(
        backend,
        h =>
        {
            (Socket peer, ConnectionId id) = h.Open();
            peer.Send(new byte[4 * 1_024]);
            IoEvent[] held = [h.Next(IoEventKind.Received, id), h.Next(IoEventKind.Received, id)];
            h.Poll(5); // No buffer is left.
            h.Io.Detach(id);
            id = h.Io.Adopt(h.Next(IoEventKind.Detached, id).Descriptor);
            h.Io.PauseReceiving(id);
            h.Poll(5);
            h.Io.Detach(id);
            id = h.Io.Adopt(h.Next(IoEventKind.Detached, id).Descriptor);
            h.Io.Release(held[0].Buffer);
            h.Io.Release(held[1].Buffer);
            h.Receive(id, 2 * 1_024);
            h.ExpectNothing();
            peer.Dispose();
        },
        new ShardIoOptions { MaxConnections = 4, ReceiveBuffers = 2, ReceiveBufferBytes = 1_024 });

    [Theory, EveryBackend]
    public void Close_during_the_hand_over_ends_the_connection_in_one_way(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        h.Poll();
        h.Io.Detach(id);
        h.Io.Close(id);
        IoEvent end = h.Next();
        if (end.Kind == IoEventKind.Detached)
        {
            ShardIo.CloseDetached(end.Descriptor);
        }

        Assert.Equal(id, end.Connection);
        Assert.Equal(0, peer.Receive(new byte[1]));
        h.ExpectNothing();
        peer.Dispose();
    });

    [Theory, EveryBackend]
    public void Peer_that_resets_before_the_hand_over_is_reported_by_one_of_the_two(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        h.Poll();
        peer.LingerState = new LingerOption(true, 0);
        peer.Dispose();
        h.Io.Detach(id);
        IoEvent end = h.Next();
        if (end.Kind == IoEventKind.Detached)
        {
            h.Io.Adopt(end.Descriptor);
            end = h.Next();
        }

        Assert.Equal(IoEventKind.Closed, end.Kind);
        Assert.NotEqual(0, end.Error);
    });

    [Theory, EveryBackend]
    public void Detached_descriptor_that_nobody_adopts_can_be_closed(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        h.Io.Detach(id);
        ShardIo.CloseDetached(h.Next(IoEventKind.Detached, id).Descriptor);
        Assert.Equal(0, peer.Receive(new byte[1]));
        peer.Dispose();
    });

    [Theory, EveryBackend]
    public void No_byte_is_lost_while_a_connection_goes_back_and_forth_between_threads(IoBackend backend)
    {
        const int Length = 24 << 20;
        using Relay first = new(backend, Length);
        using Relay second = new(backend, Length);
        first.Other = second;
        second.Other = first;
        first.Start();
        second.Start();
        using Socket peer = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        peer.Connect(first.EndPoint);
        peer.Send(Harness.Pattern(Length));
        peer.Shutdown(SocketShutdown.Send);
        first.Join();
        second.Join();
        Assert.True(first.HandOvers + second.HandOvers >= 20, $"only {first.HandOvers} and {second.HandOvers} hand-overs");
    }

    /// <summary>A thread with a backend that gives its connection to the other one again and again, and checks the bytes between.</summary>
    private sealed class Relay(IoBackend backend, long length) : IDisposable
    {
        private const int BytesUntilHandOver = 100_000;
        private const int LimitMillis = 20_000;
        private readonly ConcurrentQueue<(nint Descriptor, long Received)> _inbox = new();
        private readonly ManualResetEventSlim _started = new();
        private Thread? _thread;
        private IShardIo? _io;
        private volatile bool _isOver;
        private Exception? _failure;

        public Relay? Other { get; set; }

        public int HandOvers { get; private set; }

        public System.Net.IPEndPoint EndPoint { get; private set; } = new(System.Net.IPAddress.Loopback, 0);

        public void Start()
        {
            _thread = new(() =>
            {
                try
                {
                    Run();
                }
#pragma warning disable CA1031 // Whatever it is, it fails the test in Join.
                catch (Exception e)
#pragma warning restore CA1031
                {
                    _failure = e;
                    _isOver = Other!._isOver = true;
                    _started.Set();
                }
            });
            _thread.Start();
            _started.Wait();
        }

        public void Join()
        {
            _thread!.Join();
            Assert.Null(_failure);
        }

        public void Dispose() => _started.Dispose();

        private void Run()
        {
            Assert.True(ShardIo.TryCreate(
                backend, new ShardIoOptions { MaxConnections = 2, ReceiveBuffers = 16 }, out _io, out string reason), reason);
            using IShardIo io = _io;
            EndPoint = io.Listen(EndPoint);
            _started.Set();
            IoEvent[] events = new IoEvent[8];
            long received = 0;
            long receivedHere = 0;
            long limit = Environment.TickCount64 + LimitMillis;
            while (!_isOver)
            {
                Assert.True(Environment.TickCount64 < limit, $"only {received} bytes came");
                int count = io.Poll(events, 100);
                foreach (IoEvent e in events.AsSpan(0, count))
                {
                    switch (e.Kind)
                    {
                        case IoEventKind.Received:
                            foreach (byte value in io.Received(e.Buffer, e.Length))
                            {
                                Assert.True(value == Harness.PatternAt(0, received), $"byte {received} is wrong");
                                received++;
                            }

                            io.Release(e.Buffer);
                            receivedHere += e.Length;
                            if (receivedHere >= BytesUntilHandOver)
                            {
                                io.Detach(e.Connection);
                            }

                            break;
                        case IoEventKind.Detached:
                            HandOvers++;
                            Other!._inbox.Enqueue((e.Descriptor, received));
                            Other._io!.Wake();
                            break;
                        case IoEventKind.EndOfInput:
                            Assert.Equal(length, received);
                            _isOver = Other!._isOver = true;
                            Other._io!.Wake();
                            break;
                        case IoEventKind.Closed:
                            Assert.Fail($"closed after {received} bytes, errno {e.Error}");
                            break;
                    }
                }

                if (_inbox.TryDequeue(out (nint Descriptor, long Received) taken))
                {
                    received = taken.Received;
                    receivedHere = 0;
                    io.Adopt(taken.Descriptor);
                }
            }
        }
    }
}
