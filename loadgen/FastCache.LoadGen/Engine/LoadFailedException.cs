namespace FastCache.LoadGen.Engine;

/// <summary>The run cannot go on: a wrong reply, a lost connection, a node that does not start.</summary>
internal sealed class LoadFailedException(string message) : Exception(message);
