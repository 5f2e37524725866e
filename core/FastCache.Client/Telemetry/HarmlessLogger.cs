using Microsoft.Extensions.Logging;

namespace FastCache.Client.Telemetry;

/// <summary>A log whose exceptions reach nobody: who writes to it looks after connections and time-outs, and has to go on.</summary>
internal sealed class HarmlessLogger(ILogger log) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => log.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel)
    {
        try
        {
            return log.IsEnabled(logLevel);
        }
        catch (Exception)
        {
            return false;
        }
    }

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        try
        {
            log.Log(logLevel, eventId, state, exception, formatter);
        }
        catch (Exception)
        {
            // There is no other place to tell of it.
        }
    }
}
