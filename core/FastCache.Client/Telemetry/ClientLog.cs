using FastCache.Client.Connections;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace FastCache.Client.Telemetry;

/// <summary>What a client logs. The ids are stable; what can repeat is summed up by its caller's <see cref="LogThrottle"/>.</summary>
internal sealed partial class ClientLog(ILoggerFactory? factory)
{
    private readonly ILogger _logger = factory?.CreateLogger(CallObservation.SourceName) ?? NullLogger.Instance;
    private readonly LogThrottle _movedTooOften = new();
    private readonly LogThrottle _sourceFailures = new();

    [LoggerMessage(1, LogLevel.Debug, "Connected to {Shard}.")]
    public partial void Connected(ShardAddress shard);

    [LoggerMessage(2, LogLevel.Warning, "The connection to {Shard} was lost: {Reason} (losses since the last such message: {Losses})")]
    public partial void ConnectionLost(ShardAddress shard, string? reason, long losses);

    [LoggerMessage(3, LogLevel.Information, "Connected to {Shard} again after {Outage}.")]
    public partial void Reconnected(ShardAddress shard, TimeSpan outage);

    [LoggerMessage(4, LogLevel.Information, "The topology is of epoch {Epoch} with {Nodes} nodes now; before it was of epoch {OldEpoch}.")]
    public partial void TopologyLearnt(uint epoch, int nodes, uint oldEpoch);

    [LoggerMessage(6, LogLevel.Information,
        "What was kept near of {Shard} was dropped: {Reason} (drops since the last such message: {Drops})")]
    public partial void NearDropped(ShardAddress shard, string reason, long drops);

    [LoggerMessage(7, LogLevel.Warning, "{Count} requests to {Shard} had no reply within {RequestTimeout} since the last such message.")]
    public partial void TimedOut(long count, ShardAddress shard, TimeSpan requestTimeout);

    /// <summary>A request was moved from node to node until it was given up.</summary>
    public void MovedTooOften(Exception failure)
    {
        if (_movedTooOften.TryTakeOneMore(out long sum))
        {
            MovedTooOften(failure.Message, sum);
        }
    }

    /// <summary>The source of a fill threw, or took too long.</summary>
    public void SourceFailed(Exception failure)
    {
        if (_sourceFailures.TryTakeOneMore(out long sum))
        {
            SourceFailed(failure, sum);
        }
    }

    [LoggerMessage(5, LogLevel.Warning,
        "A request was given up, as no node says that it has its slot: {Reason} (such requests since the last such message: {Requests})")]
    private partial void MovedTooOften(string reason, long requests);

    [LoggerMessage(8, LogLevel.Warning, "A source of fills failed (failures since the last such message: {Failures}).")]
    private partial void SourceFailed(Exception failure, long failures);
}
