using FastCache.Io;
using FastCache.Node.Doors;
using FastCache.Node.Limits;
using FastCache.Node.Sessions;
using FastCache.Node.Shards;
using FastCache.Protocol;

namespace FastCache.Node.Tests.Examples;

public sealed class LimitTests
{
    private static readonly PeerAddress Here = PeerAddress.OfIPv4(0x7F000001, 1);
    private static readonly PeerAddress HereToo = PeerAddress.OfIPv4(0x7F000001, 2);
    private static readonly PeerAddress There = PeerAddress.OfIPv4(0x7F000002, 1);

    [Fact]
    public void Address_that_has_its_share_is_refused_and_others_are_not()
    {
        Admission admission = new(3, 1);
        Assert.Null(admission.TryEnter(Here));
        Assert.Contains("--max-connections-per-address", admission.TryEnter(HereToo), StringComparison.Ordinal);
        Assert.Null(admission.TryEnter(There));
        admission.Leave(Here);
        Assert.Null(admission.TryEnter(HereToo));
    }

    [Fact]
    public void Full_node_refuses_everybody()
    {
        Admission admission = new(2, 2);
        Assert.Null(admission.TryEnter(Here));
        Assert.Null(admission.TryEnter(There));
        Assert.Contains("(--max-connections)", admission.TryEnter(There), StringComparison.Ordinal);
        admission.Leave(Here);
        Assert.Null(admission.TryEnter(There));
    }

    [Theory]
    [InlineData(0, true, PressureStep.None)]
    [InlineData(600, true, PressureStep.None)]
    [InlineData(600, false, PressureStep.None)]
    [InlineData(601, true, PressureStep.Pause)]
    [InlineData(601, false, PressureStep.Disconnect)]
    [InlineData(700, true, PressureStep.Pause)]
    [InlineData(701, true, PressureStep.Disconnect)]
    [InlineData(800, true, PressureStep.Disconnect)]
    internal void Pressure_pauses_first_and_disconnects_where_that_does_not_help(long used, bool isPatient, PressureStep step)
    {
        Assert.Equal(step, MemoryPressure.StepFor(used, 800, isPatient));
        Assert.Equal(used - 600, MemoryPressure.ExcessBytes(used, 800));
    }

    [Fact]
    public void Silence_is_too_long_by_its_kind_and_counted_as_such()
    {
        Deadlines deadlines = new(handshakeMillis: 100, frameMillis: 50, idleMillis: 200);
        NodeCounters counters = new();
        using CarryPool carries = new(1 << 20);
        Session session = new(new ReceivePath(null!, 2, carries));
        session.Open(default, Fcp(counters));
        Assert.Null(deadlines.Overdue(session, 99, counters));
        Assert.Contains("--handshake-timeout", deadlines.Overdue(session, 100, counters), StringComparison.Ordinal);
        session.OpenedMillis = 150; // As if it were new.
        session.LastReceivedMillis = 20;
        Assert.Null(deadlines.Overdue(session, 219, counters));
        Assert.Contains("--idle-timeout", deadlines.Overdue(session, 220, counters), StringComparison.Ordinal);
        session.LastReceivedMillis = session.OpenedMillis = 300;
        session.PartialFrameSinceMillis = 300;
        Assert.Null(deadlines.Overdue(session, 349, counters));
        Assert.Contains("--frame-timeout", deadlines.Overdue(session, 350, counters), StringComparison.Ordinal);
        Assert.Equal((1L, 1L, 1L), (counters.HandshakeTimeouts, counters.IdleTimeouts, counters.FrameTimeouts));
    }

    [Fact]
    public void Without_an_idle_limit_silence_may_last()
    {
        Deadlines deadlines = new(handshakeMillis: long.MaxValue, frameMillis: 50, idleMillis: 0);
        using CarryPool carries = new(1 << 20);
        Session session = new(new ReceivePath(null!, 2, carries));
        session.Open(default, Fcp(new NodeCounters()));
        Assert.Null(deadlines.Overdue(session, 1L << 50, new NodeCounters()));
    }

    private static FcpDoor Fcp(NodeCounters counters) =>
        new(ProtocolLimits.Default, new NodeTopology(new ShardDirectory(1), 0), counters);
}
