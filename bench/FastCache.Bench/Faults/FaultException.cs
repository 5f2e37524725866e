namespace FastCache.Bench.Faults;

/// <summary>The node did what it must not.</summary>
internal sealed class FaultException(string message) : Exception(message);
