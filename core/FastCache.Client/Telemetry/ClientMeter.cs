using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using FastCache.Client.Connections;

namespace FastCache.Client.Telemetry;

/// <summary>A meter with the instruments of a client, or of all clients whose factory has given them the same meter.</summary>
/// <remarks>
/// Clients that share a meter are told as one: the counters of a node are the sum of what all of them have done there, and
/// stay that when one of them is closed. A node is told of as long as somebody has a connection to it, so there are never more
/// series than nodes.
/// </remarks>
internal sealed class ClientMeter
{
    private static readonly ConditionalWeakTable<Meter, ClientMeter> OfFactories = [];
    private static readonly double[] Seconds = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

    private readonly Meter _meter;
    private readonly bool _isOwn;
    private readonly ServerInstruments _servers;
    private readonly ClientInstruments _clients;

    private ClientMeter(Meter meter, bool isOwn)
    {
        _meter = meter;
        _isOwn = isOwn;
        Duration = meter.CreateHistogram<double>(
            "db.client.operation.duration",
            "s",
            "How long requests took, from the call to the result.",
            tags: null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = Seconds });
        _servers = new(meter);
        _clients = new(meter);
    }

    /// <summary>The version of this library.</summary>
    public static string? Version { get; } = typeof(ClientMeter).Assembly.GetName().Version?.ToString(3);

    /// <summary>How long requests took.</summary>
    public Histogram<double> Duration { get; }

    /// <summary>The meter of a factory, or one of its own.</summary>
    public static ClientMeter Of(IMeterFactory? factory)
    {
        if (factory is null)
        {
            return new(new(CallObservation.SourceName, Version), isOwn: true);
        }

        Meter meter = factory.Create(new MeterOptions(CallObservation.SourceName) { Version = Version });
        lock (OfFactories)
        {
            return OfFactories.GetValue(meter, static meter => new(meter, isOwn: false));
        }
    }

    /// <summary>Begins to tell of a client.</summary>
    public void Join(IObservedClient client) => _clients.Add(client);

    /// <summary>Tells of a client no more, and asks it nothing from here on.</summary>
    public void Leave(IObservedClient client) => _clients.Remove(client);

    /// <summary>Begins to tell of a connection.</summary>
    public void Join(ShardConnection connection) => _servers.Add(connection);

    /// <summary>Tells of a connection no more.</summary>
    public void Leave(ShardConnection connection) => _servers.Remove(connection);

    /// <summary>The client has no connections any more. A factory's meter is the factory's.</summary>
    public void End()
    {
        if (_isOwn)
        {
            _meter.Dispose();
        }
    }
}
