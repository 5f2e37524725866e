using System.Net;

namespace FastCache.Node.Tests.Fakes;

/// <summary>Options of a loop over a fake backend.</summary>
internal static class FakeNode
{
    /// <summary>A node that never loses patience with a peer, stops at once, and polls as often in every run of a seed.</summary>
    /// <param name="maxConnections">Most connections at once.</param>
    /// <param name="connectionMemoryBytes">For input and replies that wait.</param>
    public static NodeOptions Options(int maxConnections, long connectionMemoryBytes) => new()
    {
        MemoryBytes = 0, // The shard is made apart.
        Listen = new IPEndPoint(IPAddress.Loopback, 0),
        MaxConnections = maxConnections,
        ConnectionMemoryBytes = connectionMemoryBytes,
        WriteTimeout = TimeSpan.FromHours(1),
        FrameTimeout = TimeSpan.FromHours(1),
        StreamTimeout = TimeSpan.FromHours(1),
        HandshakeTimeout = TimeSpan.FromHours(1),
        ShutdownTimeout = TimeSpan.Zero,
        PressurePatience = TimeSpan.Zero,
        Spin = false,
        StopWithInput = false,
        Prefault = false,
        CompressFromBytes = 0,
    };
}
