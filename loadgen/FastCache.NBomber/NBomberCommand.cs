using System.CommandLine;
using System.CommandLine.Parsing;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Scenarios;
using Scenario = FastCache.LoadGen.Scenarios.Scenario;

namespace FastCache.NBomber;

/// <summary>The command: the options of <c>loadgen scenario</c>, and those that NBomber makes possible.</summary>
internal sealed class NBomberCommand
{
    private const string Examples = """
        Plays a use of a cache against a node as a scenario of NBomber, with its reports, and judges what came back.

        Without --connect a node is started as a child process, and ended with the run.

        Examples:
          --list                                           all scenarios with their targets
          session-store --rate 200K --duration 30s         one of them, open loop (Inject)
          standard --shape ramp --duration 1m              a rate that grows (RampingInject)
          standard --copies 32                             closed loop (KeepConstant): as fast as the node answers
          session-store --config nbomber.json              load, warm-up and reports as a configuration of NBomber's says

        Exit code: 0 if no threshold was missed (the machine may have been unable to tell), 2 if one was missed; 1 for a
        refused option, a wrong reply, a lost connection or a node that fails; 130 when interrupted.
        """;

    private const int ClosedBatch = 128;

    /// <summary>How far the rate may be from the one that was asked for.</summary>
    private const double WorstRounding = 0.01;

    private readonly TextOption<int> _copies = new(
        "--copies", "n", null, "1 to 1000",
        "Closed loop: so many copies, each of which begins its next iteration when the last has ended.",
        OptionReaders.Number(1, 1_000));

    private readonly TextOption<int> _batch = new(
        "--batch", "n", null, $"1 to {ScenarioPlayer.MaxActors}",
        $"Flows of one iteration. Without it: so few that {LoadPlan.MaxIterationsPerSecond} iterations a second reach the rate; {ClosedBatch} with --copies.",
        OptionReaders.Number(1, ScenarioPlayer.MaxActors));

    private readonly TextOption<string> _config = new(
        "--config", "file", null, "a .json file that exists",
        "A configuration of NBomber's; what it says of the scenario takes the place of the options here.",
        OptionReaders.Text(text => text.EndsWith(".json", StringComparison.Ordinal) && File.Exists(text)));

    private readonly TextOption<string> _reports = new(
        "--report-folder", "folder", "reports", "a folder's name, of one that may be missing",
        "Where the run makes a folder for its reports.", OptionReaders.Text(text => text.Length > 0 && !File.Exists(text)));

    private readonly RootCommand _command = new(Examples);
    private readonly Func<CommandResult, ScenarioOptions> _load;

    private NBomberCommand()
    {
        _load = ScenarioCommand.DeclareOn(_command);
        foreach (ITextOption option in All)
        {
            option.AddTo(_command);
        }

        _command.Validators.Add(Check);
    }

    private ITextOption[] All => [_copies, _batch, _config, _reports];

    /// <summary>The command; <paramref name="run"/> gets its checked options and returns the exit code.</summary>
    public static RootCommand Create(Func<NBomberOptions, int> run)
    {
        NBomberCommand declared = new();
        declared._command.SetAction(result => run(declared.Read(result.CommandResult)));
        return declared._command;
    }

    private NBomberOptions Read(CommandResult result)
    {
        ScenarioOptions load = _load(result);
        int most = load.Scenario?.Actors ?? ClosedBatch;
        bool isClosed = _copies.IsGiven(result);
        int batch = _batch.IsGiven(result) ? _batch.Of(result)
            : isClosed ? Math.Min(ClosedBatch, most)
            : LoadPlan.BatchFor(load.Rate, most);
        LoadPlan plan = isClosed
            ? LoadPlan.Closed(_copies.Of(result), batch, load.Run.Duration)
            : LoadPlan.Open(ShapeOf(load), batch);
        return new(load, plan, _config.Of(result), _reports.Of(result)!);
    }

    private static LoadShape ShapeOf(ScenarioOptions load) => LoadShape.Of(load.Shape, load.Rate, load.Run.Duration);

    private void Check(CommandResult result)
    {
        if (result.Errors.Any() || !All.All(option => option.IsValid(result)))
        {
            return;
        }

        NBomberOptions options = Read(result);
        if (options.Load.Scenario is not Scenario scenario)
        {
            return;
        }

        ScenarioOptions load = options.Load;
        LoadPlan plan = options.Plan;
        Refuse(plan.Batch > scenario.Actors, $"--batch is {plan.Batch}; {scenario.Name} takes 1 to {scenario.Actors}.");
        Refuse(plan.WorstRounding > WorstRounding,
            $"{Quantity.FormatCount(load.Rate)} flows a second in batches of {plan.Batch} are no whole iterations; take a higher --rate or a smaller --batch.");
        Refuse(load.Run.WarmUp > load.Run.Duration,
            $"--warmup is {Quantity.FormatDuration(load.Run.WarmUp)}, longer than --duration, {Quantity.FormatDuration(load.Run.Duration)}; NBomber refuses that.");
        Refuse(LoadPlan.IsTooShort(ShapeOf(load), out double leastSeconds),
            $"--duration is {Quantity.FormatDuration(load.Run.Duration)}; NBomber needs {Quantity.FormatDuration(TimeSpan.FromSeconds(leastSeconds))} for this shape.");

        void Refuse(bool isWrong, string why)
        {
            if (isWrong)
            {
                result.AddError(why);
            }
        }
    }
}
