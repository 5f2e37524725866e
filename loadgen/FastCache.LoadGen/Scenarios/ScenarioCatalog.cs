using FastCache.LoadGen.Options;
using FastCache.LoadGen.Scenarios.Flows;

namespace FastCache.LoadGen.Scenarios;

/// <summary>All scenarios.</summary>
internal static class ScenarioCatalog
{
    public static readonly IReadOnlyList<Scenario> All =
    [
        new()
        {
            Name = "session-store",
            Use = "web sessions that live as long as they are used, read and rewritten by version",
            Keys = 200_000,
            Distribution = KeyDistribution.Zipf,
            Rate = 200_000,
            CreateFlow = place => new SessionFlow(
                place.Keys, place.Picker, ValueSizes.Uniform(64, 256), changes: 0.3, TimeSpan.FromSeconds(5), place.Seed),
        },
    ];

    /// <summary>The scenario of a name; null: there is none.</summary>
    public static Scenario? Find(string name) => All.FirstOrDefault(scenario => scenario.Name == name);
}
