namespace FastCache.LoadGen.Options;

/// <summary>The options of <c>check</c>, parsed and checked.</summary>
/// <param name="Run">The standard workload, with the lengths of one attempt.</param>
/// <param name="Tries">Most attempts.</param>
/// <param name="RecordPath">Where the record goes; null: nowhere.</param>
internal sealed record CheckOptions(RunOptions Run, int Tries, string? RecordPath);
