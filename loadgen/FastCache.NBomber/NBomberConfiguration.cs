using System.Text.Json;
using FastCache.LoadGen.Engine;

namespace FastCache.NBomber;

/// <summary>A JSON configuration of NBomber's, and what this program has to know of it.</summary>
/// <param name="Path">The file; NBomber reads it itself.</param>
/// <param name="SetsLoad">Whether it has load simulations for the scenario, which then take the place of this program's.</param>
internal sealed record NBomberConfiguration(string Path, bool SetsLoad)
{
    private const string Global = "GlobalSettings";

    /// <param name="path">A file whose name ends in .json: NBomber takes no other.</param>
    /// <param name="scenario">The one that is run.</param>
    /// <exception cref="LoadFailedException">It is no such configuration, or one that this program cannot allow.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static NBomberConfiguration Read(string path, string scenario)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement root = document.RootElement;
            bool hasGlobal = root.TryGetProperty(Global, out JsonElement global);
            if (hasGlobal && global.TryGetProperty("ReportFolder", out _))
            {
                throw new LoadFailedException(
                    $"{path} sets {Global}.ReportFolder, and NBomber deletes everything in that folder before it runs; " +
                    "leave it out and use --report-folder, in which every run makes a folder of its own");
            }

            if (root.TryGetProperty("TargetScenarios", out JsonElement targets)
                && targets.EnumerateArray().Any(target => target.GetString() != scenario))
            {
                throw new LoadFailedException(
                    $"{path} has {targets.GetRawText()} as TargetScenarios; the scenario that is run is {scenario}: name it alone, or none");
            }

            JsonElement[] settings = hasGlobal && global.TryGetProperty("ScenariosSettings", out JsonElement all) ? [.. all.EnumerateArray()] : [];
            JsonElement[] own = [.. settings.Where(setting => NameOf(setting) == scenario)];
            return settings.Length == 0 || own.Length > 0
                ? new(path, own.Any(setting => setting.TryGetProperty("LoadSimulationsSettings", out _)))
                : throw new LoadFailedException(
                    $"{path} has settings for {string.Join(", ", settings.Select(NameOf))}; the scenario that is run is {scenario}");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new LoadFailedException($"{path} is no configuration of NBomber's: {exception.Message}");
        }
    }

    private static string? NameOf(JsonElement setting) =>
        setting.TryGetProperty("ScenarioName", out JsonElement name) ? name.GetString() : null;
}
