namespace FastCache.Cli.Shell;

/// <summary>What the program ends with, for scripts.</summary>
internal static class ExitCode
{
    /// <summary>What was asked for was done.</summary>
    public const int Done = 0;

    /// <summary>The key is not there, or a condition was not met.</summary>
    public const int NotMet = 1;

    /// <summary>Wrong usage, or a file or topology that cannot be used.</summary>
    public const int BadInput = 2;

    /// <summary>A node cannot be reached, or does not answer in time.</summary>
    public const int Unreachable = 3;

    /// <summary>A node refused.</summary>
    public const int Refused = 4;

    /// <summary>A mistake of this program.</summary>
    public const int Unexpected = 70;

    /// <summary>Ctrl-C or SIGTERM.</summary>
    public const int Interrupted = 130;

    /// <summary>The same for the help.</summary>
    public const string Explained = """
        Exit code: 0 done; 1 the key is not there, or a condition is not met; 2 wrong usage or bad input; 3 no connection,
        or no answer in time; 4 the node refused; 130 interrupted.
        """;
}
