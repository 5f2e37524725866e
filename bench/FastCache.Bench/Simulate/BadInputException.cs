namespace FastCache.Bench.Simulate;

/// <summary>What the user gave cannot be used; the message says what was wrong and what is allowed.</summary>
internal sealed class BadInputException(string message) : Exception(message);
