namespace FastCache.Client.Telemetry;

/// <summary>What a client tells of itself, and whom.</summary>
/// <param name="Meter">Measurements.</param>
/// <param name="Log">Events.</param>
internal sealed record ClientTelemetry(ClientMeter Meter, ClientLog Log)
{
    /// <summary>As the options want it.</summary>
    public static ClientTelemetry Of(FastCacheClientOptions options) =>
        new(ClientMeter.Of(options.MeterFactory), new(options.LoggerFactory));
}
