using System.Diagnostics;
using System.Diagnostics.Metrics;
using FastCache.Client.Tests.Fakes;
using FastCache.Protocol;
using Microsoft.Extensions.Logging;

namespace FastCache.Client.Tests.Examples;

/// <summary>Whoever listens to a client and throws harms neither its requests nor its connections.</summary>
public sealed class FailingListenerTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_log_that_throws_does_not_stop_connections_and_time_outs()
    {
        using FailingLog log = new();
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(
            node.Options with { LoggerFactory = log, RequestTimeout = TimeSpan.FromSeconds(1) }).WaitAsync(Soon);
        ScriptedConnection first = await node.ConnectedAsync();
        await first.EndAsync(Status.ShuttingDown, "the node stops");
        using ScriptedConnection second = await node.ConnectedAsync();
        await Assert.ThrowsAsync<CacheTimeoutException>(() => client.GetAsync([1]).AsTask().WaitAsync(Soon));

        // Whoever has logged that goes on as well; what was silent for so long is given up.
        await Assert.ThrowsAnyAsync<CacheException>(() => client.GetAsync([1]).AsTask().WaitAsync(Soon));
        Assert.InRange(log.Messages, 4, int.MaxValue); // Connected, lost, connected again, timed out.
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_listener_that_throws_does_not_keep_callers_waiting(bool isMeter)
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        using ScriptedConnection connection = await node.ConnectedAsync();
        int calls = 0;
        using IDisposable listener = isMeter ? ThrowingMeterListener(node, () => calls++) : ThrowingActivityListener(node, () => calls++);
        using Activity caller = new Activity("caller").Start();
        for (int i = 1; i <= 3; i++)
        {
            Task<CacheValue> get = client.GetAsync([1]).AsTask();
            await connection.ReplyAsync((await connection.ReadAsync())!, Status.Ok, [7]);
            using CacheValue value = await get.WaitAsync(Soon);
            Assert.Equal([7], value.Span.ToArray());
            Assert.Equal(i, calls);
            Assert.Same(caller, Activity.Current);
        }
    }

    private static MeterListener ThrowingMeterListener(ScriptedNode node, Action called)
    {
        MeterListener listener = new()
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name == "db.client.operation.duration")
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) => ThrowIfOf(node, tags, called));
        listener.Start();
        return listener;
    }

    private static ActivityListener ThrowingActivityListener(ScriptedNode node, Action called)
    {
        ActivityListener listener = new()
        {
            ShouldListenTo = source => source.Name == "FastCache.Client",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity => ThrowIfOf(node, activity.TagObjects.ToArray(), called),
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    /// <summary>Other tests run meanwhile, whose nodes have other ports.</summary>
    private static void ThrowIfOf(ScriptedNode node, ReadOnlySpan<KeyValuePair<string, object?>> tags, Action called)
    {
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            if (tag.Key == "server.port" && Equals(tag.Value, node.EndPoint.Port))
            {
                called();
                throw new InvalidOperationException("the listener fails");
            }
        }
    }

    private sealed class FailingLog : ILoggerFactory, ILogger
    {
        private int _messages;

        public int Messages => Volatile.Read(ref _messages);

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Interlocked.Increment(ref _messages);
            throw new IOException("the disk of the log is full");
        }

        public void Dispose()
        {
        }
    }
}
