using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace FastCache.Client.Tests.Fakes;

/// <summary>A factory of meters, and all that is measured by its meters.</summary>
internal sealed class MeterScene : IMeterFactory
{
    private readonly ConcurrentQueue<Measured> _measured = [];
    private readonly ConcurrentBag<Meter> _meters = [];
    private readonly MeterListener _listener = new();

    /// <param name="listens">Whether anybody listens.</param>
    public MeterScene(bool listens = true)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == this)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => _measured.Enqueue(new(instrument, value, tags)));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => _measured.Enqueue(new(instrument, value, tags)));
        if (listens)
        {
            _listener.Start();
        }
    }

    /// <summary>What was recorded since the last call, and what is observed now.</summary>
    public Measured[] Read()
    {
        _listener.RecordObservableInstruments();
        List<Measured> all = [];
        while (_measured.TryDequeue(out Measured? one))
        {
            all.Add(one);
        }

        return [.. all];
    }

    /// <summary>The one value of an instrument now with some tags.</summary>
    /// <param name="name">The instrument.</param>
    /// <param name="tags">"name=value" each; it may have others too.</param>
    public double Value(string name, params string[] tags) => Assert.Single(
        Read(), one => one.Name == name && tags.All(one.Tags.Contains)).Value;

    public Meter Create(MeterOptions options)
    {
        if (_meters.FirstOrDefault(meter => meter.Name == options.Name) is Meter known)
        {
            return known;
        }

        options.Scope = this;
        Meter meter = new(options);
        _meters.Add(meter);
        return meter;
    }

    public void Dispose()
    {
        _listener.Dispose();
        foreach (Meter meter in _meters)
        {
            meter.Dispose();
        }
    }

    /// <summary>One measurement.</summary>
    internal sealed record Measured(string Name, string? Unit, double Value, string[] Tags)
    {
        public Measured(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
            : this(instrument.Name, instrument.Unit, value, [.. tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}")])
        {
        }
    }
}
