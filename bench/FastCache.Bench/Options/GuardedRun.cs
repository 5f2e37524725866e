using System.CommandLine;

namespace FastCache.Bench.Options;

/// <summary>Turns what a command found out into its exit code.</summary>
internal static class GuardedRun
{
    /// <summary>Runs a command; what it cannot go on with is told in one line instead of a stack trace.</summary>
    /// <param name="parsed">Where its errors go.</param>
    /// <param name="run">Says whether all was well.</param>
    /// <returns>0, or 1 when it was not.</returns>
    public static int ExitCode(ParseResult parsed, Func<bool> run)
    {
        try
        {
            return run() ? 0 : 1;
        }
        catch (Exception failure) when (failure is InvalidOperationException or InsufficientMemoryException or IOException or UnauthorizedAccessException)
        {
            parsed.InvocationConfiguration.Error.WriteLine(failure.Message);
            return 1;
        }
    }
}
