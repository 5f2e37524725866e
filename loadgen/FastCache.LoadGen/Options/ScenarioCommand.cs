using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using FastCache.Io;
using FastCache.LoadGen.Scenarios;

namespace FastCache.LoadGen.Options;

/// <summary>The command <c>scenario</c>: every option's name, default, range and help text.</summary>
internal sealed class ScenarioCommand
{
    private const string Examples = """
        Plays a use of a cache against a node, open loop, verifies every value, and judges it by its targets.

        Without --connect a node is started as a child process, and ended with the run. Rate, shape, keys, connections and
        memory are the scenario's own unless they are given; --list says which.

        Examples:
          scenario --list                                 all scenarios with their targets
          scenario session-store                          one of them
          scenario session-store --shape spikes --rate 300K --duration 1m
          scenario standard --connect 10.0.0.7:7600 --record standard.json

        Exit code: 0 if no target was missed (the machine may have been unable to tell), 2 if one was missed; 1 for a
        refused option, a wrong reply, a lost connection or a node that fails; 130 when interrupted.
        """;

    private readonly Argument<string> _name = new("name")
    {
        Description = $"Which: {string.Join(", ", ScenarioCatalog.All.Select(scenario => scenario.Name))}.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<bool> _list = new("--list") { Description = "Print all scenarios, each with its load and its targets, and end." };

    private readonly TextOption<DnsEndPoint> _connect = CommonOptions.Connect();

    private readonly TextOption<ShapeKind> _shape = new(
        "--shape", "constant|ramp|steps|spikes", null, "constant, ramp, steps or spikes",
        "How the rate goes over the time; its highest is --rate.",
        OptionReaders.Name<ShapeKind>());

    private readonly TextOption<long> _rate = new(
        "--rate", "per second", null, "10 to 10M", "Flows that begin each second: one request, or some that follow from each other.",
        OptionReaders.Count(10, 10_000_000));

    private readonly TextOption<TimeSpan> _duration = new(
        "--duration", "time", "10s", "500ms to 24h", "Length of the measured phase.",
        OptionReaders.Duration(TimeSpan.FromMilliseconds(500), TimeSpan.FromHours(24)));

    private readonly TextOption<TimeSpan> _warmUp = CommonOptions.WarmUp("2s");

    private readonly TextOption<int> _keys = new(
        "--keys", "n", null, "1 to 100M", "Keys of the working set.", OptionReaders.Number(1, 100_000_000));

    private readonly TextOption<int> _connections = new(
        "--connections", "n", null, "1 to 1000", "Connections that are active.", OptionReaders.Number(1, 1_000));

    private readonly TextOption<int> _quiet = new(
        "--quiet-connections", "n", null, "0 to 100K", "Connections beside them that only are there.",
        OptionReaders.Number(0, 100_000));

    private readonly TextOption<string> _memory = CommonOptions.Memory(null);
    private readonly TextOption<CpuList> _nodeCpus = CommonOptions.NodeCpus();
    private readonly TextOption<CpuList> _loadCpus = CommonOptions.LoadCpus();
    private readonly TextOption<IoBackend> _io = CommonOptions.Io();
    private readonly TextOption<ulong> _seed = CommonOptions.Seed();

    private readonly TextOption<string> _record = CommonOptions.File("--record", "Write the run's record.");
    private readonly TextOption<string> _page = CommonOptions.Page();

    private ITextOption[] All =>
    [
        _shape, _rate, _duration, _warmUp, _keys, _connections, _quiet, _memory, _connect, _nodeCpus, _loadCpus, _io, _seed,
    ];

    /// <summary>The command; <paramref name="run"/> gets its checked options and returns the exit code.</summary>
    public static Command Create(Func<ScenarioOptions, int> run)
    {
        ScenarioCommand declared = new();
        Command command = new("scenario", Examples);
        declared.AddTo(command);
        declared._record.AddTo(command);
        declared._page.AddTo(command);
        command.SetAction(result => run(declared.Read(result.CommandResult)));
        return command;
    }

    /// <summary>Declares name, load and node on the command of another program that plays scenarios.</summary>
    /// <returns>Reads them, once they are checked.</returns>
    public static Func<CommandResult, ScenarioOptions> DeclareOn(Command command)
    {
        ScenarioCommand declared = new();
        declared.AddTo(command);
        return declared.Read;
    }

    private void AddTo(Command command)
    {
        command.Add(_name);
        command.Add(_list);
        foreach (ITextOption option in All)
        {
            option.AddTo(command);
        }

        command.Validators.Add(Check);
    }

    private void Check(CommandResult result)
    {
        string? name = result.GetValue(_name);
        bool isList = result.GetValue(_list);
        Refuse(name is null && !isList, "Which scenario? Name one, or give --list.");
        Refuse(name is not null && isList, "--list lists all scenarios; leave the name out.");
        Refuse(name is not null && ScenarioCatalog.Find(name) is null,
            $"There is no scenario '{name}'; allowed: {string.Join(", ", ScenarioCatalog.All.Select(scenario => scenario.Name))}.");
        bool isConnect = _connect.IsGiven(result);
        Refuse(isConnect && _memory.IsGiven(result), "--memory is for the node that is started; with --connect none is.");
        Refuse(isConnect && _io.IsGiven(result), "--io is for the node that is started; with --connect none is.");

        void Refuse(bool isWrong, string why)
        {
            if (isWrong)
            {
                result.AddError(why);
            }
        }
    }

    private ScenarioOptions Read(CommandResult result)
    {
        Scenario? scenario = ScenarioCatalog.Find(result.GetValue(_name) ?? "");
        Scenario of = scenario ?? ScenarioCatalog.All[0];
        int quiet = _quiet.IsGiven(result) ? _quiet.Of(result) : of.QuietConnections;
        double rate = _rate.IsGiven(result) ? _rate.Of(result) : of.Rate;
        ShapeKind shape = _shape.IsGiven(result) ? _shape.Of(result) : of.Shape;
        RunOptions run = new()
        {
            Connect = _connect.Of(result),
            Keys = _keys.IsGiven(result) ? _keys.Of(result) : of.Keys,
            KeySize = Scenario.KeyBytes,
            Distribution = of.Distribution,
            ZipfExponent = of.ZipfExponent,
            Connections = _connections.IsGiven(result) ? _connections.Of(result) : of.Connections,
            QuietConnections = quiet,
            Depth = of.Actors,
            Duration = _duration.Of(result),
            WarmUp = _warmUp.Of(result),
            NodeCpus = _nodeCpus.Of(result)!,
            LoadCpus = _loadCpus.Of(result)!,
            Memory = _memory.Of(result) ?? of.Memory,
            Shards = 1, // Streams go to the shard of their key, and the limits are those of one shard.
            NodeArguments = [.. of.NodeArguments, .. RoomFor(quiet)],
            NodeIo = _io.Of(result),
            Seed = _seed.Of(result),
            PagePath = _page.Of(result),
        };
        run = run with
        {
            Texts = OptionTexts.Of(result, All).With(
                ("rate", Quantity.FormatCount(rate)), ("shape", shape.ToString().ToLowerInvariant()), ("keys", $"{run.Keys}"),
                ("connections", $"{run.Connections}"), ("quiet-connections", $"{quiet}"), ("memory", run.Memory)),
        };
        return new(scenario, shape, rate, run, _record.Of(result));
    }

    /// <summary>Options of a node that shall take so many connections of one address beside the active ones.</summary>
    private static string[] RoomFor(int quiet)
    {
        const int Active = 2_000;
        string most = $"{quiet + Active}";
        return quiet == 0 ? [] : ["--max-connections", most, "--max-connections-per-address", most];
    }
}
