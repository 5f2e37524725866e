using System.Net;
using System.Net.Sockets;

namespace FastCache.Io.Tests.Examples;

public sealed class ListenerTests
{
    private static readonly IPEndPoint AnyPort = new(IPAddress.Loopback, 0);

    [Theory, EveryBackend]
    public void Says_which_listener_a_peer_connected_to(IoBackend backend) => Harness.Run(backend, h =>
    {
        List<IPEndPoint> bound = [h.EndPoint];
        while (bound.Count < IShardIo.MaxListeners)
        {
            bound.Add(h.Io.Listen(AnyPort));
        }

        foreach (int listener in (int[])[3, 0, IShardIo.MaxListeners - 1, 0, 1])
        {
            using Socket peer = Connect(bound[listener]);
            IoEvent accepted = h.Next(IoEventKind.Accepted);
            Assert.Equal(listener, accepted.Listener);
            peer.Send([(byte)listener]);
            IoEvent received = h.Next(IoEventKind.Received, accepted.Connection);
            Assert.Equal(-1, received.Listener);
            Assert.Equal([(byte)listener], h.Io.Received(received.Buffer, received.Length).ToArray());
            h.Io.Release(received.Buffer);
        }
    });

    [Theory, EveryBackend]
    public void Refuses_one_listener_too_many_and_serves_on(IoBackend backend) => Harness.Run(backend, h =>
    {
        for (int i = 1; i < IShardIo.MaxListeners; i++)
        {
            h.Io.Listen(AnyPort);
        }

        InvalidOperationException refusal = Assert.Throws<InvalidOperationException>(() => h.Io.Listen(AnyPort));
        Assert.Contains($"{IShardIo.MaxListeners} addresses", refusal.Message, StringComparison.Ordinal);
        h.Open().Peer.Dispose();
    });

    [Theory, EveryBackend]
    public void Refused_address_takes_no_number(IoBackend backend) => Harness.Run(backend, h =>
    {
        Assert.Throws<SocketException>(() => h.Io.Listen(h.EndPoint));
        using Socket peer = Connect(h.Io.Listen(AnyPort));
        Assert.Equal(1, h.Next(IoEventKind.Accepted).Listener);
    });

    [Theory, EveryBackend]
    public void Stops_all_listeners_and_numbers_new_ones_from_zero(IoBackend backend) => Harness.Run(backend, h =>
    {
        IPEndPoint second = h.Io.Listen(AnyPort);
        h.Io.StopListening();
        h.Poll();
        Assert.Throws<SocketException>(() => Connect(h.EndPoint));
        Assert.Throws<SocketException>(() => Connect(second));
        Assert.Equal(second, h.Io.Listen(second));
        using Socket peer = Connect(second);
        Assert.Equal(0, h.Next(IoEventKind.Accepted).Listener);
    });

    [Theory, EveryBackend]
    public void Crowd_at_one_listener_leaves_room_for_another(IoBackend backend) => Harness.Run(
        backend,
        h =>
        {
            IPEndPoint quiet = h.Io.Listen(AnyPort);
            List<Socket> crowd = [.. Enumerable.Range(0, 40).Select(_ => h.Connect())];
            using Socket single = Connect(quiet);
            List<int> order = [];
            while (!order.Contains(1))
            {
                order.Add(h.Next(IoEventKind.Accepted).Listener);
            }

            // io_uring accepts all that are there in one pass, in the order of the listeners.
            Assert.InRange(order.Count, 1, backend == IoBackend.Uring ? 41 : 6);
            crowd.ForEach(peer => peer.Dispose());
        },
        eventCapacity: 2);

    private static Socket Connect(IPEndPoint endPoint)
    {
        Socket peer = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            peer.Connect(endPoint);
            return peer;
        }
        catch
        {
            peer.Dispose();
            throw;
        }
    }
}
