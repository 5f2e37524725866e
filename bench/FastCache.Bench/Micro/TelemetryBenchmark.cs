using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using BenchmarkDotNet.Attributes;
using FastCache.Bench.Client;
using FastCache.Bench.Faults;
using FastCache.Client;

namespace FastCache.Bench.Micro;

/// <summary>What does it cost a read, of 256 that are under way together over loopback, that somebody listens to the client's
/// durations, or to its activities?</summary>
[Config(typeof(MicroConfig))]
[SuppressMessage("Reliability", "CA2012", Justification = "Each is awaited once, in the order in which they began.")]
[SuppressMessage("Design", "CA1001", Justification = "End disposes them.")]
public class TelemetryBenchmark
{
    private const string Source = "FastCache.Client";
    private const int Items = 10_000;
    private const int ValueBytes = 100;
    private const int Many = 256;

    private readonly ClientItems _items = new(Items, ValueBytes);
    private readonly ValueTask<CacheValue>[] _reads = new ValueTask<CacheValue>[Many];
    private FaultNode? _node;
    private FastCacheClient? _client;
    private MeterListener? _meters;
    private ActivityListener? _activities;
    private double _seconds;
    private int _next;

    [GlobalSetup(Target = nameof(NobodyListens))]
    public async Task SetUp()
    {
        _node = FaultNode.Start("--shards", "1", "--memory", "64MiB");
        _client = await FastCacheClient.ConnectAsync(new() { Seeds = [_node.EndPoint] });
        await new FastCacheSubject(_client, _items).FillAsync();
    }

    [GlobalSetup(Target = nameof(Durations))]
    public async Task SetUpDurations()
    {
        _meters = new();
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == Source)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<double>((_, value, _, _) => _seconds += value);
        _meters.Start();
        await SetUp();
    }

    [GlobalSetup(Target = nameof(Activities))]
    public async Task SetUpActivities()
    {
        _activities = new()
        {
            ShouldListenTo = source => source.Name == Source,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => _seconds += activity.Duration.TotalSeconds,
        };
        ActivitySource.AddActivityListener(_activities);
        await SetUp();
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Many)]
    public Task<int> NobodyListens() => ReadAsync();

    [Benchmark(OperationsPerInvoke = Many)]
    public Task<int> Durations() => ReadAsync();

    [Benchmark(OperationsPerInvoke = Many)]
    public Task<int> Activities() => ReadAsync();

    [GlobalCleanup]
    public async Task End()
    {
        await _client!.DisposeAsync();
        _node!.Dispose();
        _meters?.Dispose();
        _activities?.Dispose();
    }

    private async Task<int> ReadAsync()
    {
        for (int i = 0; i < Many; i++)
        {
            _reads[i] = _client!.GetAsync(_items.Key(_next = _items.After(_next)).Span);
        }

        int bytes = 0;
        for (int i = 0; i < Many; i++)
        {
            using CacheValue value = await _reads[i];
            bytes += value.Span.Length;
        }

        return bytes;
    }
}
