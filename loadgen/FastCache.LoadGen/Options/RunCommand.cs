using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using FastCache.Io;
using FastCache.LoadGen.Workload;
using FastCache.Protocol;

namespace FastCache.LoadGen.Options;

/// <summary>The command <c>run</c>: every option's name, default, range and help text.</summary>
internal sealed class RunCommand
{
    private const string Examples = """
        Drives load at a node and prints throughput, latencies and verdicts.

        Without --connect a node is started as a child process, and ended with the run.

        Examples:
          run                                      the standard workload, closed loop, against a node of its own
          run --rate 2.3M                          the same workload at the target rate; latencies count from due time
          run --depth 16 --floor                   node and byte-moving program in turn
          run --compare-io                         the node over io_uring, epoll and sockets in turn, at depths 128, 16 and 1
          run --shards 2 --clients unordered       a node of two shards, and clients that take replies in any order
          run --find-rate                          the highest rate at which 99.9% of hits stay under 1 ms
          run --connect 10.0.0.7:7600 --reads 1    reads only, against a node that runs elsewhere
          run --distribution zipf --keys 10M --memory 4GiB --record run.json --page run.html

        In closed loop (without --rate) every connection keeps --depth requests under way, so its latencies are those of
        a full queue and are not judged. At a --rate they are judged as they are, whatever else the machine did: the stall
        table says how much that was, and check and scenario take it into account. Exit code: 0 after a run, whether targets were met or missed; 1 for a refused
        option, a wrong reply, a lost connection or a node that fails; 130 when interrupted.
        """;

    /// <summary>Most bytes that may wait to be sent, over all connections.</summary>
    private const long MaxBatchBytes = 1L << 30;

    /// <summary>What the byte-moving program allows.</summary>
    private const int MaxFloorBytes = 1 << 20;

    private readonly TextOption<DnsEndPoint> _connect = CommonOptions.Connect();

    private readonly TextOption<int> _keys = LoadOptions.Keys();

    private readonly TextOption<int> _keySize = LoadOptions.KeySize();

    private readonly TextOption<int> _valueSize = new(
        "--value-size", "bytes", "100", "0 to 16MiB", "Bytes of a value.", OptionReaders.Bytes(0, 16 << 20));

    private readonly TextOption<double> _reads = LoadOptions.Reads();

    private readonly TextOption<double> _misses = LoadOptions.Misses();

    private readonly TextOption<KeyDistribution> _distribution = new(
        "--distribution", "uniform|zipf", "uniform", "uniform or zipf", "How keys are drawn.",
        OptionReaders.Name<KeyDistribution>());

    private readonly TextOption<double> _zipfExponent = new(
        "--zipf-exponent", "s", "0.99", "0.01 to 5",
        "With --distribution zipf: rank k is drawn in proportion to 1/k^s.", OptionReaders.Decimal(0.01, 5));

    private readonly TextOption<int> _connections = LoadOptions.Connections();

    private readonly TextOption<ClientKind> _clients = new(
        "--clients", "aware|unaware|unordered", "aware", "aware, unaware or unordered",
        "Each connection asks one shard for that shard's keys, or every shard for any key and has its replies in order, or " +
        "takes them in any order.",
        OptionReaders.Name<ClientKind>());

    private readonly TextOption<int> _depth = new(
        "--depth", "n", "128", "1 to 16384",
        "Requests that a connection sends at once; at a --rate: the most that it sends at once.",
        OptionReaders.Number(1, 16_384));

    private readonly TextOption<TimeSpan> _duration = LoadOptions.Duration("10s");

    private readonly TextOption<TimeSpan> _warmUp = CommonOptions.WarmUp("2s");

    private readonly TextOption<long> _rate = LoadOptions.Rate();

    private readonly TextOption<CpuList> _nodeCpus = CommonOptions.NodeCpus();

    private readonly TextOption<CpuList> _loadCpus = CommonOptions.LoadCpus();

    private readonly TextOption<string> _memory = CommonOptions.Memory("1GiB");

    private readonly TextOption<int> _shards = new(
        "--shards", "n", null, "1 to 256", "Shards of the node that is started; one for each of its processors unless given.",
        OptionReaders.Number(1, 256));

    private readonly TextOption<IoBackend> _io = CommonOptions.Io();

    private readonly TextOption<string> _record = CommonOptions.File("--record", "Write the record of the run, too; see report.", alias: "--json");

    private readonly TextOption<string> _page = CommonOptions.Page();

    private readonly TextOption<ulong> _seed = CommonOptions.Seed();

    private readonly TextOption<int> _rounds = LoadOptions.Rounds("With --floor or --compare-io: how often each is measured.");

    private readonly Option<bool> _floor = new("--floor")
    {
        Description = "Measure the node and, in turn, a program that only moves the same bytes.",
    };

    private readonly Option<bool> _findRate = new("--find-rate")
    {
        Description = "Search the highest open-loop rate at which 99.9% of hits stay under 1 ms.",
    };

    private readonly Option<bool> _compareIo = new("--compare-io")
    {
        Description = "Measure nodes over each of the backends in turn, at depths 128, 16 and 1; each has its own --memory.",
    };

    /// <summary>In the order of the help.</summary>
    private ITextOption[] All =>
    [
        _connect, _keys, _keySize, _valueSize, _reads, _misses, _distribution, _zipfExponent, _connections, _clients,
        _depth, _duration, _warmUp, _rate, _nodeCpus, _loadCpus, _memory, _shards, _io, _record, _page, _seed, _rounds,
    ];

