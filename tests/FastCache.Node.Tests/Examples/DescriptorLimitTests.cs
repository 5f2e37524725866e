using FastCache.Node.Limits;

namespace FastCache.Node.Tests.Examples;

public sealed class DescriptorLimitTests
{
    private static readonly NodeOptions Asked = Fakes.FakeNode.Options(maxConnections: 10_000, connectionMemoryBytes: 1 << 20) with { Shards = 2 };

    [Fact]
    public void Leaves_the_connections_that_fit()
    {
        StringWriter log = new();
        Assert.Same(Asked, DescriptorLimit.Fit(Asked, allowed: 20_000, open: 100, log));
        Assert.Empty(log.ToString());
    }

    [Fact]
    public void Lowers_the_connections_to_what_the_descriptors_allow_and_says_so()
    {
        StringWriter log = new();
        NodeOptions fitted = DescriptorLimit.Fit(Asked, allowed: 1_024, open: 100, log);
        Assert.InRange(fitted.MaxConnections, 1, 1_024 - 100 - (2 * NodeOptions.RefusalSlots) - 1);
        Assert.Equal(
            $"connections: at most {fitted.MaxConnections} instead of 10000, because the process may have only 1024 descriptors (ulimit -n)\n",
            log.ToString());
    }

    [Fact]
    public void Refuses_to_start_without_room_for_one_connection()
    {
        InvalidOperationException refusal = Assert.Throws<InvalidOperationException>(
            () => DescriptorLimit.Fit(Asked, allowed: 256, open: 200, TextWriter.Null));
        Assert.Contains("may have 256 descriptors", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("ulimit -n", refusal.Message, StringComparison.Ordinal);
    }
}
