using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using FastCache.LoadGen.Children;

namespace FastCache.Bench.Client;

/// <summary>The load generator as a child process, for what it costs beside the client.</summary>
internal static class LoadGenerator
{
    /// <summary>Loads a node with its standard load.</summary>
    /// <returns>Figures without latencies and allocation.</returns>
    /// <exception cref="InvalidOperationException">It is not built, or fails.</exception>
    public static ClientFigures Run(IPEndPoint node, ClientItems items, int connections, int depth, TimeSpan duration)
    {
        string report = Path.GetTempFileName();
        try
        {
            ProcessStartInfo start = new("dotnet",
            [
                BuiltProgram.Locate("loadgen/FastCache.LoadGen"), "run", "--connect", node.ToString(), "--keys", Text(items.Count), "--value-size", Text(items.Value.Length),
                "--misses", "0", "--connections", Text(connections), "--depth", Text(depth),
                "--duration", Text((int)duration.TotalMilliseconds) + "ms", "--warmup", Text((int)duration.TotalMilliseconds / 4) + "ms",
                "--json", report,
            ])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using Process process = Process.Start(start) ?? throw new InvalidOperationException("the load generator could not be started");
            Task<string> errors = process.StandardError.ReadToEndAsync();
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            using JsonDocument json = process.ExitCode == 0
                ? JsonDocument.Parse(File.ReadAllText(report))
                : throw new InvalidOperationException($"the load generator failed: {errors.Result}");
            JsonElement round = json.RootElement.GetProperty("subjects")[0].GetProperty("rounds")[0];
            double operations = round.GetProperty("operations").GetDouble();
            return new(
                operations / round.GetProperty("seconds").GetDouble(), 0, 0, round.GetProperty("load_cpu_nanos").GetDouble(), 0);
        }
        finally
        {
            File.Delete(report);
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
