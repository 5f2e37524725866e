using System.Net;

namespace FastCache.Client.Tests.Examples;

public sealed class OptionsTests
{
    private static readonly FastCacheClientOptions Valid = new() { Seeds = [new IPEndPoint(IPAddress.Loopback, 7600)] };

    public static TheoryData<FastCacheClientOptions, string> Wrong => new()
    {
        { Valid with { Seeds = [] }, "Seeds must name at least one address" },
        { Valid with { ConnectTimeout = TimeSpan.Zero }, "ConnectTimeout is 00:00:00; allowed are 00:00:00.0010000 to 01:00:00" },
        { Valid with { RequestTimeout = TimeSpan.FromHours(2) }, "RequestTimeout is 02:00:00; allowed are 00:00:00.0100000 to 01:00:00" },
        { Valid with { OutageWait = TimeSpan.FromSeconds(-1) }, "OutageWait is -00:00:01; allowed are 00:00:00 to 01:00:00" },
        { Valid with { MaxReconnectPause = TimeSpan.Zero }, "MaxReconnectPause is 00:00:00; allowed are 00:00:00.0010000 to 01:00:00" },
        { Valid with { ConnectionsPerShard = 0 }, "ConnectionsPerShard is 0; allowed are 1 to 64" },
        { Valid with { MaxOutstanding = 0 }, "MaxOutstanding is 0; allowed are 1 to 1048576" },
        { Valid with { MaxSendBytes = 1 }, "MaxSendBytes is 1; allowed are 65536 to 1073741824" },
        { Valid with { MaxStreams = 0 }, "MaxStreams is 0; allowed are 1 to 1024" },
        { Valid with { MaxSpoolBytes = 1 }, "MaxSpoolBytes is 1; allowed are 65536 to 1073741824" },
        { Valid with { NearCacheBytes = 1 }, "NearCacheBytes is 1; allowed are 16777216 to 34359738368" },
        { Valid with { NearCacheMaxStaleness = TimeSpan.Zero }, "NearCacheMaxStaleness is 00:00:00; allowed are 00:00:00.1000000 to 00:01:00" },
        { Valid with { NearCacheMaxAge = TimeSpan.Zero }, "NearCacheMaxAge is 00:00:00; allowed are 00:00:00.0100000 to 01:00:00" },
        { Valid with { NearCacheMaxValueBytes = 61_441 }, "NearCacheMaxValueBytes is 61441; allowed are 1 to 61440" },
        { Valid with { ReadFrom = (ReadFrom)2 }, "ReadFrom is 2; allowed are Primary and BestCopy" },
        { Valid with { ReplicaMaxAge = TimeSpan.Zero }, "ReplicaMaxAge is 00:00:00; allowed are 00:00:00.0100000 to 01:00:00" },
        { Valid with { ReadFrom = ReadFrom.BestCopy, HedgeAfterPercentile = 95 }, "HedgeAfterPercentile is 95; allowed are 0.5 to 0.999" },
        { Valid with { HedgeAfterPercentile = 0.95 }, "HedgeAfterPercentile, Zone and Region are for ReadFrom.BestCopy; ReadFrom is Primary" },
        { Valid with { Zone = "eu-1a" }, "HedgeAfterPercentile, Zone and Region are for ReadFrom.BestCopy; ReadFrom is Primary" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task An_option_out_of_range_is_named_with_what_is_allowed(FastCacheClientOptions options, string error)
    {
        ArgumentException failure = await Assert.ThrowsAnyAsync<ArgumentException>(() => FastCacheClient.ConnectAsync(options));
        Assert.Contains(error, failure.Message, StringComparison.Ordinal);
        failure = Assert.ThrowsAny<ArgumentException>(() => FastCacheBatch.Connect(options));
        Assert.Contains(error, failure.Message, StringComparison.Ordinal);
    }
}
