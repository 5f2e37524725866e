using System.Net;
using System.Net.Sockets;

namespace FastCache.Io.Tests.Examples;

/// <summary>What a backend tells of itself and its connections.</summary>
public sealed class SeamTests
{
    [Theory, EveryBackend]
    public void Names_the_peer_of_a_connection(IoBackend backend) => Harness.Run(backend, h =>
    {
        (Socket peer, ConnectionId id) = h.Open();
        IPEndPoint expected = (IPEndPoint)peer.LocalEndPoint!;
        PeerAddress found = h.Io.PeerOf(id);
        Assert.Equal(expected.ToString(), found.ToString());
        Assert.Equal(PeerAddress.OfIPv4(0x7F00_0001, (ushort)expected.Port), found);
        peer.Dispose();
        h.CloseAfterInput(id);
        Assert.Equal(default, h.Io.PeerOf(id));
    });

    [Theory, EveryBackend]
    public void Tells_how_much_waits_for_peers(IoBackend backend) => Harness.Run(backend, h =>
    {
        const int Length = 16 << 20; // More than loopback's socket buffers hold.
        (Socket peer, ConnectionId id) = h.Open();
        using NativeBuffer bytes = new(Length);
        h.Io.Send(id, bytes.Span);
        h.Io.Flush();
        Assert.InRange(h.Io.BacklogOf(id), 1, Length);
        Assert.Equal(h.Io.BacklogOf(id), h.Io.BacklogBytes);
        ConnectionTests.ReadWhilePolling(h, peer, Length);
        h.Next(IoEventKind.Drained, id);
        Assert.Equal(0, h.Io.BacklogOf(id));
        Assert.Equal(0, h.Io.BacklogBytes);
        peer.Dispose();
    });

    [Theory, EveryBackend]
    public void Counts_passes_system_calls_and_starvation(IoBackend backend) => Harness.Run(
        backend,
        h =>
        {
            (Socket peer, ConnectionId id) = h.Open();
            peer.Send(new byte[3 * 1_024]);
            h.Next(IoEventKind.Received, id);
            h.Next(IoEventKind.Received, id);
            h.Poll(5);
            IoCounters counters = h.Io.Counters;
            Assert.Equal(1, counters.ReceiveStarvations);
            Assert.InRange(counters.Passes, 3, long.MaxValue);
            Assert.InRange(counters.SystemCalls, 1, long.MaxValue);
            peer.Dispose();
        },
        new ShardIoOptions { MaxConnections = 4, ReceiveBuffers = 2, ReceiveBufferBytes = 1_024 });

    [Fact]
    public void Peer_address_reads_like_any_other()
    {
        Assert.Equal("10.0.0.7:65535", PeerAddress.OfIPv4(0x0A00_0007, 65_535).ToString());
        Assert.Equal("[::1]:4711", new PeerAddress(1, 4_711).ToString());
        Assert.Equal("unknown", default(PeerAddress).ToString());
    }
}
