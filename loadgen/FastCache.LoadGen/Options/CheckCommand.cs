using System.CommandLine;
using System.CommandLine.Parsing;
using FastCache.Io;

namespace FastCache.LoadGen.Options;

/// <summary>The command <c>check</c>: every option's name, default, range and help text.</summary>
internal sealed class CheckCommand
{
    private const string Examples = """
        Holds a node to the specification: 2.3M operations a second, 95% hits, and at that rate 99.9% of hits under
        1 ms, misses under 10 ms and writes under 5 ms. For commits and CI; it takes a quarter of a minute an attempt.

        The node is measured beside a program that only moves the same bytes. A target that this program misses too, or
        during which the machine stood still, is not judged but explained. Node cpu is compared with that program's.

        Exit code: 0 if no target was missed (the machine may have been unable to tell), 2 if one was missed; 1 for a
        refused option, a wrong reply, a lost connection or a node that fails; 130 when interrupted.
        """;

    private readonly TextOption<int> _tries = new(
        "--tries", "n", "3", "1 to 10", "Most attempts. Each target must be met once; it is missed if it was missed twice.",
        OptionReaders.Number(1, 10));

    private readonly TextOption<TimeSpan> _duration = new(
        "--duration", "time", "2s", "500ms to 1m", "Length of each of an attempt's four measured phases.",
        OptionReaders.Duration(TimeSpan.FromMilliseconds(500), TimeSpan.FromMinutes(1)));

    private readonly TextOption<TimeSpan> _warmUp = CommonOptions.WarmUp("1s");
    private readonly TextOption<CpuList> _nodeCpus = CommonOptions.NodeCpus();
    private readonly TextOption<CpuList> _loadCpus = CommonOptions.LoadCpus();
    private readonly TextOption<IoBackend> _io = CommonOptions.Io();
    private readonly TextOption<ulong> _seed = CommonOptions.Seed();
    private readonly TextOption<string> _record = CommonOptions.File("--record", "Write the run's record.");
    private readonly TextOption<string> _page = CommonOptions.Page();

    private ITextOption[] All => [_tries, _duration, _warmUp, _nodeCpus, _loadCpus, _io, _seed, _record, _page];

    /// <summary>The command; <paramref name="run"/> gets its checked options and returns the exit code.</summary>
    public static Command Create(Func<CheckOptions, int> run)
    {
        CheckCommand declared = new();
        Command command = new("check", Examples);
        foreach (ITextOption option in declared.All)
        {
            option.AddTo(command);
        }

        command.SetAction(result => run(declared.Read(result.CommandResult)));
        return command;
    }

    private CheckOptions Read(SymbolResult result) => new(
        new()
        {
            Keys = 1_000_000,
            KeySize = 16,
            ValueSize = 100,
            Reads = 0.9,
            Misses = 0.05,
            Connections = 32,
            Depth = 128,
            Duration = _duration.Of(result),
            WarmUp = _warmUp.Of(result),
            NodeCpus = _nodeCpus.Of(result)!,
            LoadCpus = _loadCpus.Of(result)!,
            Memory = "512MiB",
            NodeIo = _io.Of(result),
            Seed = _seed.Of(result),
            PagePath = _page.Of(result),
            Texts = OptionTexts.Of(result, All),
        },
        _tries.Of(result),
        _record.Of(result));
}
