using FastCache.LoadGen.Scenarios;

namespace FastCache.LoadGen.Options;

/// <summary>The options of <c>scenario</c>, parsed and checked; what is not given is the scenario's own.</summary>
/// <param name="Scenario">Null: list them all.</param>
/// <param name="Shape">How the rate goes.</param>
/// <param name="Rate">The highest rate, in flows a second.</param>
/// <param name="Run">Node, connections, lengths and processors.</param>
/// <param name="RecordPath">Where the record goes; null: nowhere.</param>
internal sealed record ScenarioOptions(Scenario? Scenario, ShapeKind Shape, double Rate, RunOptions Run, string? RecordPath);
