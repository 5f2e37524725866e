using FastCache.Bench.Simulate.Traces;

namespace FastCache.Bench.Simulate;

/// <summary>One call of the command: every trace is read or generated, simulated, and printed.</summary>
internal static class SimulateRun
{
    /// <exception cref="BadInputException">Something given cannot be used.</exception>
    public static void Execute(SimulateOptions options, TextWriter output, Progress progress)
    {
        options.Validate();
        int count = 0;
        foreach (Trace trace in TracesOf(options, output, progress))
        {
            Simulation simulation = Simulation.Run(
                trace, options.Capacities ?? Simulation.CapacitiesFor(trace), options.Policies, progress);
            RatioTable.Write(simulation, output);
            count++;
            if (options.ChartPath is string path)
            {
                string numbered = count == 1 ? path : Numbered(path, count);
                RatioChart.Write(simulation, numbered);
                output.WriteLine($"{trace.Name}: chart in {numbered}");
                output.WriteLine();
            }
        }
    }

    private static string Numbered(string path, int number)
    {
        string extension = Path.GetExtension(path);
        return $"{path[..^extension.Length]}-{number}{extension}";
    }

    /// <summary>One after the other, so that only one is in memory.</summary>
    private static IEnumerable<Trace> TracesOf(SimulateOptions options, TextWriter output, Progress progress)
    {
        foreach (string path in options.TracePaths)
        {
            yield return TraceReader.Read(path, progress);
        }

        foreach (WorkloadSpec workload in options.Workloads)
        {
            Trace trace = workload.Generate(progress);
            if (options.WritePath is string path)
            {
                TraceWriter.Write(trace, path);
                output.WriteLine($"{trace.Name}: written to {path}");
            }

            yield return trace;
        }
    }
}
