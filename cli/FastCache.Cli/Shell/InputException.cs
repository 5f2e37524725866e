namespace FastCache.Cli.Shell;

/// <summary>What the user gave cannot be used; the message names it and what is allowed.</summary>
internal sealed class InputException(string message) : Exception(message);