    /// <summary>The command; <paramref name="run"/> gets its checked options and returns the exit code.</summary>
    public static Command Create(Func<RunOptions, int> run)
    {
        RunCommand declared = new();
        Command command = new("run", Examples);
        foreach (ITextOption option in declared.All)
        {
            option.AddTo(command);
        }

        command.Add(declared._floor);
        command.Add(declared._findRate);
        command.Add(declared._compareIo);
        command.Validators.Add(declared.CheckCombinations);
        command.SetAction(result => run(declared.Read(result.CommandResult)));
        return command;
    }

    private RunOptions Read(SymbolResult result) => new()
    {
        Connect = _connect.Of(result),
        Keys = _keys.Of(result),
        KeySize = _keySize.Of(result),
        ValueSize = _valueSize.Of(result),
        Reads = _reads.Of(result),
        Misses = _misses.Of(result),
        Distribution = _distribution.Of(result),
        ZipfExponent = _zipfExponent.Of(result),
        Connections = _connections.Of(result),
        Clients = _clients.Of(result),
        Depth = _depth.Of(result),
        Duration = _duration.Of(result),
        WarmUp = _warmUp.Of(result),
        Rate = _rate.Of(result),
        NodeCpus = _nodeCpus.Of(result)!,
        LoadCpus = _loadCpus.Of(result)!,
        Memory = _memory.Of(result)!,
        Shards = _shards.IsGiven(result) ? _shards.Of(result) : null,
        NodeIo = _io.Of(result),
        RecordPath = _record.Of(result),
        PagePath = _page.Of(result),
        Texts = OptionTexts.Of(result, All),
        Seed = _seed.Of(result),
        Rounds = _rounds.Of(result),
        Mode = result.GetValue(_floor) ? RunMode.Floor
            : result.GetValue(_findRate) ? RunMode.FindRate
            : result.GetValue(_compareIo) ? RunMode.CompareIo
            : RunMode.Measure,
    };

    private void CheckCombinations(CommandResult result)
    {
        if (!All.All(option => option.IsValid(result)))
        {
            return;
        }

        RunOptions options = Read(result);
        bool isFloor = result.GetValue(_floor);
        bool isSearch = result.GetValue(_findRate);
        Refuse(isFloor && isSearch, "--floor and --find-rate exclude each other; give one of them.");
        Refuse(isFloor && options.Connect is not null,
            "--floor starts node and byte-moving program itself; leave --connect out.");
        bool isIo = result.GetValue(_compareIo);
        Refuse(isIo && (isFloor || isSearch), "--compare-io excludes --floor and --find-rate; give one of them.");
        Refuse(isIo && options.Connect is not null, "--compare-io starts its nodes itself; leave --connect out.");
        Refuse(isIo && _io.IsGiven(result), "--compare-io takes every backend; leave --io out.");
        Refuse(isIo && _depth.IsGiven(result), "--compare-io measures at depths 128, 16 and 1; leave --depth out.");
        string whyNoRate = isIo ? "--compare-io is closed loop" : isFloor ? "--floor is closed loop" : "--find-rate sets the rate";
        Refuse((isFloor || isSearch || isIo) && options.Rate != 0,
            $"--rate is {options.Rate}, but {whyNoRate}; leave it out.");
        Refuse(_rounds.IsGiven(result) && !isFloor && !isIo,
            "--rounds belongs to --floor and --compare-io; give it with one of them.");
        Refuse(_memory.IsGiven(result) && options.Connect is not null,
            "--memory is for the node that is started; with --connect none is.");
        Refuse(_io.IsGiven(result) && options.Connect is not null,
            "--io is for the node that is started; with --connect none is.");
        Refuse(_shards.IsGiven(result) && options.Connect is not null,
            "--shards is for the node that is started; with --connect none is.");
        Refuse(options.Clients == ClientKind.Aware && options.Shards > options.Connections,
            $"--shards is {options.Shards}, but only --connections {options.Connections} are there, and an aware client asks " +
            "one shard only; raise --connections, or take --clients unaware.");
        Refuse(options.Clients == ClientKind.Unordered && (options.Rate != 0 || isSearch),
            $"--clients unordered is closed loop; leave {(isSearch ? "--find-rate" : "--rate")} out.");
        Refuse(_zipfExponent.IsGiven(result) && options.Distribution != KeyDistribution.Zipf,
            "--zipf-exponent belongs to --distribution zipf; give both or none.");
        string keySize = LoadOptions.CheckKeySize(options);
        Refuse(keySize.Length > 0, keySize);
        RequestMix mix = RequestMix.Of(options);
        double batchBytes = options.Connections * Math.Max(mix.SetBytes, options.Depth * mix.AverageRequestBytes);
        Refuse(batchBytes > MaxBatchBytes,
            $"--connections {options.Connections} times --depth {options.Depth} requests are {batchBytes:N0} bytes " +
            $"at once; allowed: {MaxBatchBytes:N0}. Lower one of them, or --value-size.");
        Refuse(isFloor && Math.Max(mix.AverageRequestBytes, mix.AverageReplyBytes) > MaxFloorBytes,
            $"--floor moves requests and replies of at most {MaxFloorBytes:N0} bytes on average; lower --value-size.");

        void Refuse(bool isWrong, string why)
        {
            if (isWrong)
            {
                result.AddError(why);
            }
        }
    }
}
