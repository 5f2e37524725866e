using FastCache.LoadGen.Options;

namespace FastCache.NBomber;

/// <summary>The options of a run, parsed and checked.</summary>
/// <param name="Load">Scenario, node, rate and times, as the load generator has them.</param>
/// <param name="Plan">The load in NBomber's terms.</param>
/// <param name="ConfigurationPath">A JSON configuration of NBomber's; null: none.</param>
/// <param name="ReportFolder">Where each run makes a folder for its reports.</param>
internal sealed record NBomberOptions(
    ScenarioOptions Load, LoadPlan Plan, string? ConfigurationPath, string ReportFolder);
