using System.CommandLine;
using System.CommandLine.Parsing;
using FastCache.Client;
using FastCache.Cluster;
using FastCache.Protocol;

namespace FastCache.Cli.Shell;

/// <summary>Turns what stops a command into one line of text and an exit code; nobody sees a stack trace.</summary>
internal static class GuardedRun
{
    /// <summary>Sets what a command does.</summary>
    public static void Runs(
        this Command command, Terminal terminal, Func<CommandResult, CancellationToken, Task<int>> run) =>
        command.SetAction(async (parsed, cancellation) =>
        {
            try
            {
                return await run(parsed.CommandResult, cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                terminal.Error.WriteLine("interrupted");
                return ExitCode.Interrupted;
            }
            catch (Exception failure)
            {
                (int code, string text) = Explain(failure);
                terminal.Error.WriteLine($"error: {text}");
                return code;
            }
        });

    /// <summary>The same for what waits for nothing.</summary>
    public static void Runs(this Command command, Terminal terminal, Func<CommandResult, int> run) =>
        command.Runs(terminal, (result, _) => Task.FromResult(run(result)));

    /// <summary>An exception as the exit code and the text that it means for users.</summary>
    public static (int Code, string Text) Explain(Exception failure) => failure switch
    {
        CacheRequestException refused => (ExitCode.Refused, $"the node refused: {refused.Message}"),
        CacheConnectionException or CacheTimeoutException => (ExitCode.Unreachable, failure.Message),
        InputException or TopologyException or IOException or UnauthorizedAccessException or InvalidDataException
            or ArgumentException or CacheException => (ExitCode.BadInput, failure.Message),
        _ => (ExitCode.Unexpected, $"a mistake of this program, not yours: {failure.GetType().Name}: {failure.Message}"),
    };
}
