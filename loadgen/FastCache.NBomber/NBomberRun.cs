using System.Globalization;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;
using FastCache.LoadGen.Reporting.Records;
using FastCache.LoadGen.Runs;
using FastCache.LoadGen.Scenarios;
using NBomber.Contracts;
using NBomber.Contracts.Stats;
using NBomber.CSharp;
using Scenario = FastCache.LoadGen.Scenarios.Scenario;

namespace FastCache.NBomber;

/// <summary>Executes the command: node, quiet connections, NBomber, thresholds.</summary>
internal static class NBomberRun
{
    public static int Execute(NBomberOptions options)
    {
        if (options.Load.Scenario is not Scenario scenario)
        {
            ScenarioTable.WriteList(ScenarioCatalog.All, Console.Out);
            return CommandFrame.Success;
        }

        return CommandFrame.Run(stop =>
        {
            NBomberConfiguration? configuration = options.ConfigurationPath is string path
                ? NBomberConfiguration.Read(path, scenario.Name)
                : null;
            RunContext context = CommandFrame.Prepare(options.Load.Run, stop, out MachineDescription machine);
            string folder = FolderFor(options.ReportFolder, scenario);
            Stall[] before = CommandFrame.MeasureStalls(context, "before");
            (ScenarioStats statistics, ScenarioResult result) = Play(context, scenario, options, configuration, folder);
            Stall[] stalls = [.. before, .. CommandFrame.MeasureStalls(context, "after")];
            LoadKind kind = configuration is { SetsLoad: true } ? LoadKind.Configured
                : options.Plan.Iterations is null ? LoadKind.Closed
                : LoadKind.Open;
            IReadOnlyList<Verdict> verdicts = Thresholds.Judge(scenario, kind, options.Plan, statistics, result, stalls);
            StringWriter report = new();
            NBomberReport.Write(options.Plan, statistics, result, verdicts, stalls, report);
            File.WriteAllText(Path.Combine(folder, $"{scenario.Name}-operations.txt"), report.ToString());
            RunRecord record = RunRecords.Of(scenario, options.Load.Run, machine, result, verdicts, stalls) with { Kind = "nbomber" };
            RecordFile.Write(record, Path.Combine(folder, $"{scenario.Name}-record.json"));
            Console.Write(report);
            Console.WriteLine($"  reports are in {folder}");
            return verdicts.Any(verdict => verdict.Outcome == Outcome.Missed) ? CommandFrame.Missed : CommandFrame.Success;
        });
    }

    private static (ScenarioStats Statistics, ScenarioResult Result) Play(
        RunContext context, Scenario scenario, NBomberOptions options, NBomberConfiguration? configuration, string folder)
    {
        using Target target = Target.Open(context);
        using INodeMeter meter = target.OpenMeter();
        using BatchScenario batches = new(scenario, options, target.Address, meter, context.Stop);
        using Herd? herd = ScenarioRun.Gather(context, target, meter, out HerdResult? cost);
        NodeStats statistics = RunUnderNBomber(batches, scenario, options.Plan, configuration, folder);
        (PhaseResult phase, FlowCounts counts) = batches.Result();
        LoadShape shape = LoadShape.Of(options.Load.Shape, options.Load.Rate, options.Load.Run.Duration);
        return (statistics.ScenarioStats[0], new(phase, counts, shape)
        {
            Due = options.Plan.Iterations * options.Plan.Batch ?? counts.Flows,
            ResidentBytes = ScenarioRun.ResidentBytes(target),
            BudgetBytes = ScenarioRun.BudgetBytes(target, options.Load.Run),
            Herd = cost,
            IsShared = context.Cpus.IsShared,
        });
    }

    /// <summary>A folder for this run alone: NBomber deletes what is in its folder before it runs.</summary>
    private static string FolderFor(string parent, Scenario scenario) =>
        Path.Combine(parent, scenario.Name + DateTime.UtcNow.ToString("-yyyyMMdd-HHmmss", CultureInfo.InvariantCulture));

    /// <summary>Runs it, and has NBomber's reports written.</summary>
    /// <exception cref="LoadFailedException">It failed, or NBomber refuses its configuration.</exception>
    private static NodeStats RunUnderNBomber(
        BatchScenario batches, Scenario scenario, LoadPlan plan, NBomberConfiguration? configuration, string folder)
    {
        NBomberContext nbomber = NBomberRunner
            .RegisterScenarios(batches.Describe())
            .WithTestSuite("FastCache")
            .WithTestName($"{scenario.Name} in batches of {plan.Batch}")
            .WithReportFolder(folder)
            .WithReportFileName(scenario.Name)
            .WithReportFormats(ReportFormat.Html, ReportFormat.Md, ReportFormat.Csv);
        try
        {
            return (configuration is null ? nbomber : nbomber.LoadConfig(configuration.Path)).Run();
        }
        catch (Exception exception) when (exception is not LoadFailedException)
        {
            // NBomber throws plain exceptions for all that it refuses, and for what a scenario's start throws.
            batches.ThrowIfFailed();
            throw new LoadFailedException($"NBomber refuses to run: {exception.Message}");
        }
    }
}
