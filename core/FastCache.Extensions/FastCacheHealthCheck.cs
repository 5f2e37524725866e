using System.Diagnostics;
using FastCache.Client;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace FastCache.Extensions;

/// <summary>Asks the node for an answer, and looks how long that takes.</summary>
/// <param name="connection">Where the client comes from.</param>
/// <param name="degradedFrom">A latency from which on the cache counts as degraded.</param>
internal sealed class FastCacheHealthCheck(FastCacheConnection connection, TimeSpan degradedFrom) : IHealthCheck
{
    /// <summary>The name under which a result has its latency in milliseconds, a double.</summary>
    public const string LatencyMillis = "latencyMillis";

    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        TimeSpan latency;
        try
        {
            FastCacheClient client = await connection.ClientAsync(cancellationToken).ConfigureAwait(false);
            long start = Stopwatch.GetTimestamp();
            await client.PingAsync(cancellationToken).ConfigureAwait(false);
            latency = Stopwatch.GetElapsedTime(start);
        }
        catch (CacheException failure)
        {
            return new(context.Registration.FailureStatus, failure.Message, failure);
        }

        string description = $"The node answered after {latency.TotalMilliseconds:0.###} ms.";
        Dictionary<string, object> facts = new() { [LatencyMillis] = latency.TotalMilliseconds };
        return latency < degradedFrom
            ? HealthCheckResult.Healthy(description, facts)
            : HealthCheckResult.Degraded(description, data: facts);
    }
}
