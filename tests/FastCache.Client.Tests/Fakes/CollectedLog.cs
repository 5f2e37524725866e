using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace FastCache.Client.Tests.Fakes;

/// <summary>Keeps what is logged.</summary>
internal sealed class CollectedLog : ILoggerFactory, ILogger
{
    private readonly ConcurrentQueue<(int Id, LogLevel Level, string Text)> _all = [];

    /// <summary>The messages of an event.</summary>
    public string[] Of(int id) => [.. _all.Where(one => one.Id == id).Select(one => $"{one.Level}: {one.Text}")];

    /// <summary>The first message of an event, once it is there.</summary>
    public string First(int id)
    {
        FastCache.EndToEnd.Tests.Eventually.Is(() => Of(id).Length > 0, () => $"nothing of event {id}: {string.Join('\n', _all)}");
        return Of(id)[0];
    }

    public ILogger CreateLogger(string categoryName)
    {
        Assert.Equal("FastCache.Client", categoryName);
        return this;
    }

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _all.Enqueue((eventId.Id, logLevel, $"{formatter(state, exception)}{exception?.Message}"));

    public void Dispose()
    {
    }
}
