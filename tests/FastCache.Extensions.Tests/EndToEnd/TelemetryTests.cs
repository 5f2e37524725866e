using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using FastCache.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FastCache.Extensions.Tests.EndToEnd;

/// <summary>What an application hears of its cache without asking for it.</summary>
public sealed class TelemetryTests(CacheNode node) : IClassFixture<CacheNode>
{
    [Fact]
    public async Task The_client_has_the_meter_and_the_log_of_its_application()
    {
        using LogOfEvents log = new();
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Debug).AddProvider(log);
        node.Register(builder.Services, "telemetry:");
        using IHost host = builder.Build();
        IMeterFactory meters = host.Services.GetRequiredService<IMeterFactory>();
        ConcurrentQueue<long> requests = [];
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Scope == meters && instrument.Name == "fastcache.client.requests")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => requests.Enqueue(value));
        listener.Start();
        FastCacheClient client = await host.Services.GetRequiredService<FastCacheConnection>().ClientAsync();
        await client.PingAsync();
        listener.RecordObservableInstruments();
        Assert.Equal([1], requests);
        Assert.Contains(("FastCache.Client", 1), log.Events);
    }

    private sealed class LogOfEvents : ILoggerProvider
    {
        public ConcurrentQueue<(string Category, int Id)> Events { get; } = [];

        public ILogger CreateLogger(string categoryName) => new Logger(categoryName, Events);

        public void Dispose()
        {
        }

        private sealed class Logger(string category, ConcurrentQueue<(string Category, int Id)> events) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(
                LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
                events.Enqueue((category, eventId.Id));
        }
    }
}
