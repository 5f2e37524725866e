using System.Text.Json;
using FastCache.Cli.Shell;
using FastCache.Client;
using FastCache.Protocol;

namespace FastCache.Cli.Keys;

/// <summary>How a write ended, in words.</summary>
internal static class Outcome
{
    /// <summary>Which condition was not met.</summary>
    public static string Of(Status status) => status switch
    {
        Status.NotFound => "the key is not there",
        Status.Exists => "the key is there already",
        Status.VersionMismatch => "the item has another version",
        _ => status.ToString(),
    };

    /// <summary>The new version, or why there is none.</summary>
    public static void WriteOutcome(this Utf8JsonWriter json, WriteResult result)
    {
        if (!result.IsDone)
        {
            json.WriteString("reason", Of(result.Status));
        }
        else if (result.Version != 0)
        {
            json.WriteVersion(result.Version);
        }
    }
}
