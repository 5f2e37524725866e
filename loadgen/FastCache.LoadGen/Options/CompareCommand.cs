using System.CommandLine;
using System.CommandLine.Parsing;
using FastCache.Io;
using FastCache.LoadGen.Peers;

namespace FastCache.LoadGen.Options;

/// <summary>The command <c>compare</c>: every option's name, default, range and help text.</summary>
internal sealed class CompareCommand
{
    private const string Description = """
        Drives the same load at FastCache and at its peers, in turn, and prints one table.

        Every server gets the same processors, memory, keys, connections and depth, and speaks its own protocol: RESP2
        redis, valkey and garnet, the meta commands memcached. resp and meta are FastCache's own node, spoken to as if it were redis or memcached. Every round starts each of them anew and stores all keys;
        figures are medians over the rounds. loadgen/install-peers.sh installs the peers.

        With five peers and the defaults 162 phases of 2.5 s are measured, and servers are started and filled 54 times:
        about 12 minutes; every phase says what is left.

        Examples:
          compare                                                          all peers that are found
          compare --with redis --depths 16 --value-sizes 100 --rounds 1    a first look: half a minute
          compare --with redis,memcached --rounds 5
          compare --depths 16 --value-sizes 100 --duration 10s --chart peers.svg --record peers.json

        Exit code: 0 after a comparison, whoever won; 1 for a refused option, a peer that is not found, a wrong reply or a
        server that fails; 130 when interrupted.
        """;

    /// <summary>What memcached takes unless told otherwise is 1 MiB with everything.</summary>
    private const int MaxValueBytes = 1_000_000;

    /// <summary>Most bytes that may wait to be sent, over all connections.</summary>
    private const long MaxBatchBytes = 1L << 30;

    private readonly TextOption<IReadOnlyList<Peer>> _with = new(
        "--with", "names", null, $"names of {string.Join(", ", Peer.All.Select(peer => peer.Name))}, each once",
        "The peers; all that are found unless given.",
        OptionReaders.List((string text, out Peer peer) => (peer = Peer.Named(text)!) is not null));

    private readonly TextOption<IReadOnlyList<int>> _depths = new(
        "--depths", "list", "1,16,128", "numbers from 1 to 16384, each once", "Requests that a connection sends at once.",
        OptionReaders.List(OptionReaders.Number(1, 16_384)));

    private readonly TextOption<IReadOnlyList<int>> _valueSizes = new(
        "--value-sizes", "list", "32,100,1000", $"numbers of bytes from 1 to {MaxValueBytes}, each once", "Bytes of a value.",
        OptionReaders.List(OptionReaders.Bytes(1, MaxValueBytes)));

    private readonly TextOption<int> _keys = LoadOptions.Keys();
    private readonly TextOption<int> _keySize = LoadOptions.KeySize();
    private readonly TextOption<double> _reads = LoadOptions.Reads();
    private readonly TextOption<double> _misses = LoadOptions.Misses();
    private readonly TextOption<int> _connections = LoadOptions.Connections();
    private readonly TextOption<TimeSpan> _duration = LoadOptions.Duration("2s");
    private readonly TextOption<TimeSpan> _warmUp = CommonOptions.WarmUp("500ms");
    private readonly TextOption<long> _rate = LoadOptions.Rate();
    private readonly TextOption<int> _rounds = LoadOptions.Rounds("How often each is measured.");
    private readonly TextOption<CpuList> _nodeCpus = CommonOptions.NodeCpus("each server, in its turn");
    private readonly TextOption<CpuList> _loadCpus = CommonOptions.LoadCpus();
    private readonly TextOption<string> _memory = CommonOptions.Memory("2GiB", "each server");
    private readonly TextOption<ulong> _seed = CommonOptions.Seed();
    private readonly TextOption<string> _chart = CommonOptions.File("--chart", "Draw the table, too, as an SVG picture.");
    private readonly TextOption<string> _record = CommonOptions.File("--record", "Write every round for programs, too.");
    private readonly TextOption<string> _page = CommonOptions.Page();

    /// <summary>In the order of the help.</summary>
    private ITextOption[] All =>
    [
        _with, _depths, _valueSizes, _keys, _keySize, _reads, _misses, _connections, _duration, _warmUp, _rate, _rounds,
        _nodeCpus, _loadCpus, _memory, _seed, _chart, _record, _page,
    ];

    /// <summary>The command; <paramref name="run"/> gets its checked options and returns the exit code.</summary>
    public static Command Create(Func<CompareOptions, int> run)
    {
        CompareCommand declared = new();
        Command command = new("compare", Description);
        foreach (ITextOption option in declared.All)
        {
            option.AddTo(command);
        }

        command.Validators.Add(declared.CheckCombinations);
        command.SetAction(result => run(declared.Read(result.CommandResult)));
        return command;
    }

    private CompareOptions Read(SymbolResult result) => new()
    {
        Load = new()
        {
            Keys = _keys.Of(result),
            KeySize = _keySize.Of(result),
            Reads = _reads.Of(result),
            Misses = _misses.Of(result),
            Connections = _connections.Of(result),
            Duration = _duration.Of(result),
            WarmUp = _warmUp.Of(result),
            Rate = _rate.Of(result),
            Rounds = _rounds.Of(result),
            NodeCpus = _nodeCpus.Of(result)!,
            LoadCpus = _loadCpus.Of(result)!,
            Memory = _memory.Of(result)!,
            NodeIo = IoBackend.Auto,
            Shards = 1,
            NodeArguments = ["--prefault", "false"], // As with all peers, memory shows as it is used.
            Texts = OptionTexts.Of(result, All),
            Seed = _seed.Of(result),
            PagePath = _page.Of(result),
        },
        With = _with.Of(result),
        Depths = _depths.Of(result)!,
        ValueSizes = _valueSizes.Of(result)!,
        ChartPath = _chart.Of(result),
        RecordPath = _record.Of(result),
    };

    private void CheckCombinations(CommandResult result)
    {
        if (!All.All(option => option.IsValid(result)))
        {
            return;
        }

        CompareOptions options = Read(result);
        RunOptions load = options.Load;
        string keySize = LoadOptions.CheckKeySize(load);
        if (keySize.Length > 0)
        {
            result.AddError(keySize);
        }

        double batchBytes = (double)load.Connections * options.Depths.Max() * options.ValueSizes.Max();
        if (batchBytes > MaxBatchBytes)
        {
            result.AddError(
                $"--connections {load.Connections} times the deepest of --depths times the largest of --value-sizes are " +
                $"{batchBytes:N0} bytes at once; allowed: {MaxBatchBytes:N0}. Lower one of them.");
        }
    }
}
