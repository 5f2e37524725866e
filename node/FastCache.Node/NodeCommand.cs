using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using System.Text;
using FastCache.Core;
using FastCache.Io;
using FastCache.Node.Doors;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Node.Sessions;
using FastCache.Node.Shards;

namespace FastCache.Node;

/// <summary>The command line: every option once, with its default, its range and its help.</summary>
internal static class NodeCommand
{
    private const int MaxMaxConnections = 1_000_000;
    private const long MinConnectionMemory = 16L << 20;
    private const long MaxConnectionMemory = 1L << 40;
    private const double MaxWaitSeconds = 3600;
    private const double MaxIdleTimeoutSeconds = 30 * 24 * 3600;
    private const int MinPipelined = 64;
    private const int MaxMaxPipelined = 1_000_000;
    private const long MinMaxValueBytes = 1 << 10;
    private static readonly IPEndPoint DefaultListen = new(IPAddress.Loopback, 7600);

    private const double MaxStaleTimeSeconds = 365 * 86_400;

    private static readonly Option<Size> Memory = new("--memory", "-m")
    {
        Description = $"Hard budget for items, index and eviction together: {ByteSize.Format(ShardOptions.MinMemoryBudgetBytes)} "
            + $"to {ByteSize.Format(ShardOptions.MaxMemoryBudgetBytes)}, as bytes or with KiB, MiB, GiB.",
        HelpName = "SIZE",
        DefaultValueFactory = _ => new(1L << 30),
        CustomParser = result => ParseSize(result, ShardOptions.MinMemoryBudgetBytes, ShardOptions.MaxMemoryBudgetBytes),
    };

    private static readonly Option<DoorAddress[]> Listen = new("--listen", "-l")
    {
        Description = "Address and port to serve on, and what is spoken there: fcp://127.0.0.1:7600, or without fcp://, for FCP, "
            + "resp://127.0.0.1:6379 for Redis's protocol, memcached://127.0.0.1:11211 for memcached's (docs/doors.md). "
            + "May be given several times, at most "
            + $"{IShardIo.MaxListeners} in all; FCP is always spoken, at 127.0.0.1:7600 unless an fcp address is given. "
            + "Loopback unless told otherwise: no protocol has authentication yet. "
            + "Port 0 takes any free one; [::1]:7600 is the form for IPv6.",
        HelpName = "[SCHEME://]ADDRESS:PORT",
        DefaultValueFactory = _ => [new DoorAddress(DoorKind.Fcp, DefaultListen)],
        CustomParser = ParseListens,
    };

    private static readonly Option<string> Topology = new("--topology")
    {
        Description = "The cluster that the node is in: a JSON file with its nodes and their slots (docs/topology.md). SIGHUP reads it again. "
            + "Unless told, the node is in no cluster and has all slots.",
        HelpName = "FILE",
    };

    private static readonly Option<string> Node = new("--node")
    {
        Description = "Which node of --topology this one is; without --listen it listens on that node's address. "
            + "Unless told, the one whose address is that of --listen.",
        HelpName = "NAME",
    };

    private static readonly Option<int> MaxConnections = new("--max-connections")
    {
        Description = $"Most connections at once, 1 to {MaxMaxConnections:N0}; further ones are told so and closed.",
        HelpName = "COUNT",
        DefaultValueFactory = _ => 10_000,
        CustomParser = result => (int)ParseNumber(result, 1, MaxMaxConnections, "a whole number"),
    };

    private static readonly Option<Size> ConnectionMemory = new("--connection-memory")
    {
        Description = "Hard budget for input and replies that wait, over all connections: "
            + $"{ByteSize.Format(MinConnectionMemory)} to {ByteSize.Format(MaxConnectionMemory)}. "
            + "While it is scarce the heaviest peers are paused, then disconnected.",
        HelpName = "SIZE",
        DefaultValueFactory = _ => new(256L << 20),
        CustomParser = result => ParseSize(result, MinConnectionMemory, MaxConnectionMemory),
    };

    private static readonly Option<int> Shards = new("--shards", "-s")
    {
        Description = "Number of shards: threads that each own a share of the keys, of both memories and of the connections. "
            + $"1 to {ShardDirectory.MaxShards}; each needs {ByteSize.Format(ShardOptions.MinMemoryBudgetBytes)} of --memory and "
            + $"{ByteSize.Format(MinConnectionMemory)} of --connection-memory. Unless told, one for each processor that the node may use.",
        HelpName = "COUNT",
        CustomParser = result => (int)ParseNumber(result, 1, ShardDirectory.MaxShards, "a whole number"),
    };

    private static readonly Option<string> Pin = new("--pin")
    {
        Description = "Bind the thread of each shard to a processor of its own where there are enough (true), or let the system choose (false).",
        HelpName = "true|false",
        DefaultValueFactory = _ => "true",
        CustomParser = ParseSwitch,
    };

    private static readonly Option<string> Spin = new("--spin")
    {
        Description = $"Look for new requests for up to {AdaptiveSpin.MaxMicros} us before sleeping where that has paid lately (true): "
            + "a third of the latency of a request that comes alone, for processor time that nobody else wants; or sleep at once (false). "
            + "Shards that share a processor sleep at once.",
        HelpName = "true|false",
        DefaultValueFactory = _ => "true",
        CustomParser = ParseSwitch,
    };

    private static readonly Option<int> MaxConnectionsPerAddress = new("--max-connections-per-address")
    {
        Description = $"Most connections at once from one address, 1 to {MaxMaxConnections:N0}; further ones are told so and closed. "
            + "Unless told, as many as --max-connections.",
        HelpName = "COUNT",
        CustomParser = result => (int)ParseNumber(result, 1, MaxMaxConnections, "a whole number"),
    };

    private static readonly Option<int> MaxKey = new("--max-key")
    {
        Description = $"Longest key in bytes, 1 to {Shard.MaxKeyBytes}.",
        HelpName = "BYTES",
        DefaultValueFactory = _ => Shard.MaxKeyBytes,
        CustomParser = result => (int)ParseNumber(result, 1, Shard.MaxKeyBytes, "a whole number"),
    };

    private static readonly Option<Size> MaxValue = new("--max-value")
    {
        Description = $"Largest value in one frame, {ByteSize.Format(MinMaxValueBytes)} to {ByteSize.Format(RequestExecutor.MaxValueBytes)}; "
            + "larger values are streamed in pieces.",
        HelpName = "SIZE",
        DefaultValueFactory = _ => new(RequestExecutor.MaxValueBytes),
        CustomParser = result => ParseSize(result, MinMaxValueBytes, RequestExecutor.MaxValueBytes),
    };

    private static readonly Option<int> MaxPipelined = new("--max-pipelined")
    {
        Description = "Most requests of one connection that are executed before the other connections have their turn, "
            + $"{MinPipelined} to {MaxMaxPipelined:N0}; what is sent beyond waits.",
        HelpName = "COUNT",
        DefaultValueFactory = _ => 16_384,
        CustomParser = result => (int)ParseNumber(result, MinPipelined, MaxMaxPipelined, "a whole number"),
    };

    private static readonly Option<double> HandshakeTimeout = Seconds(
        "--handshake-timeout", 10, 1, MaxWaitSeconds, "that a new connection may take to say its Hello");

    private static readonly Option<double> FrameTimeout = Seconds(
        "--frame-timeout", 30, 1, MaxWaitSeconds, "that a frame may take to arrive whole before its sender is disconnected");

    private static readonly Option<double> StreamTimeout = Seconds(
        "--stream-timeout", 30, 1, MaxWaitSeconds,
        "that an open stream may wait for a piece, its commit or credit before it is ended, while the connection goes on");

    private static readonly Option<double> IdleTimeout = Seconds(
        "--idle-timeout", 3600, 0, MaxIdleTimeoutSeconds, "that a connection may say nothing before it is closed (0: for ever)");

    private static readonly Option<double> WriteTimeout = Seconds(
        "--write-timeout", 30, 0.1, MaxWaitSeconds, "that a peer may leave its replies unread before it is disconnected");

    private static readonly Option<double> ShutdownTimeout = Seconds(
        "--shutdown-timeout", 5, 0.1, MaxWaitSeconds,
        "that the node takes at most, once told to stop, to answer what it has received and to tell its clients");

    private static readonly Option<bool> StopWithInput = new("--stop-with-input")
    {
        Description = "Stop when standard input ends: for programs that start a node and must not leave it behind when they are killed.",
    };

    private static readonly Option<string> Prefault = new("--prefault")
    {
        Description = "Make all memory present before listening (true), so that no request pays for a page fault, or as it is used (false).",
        HelpName = "true|false",
        DefaultValueFactory = _ => "true",
        CustomParser = ParseSwitch,
    };

    private static readonly Option<Size> CompressFrom = new("--compress-from")
    {
        Description = "Store values of at least so many bytes compressed (LZ4) when that saves an eighth: "
            + $"{ByteSize.Format(ShardOptions.MinCompressFromBytes)} to {ByteSize.Format(ShardOptions.MaxCompressedValueBytes)}; 0 compresses nothing. "
            + $"Values over {ByteSize.Format(ShardOptions.MaxCompressedValueBytes)} are never compressed; clients get all of them expanded.",
        HelpName = "SIZE",
        DefaultValueFactory = _ => new(0),
        CustomParser = result => Token(result) == "0"
            ? new(0)
            : ParseSize(result, ShardOptions.MinCompressFromBytes, ShardOptions.MaxCompressedValueBytes, orElse: "0 or "),
    };

    private static readonly Option<double> StaleTime = Seconds(
        "--stale-time", 0, 0, MaxStaleTimeSeconds,
        "for which a value that was stored with KeepStale can still be had by LeaseGet after it has expired or was made stale "
            + "(0: nothing is kept stale)");

    private static readonly Option<EventClasses> KeyEvents = new("--notify-keyspace-events")
    {
        Description = "Of which events of keys subscribers of Redis's protocol are told, in its letters: K or E, or both, and classes of events "
            + $"(A for all; {EventLetters.Allowed}). Unless told, of none; CONFIG SET changes it.",
        HelpName = "LETTERS",
        CustomParser = ParseEvents,
    };

    private static readonly Option<IoBackend> Io = new("--io")
    {
        Description = "How the node reaches its sockets: io_uring (Linux 6.1 and newer), epoll (any Linux), System.Net.Sockets (anywhere), "
            + "or the first of them that this machine allows (auto, unless told).",
        HelpName = IoBackendNames.Choices,
        CustomParser = ParseBackend,
    };

    private static readonly Option<bool> Info = new("--io-info")
    {
        Description = "Try every backend and every feature of io_uring on this machine, say what works and why the rest does not, and end.",
    };

    /// <summary>The root command; <paramref name="run"/> is called with valid options and returns the exit code.</summary>
    public static RootCommand Create(Func<NodeOptions, int> run)
    {
        RootCommand root = new(
            "FastCache node: a cache in off-heap memory, served over FCP (docs/protocol.md), and over Redis's and memcached's protocols if asked to (docs/doors.md).\n\n"
            + "Example: --memory 1GiB --listen 127.0.0.1:7600\n"
            + "Ctrl-C or SIGTERM stops it with exit code 0.")
        {
            Memory, Listen, Topology, Node, Shards, Pin, Spin, MaxConnections, MaxConnectionsPerAddress, ConnectionMemory, MaxKey, MaxValue,
            MaxPipelined, HandshakeTimeout, FrameTimeout, StreamTimeout, IdleTimeout, WriteTimeout, ShutdownTimeout, Prefault,
            CompressFrom, StaleTime, KeyEvents, Io, Info, StopWithInput,
        };
        root.Validators.Add(result =>
        {
            if (result.GetResult(Node) is not null && result.GetResult(Topology) is null)
            {
                result.AddError("--node names a node of --topology, so it needs that: --topology FILE --node NAME.");
            }
        });
        root.SetAction(parsed => RunIfMemorySuffices(new NodeOptions
        {
            MemoryBytes = parsed.GetValue(Memory).Bytes,
            Listen = FcpOf(parsed)?.EndPoint ?? DefaultListen,
            IsListenGiven = parsed.GetResult(Listen) is { Implicit: false } && FcpOf(parsed) is not null,
            MoreListens = [.. parsed.GetValue(Listen)!.Where(listen => !ReferenceEquals(listen, FcpOf(parsed)))],
            TopologyPath = parsed.GetValue(Topology),
            NodeName = parsed.GetValue(Node),
            Shards = parsed.GetValue(Shards) is int shards and > 0 ? shards : DefaultShards(parsed),
            Pin = parsed.GetValue(Pin) == "true",
            Spin = parsed.GetValue(Spin) == "true",
            MaxConnections = parsed.GetValue(MaxConnections),
            MaxConnectionsPerAddress = parsed.GetValue(MaxConnectionsPerAddress) is int each and > 0 ? each : MaxMaxConnections,
            MaxKeyBytes = parsed.GetValue(MaxKey),
            MaxValueBytes = (int)parsed.GetValue(MaxValue).Bytes,
            MaxPipelined = parsed.GetValue(MaxPipelined),
            HandshakeTimeout = TimeSpan.FromSeconds(parsed.GetValue(HandshakeTimeout)),
            IdleTimeout = TimeSpan.FromSeconds(parsed.GetValue(IdleTimeout)),
            ShutdownTimeout = TimeSpan.FromSeconds(parsed.GetValue(ShutdownTimeout)),
            ConnectionMemoryBytes = parsed.GetValue(ConnectionMemory).Bytes,
            WriteTimeout = TimeSpan.FromSeconds(parsed.GetValue(WriteTimeout)),
            FrameTimeout = TimeSpan.FromSeconds(parsed.GetValue(FrameTimeout)),
            StreamTimeout = TimeSpan.FromSeconds(parsed.GetValue(StreamTimeout)),
            StopWithInput = parsed.GetValue(StopWithInput),
            Prefault = parsed.GetValue(Prefault) == "true",
            CompressFromBytes = (int)parsed.GetValue(CompressFrom).Bytes,
            StaleTime = TimeSpan.FromSeconds(parsed.GetValue(StaleTime)),
            KeyEvents = parsed.GetValue(KeyEvents),
            Io = parsed.GetValue(Io),
            IoInfo = parsed.GetValue(Info),
        }, run));
        return root;
    }

    /// <summary>Many shards need much memory; a count that somebody asked for is refused rather than changed.</summary>
    private static int RunIfMemorySuffices(NodeOptions options, Func<NodeOptions, int> run)
    {
        if (options.Shards <= MostShards(options.MemoryBytes, options.ConnectionMemoryBytes))
        {
            return run(options);
        }

        Console.Error.WriteLine(
            $"{options.Shards} shards need {ByteSize.Format(options.Shards * ShardOptions.MinMemoryBudgetBytes)} of --memory and "
            + $"{ByteSize.Format(options.Shards * MinConnectionMemory)} of --connection-memory; there are "
            + $"{ByteSize.Format(options.MemoryBytes)} and {ByteSize.Format(options.ConnectionMemoryBytes)}.");
        return 1;
    }

    private static int DefaultShards(ParseResult parsed) => Math.Min(
        ThreadAffinity.Allowed().Count, MostShards(parsed.GetValue(Memory).Bytes, parsed.GetValue(ConnectionMemory).Bytes));

    private static int MostShards(long memory, long connectionMemory) => (int)Math.Clamp(
        Math.Min(memory / ShardOptions.MinMemoryBudgetBytes, connectionMemory / MinConnectionMemory),
        1,
        ShardDirectory.MaxShards);

    /// <summary>An option for a time in seconds.</summary>
    /// <param name="name">As it is written.</param>
    /// <param name="byDefault">Unless told.</param>
    /// <param name="least">Least that is allowed.</param>
    /// <param name="most">Most that is allowed.</param>
    /// <param name="purpose">Goes on with "Seconds ".</param>
    private static Option<double> Seconds(string name, double byDefault, double least, double most, string purpose) => new(name)
    {
        Description = string.Create(CultureInfo.InvariantCulture, $"Seconds {purpose}, {least} to {most:N0}."),
        HelpName = "SECONDS",
        DefaultValueFactory = _ => byDefault,
        CustomParser = result => ParseNumber(result, least, most, "a number"),
    };

    private static Size ParseSize(ArgumentResult result, long least, long most, string orElse = "")
    {
        string text = Token(result);
        if (!ByteSize.TryParse(text, out long bytes) || bytes < least || bytes > most)
        {
            result.AddError($"'{text}' is not {orElse}a size from {ByteSize.Format(least)} to {ByteSize.Format(most)} (write 512MiB, 1GiB or bytes).");
        }

        return new(bytes);
    }

    private static double ParseNumber(ArgumentResult result, double least, double most, string kind)
    {
        string text = Token(result);
        bool whole = kind == "a whole number";
        if (!double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
            || !(number >= least && number <= most) || (whole && number != Math.Floor(number)))
        {
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"'{text}' is not {kind} from {least} to {most}."));
        }

        return number;
    }

    private static string ParseSwitch(ArgumentResult result)
    {
        string text = Token(result);
        if (text is not ("true" or "false"))
        {
            result.AddError($"'{text}' is not true or false.");
        }

        return text;
    }

    private static IoBackend ParseBackend(ArgumentResult result)
    {
        string text = Token(result);
        if (!IoBackendNames.TryParse(text, out IoBackend backend))
        {
            result.AddError($"'{text}' is not {IoBackendNames.Allowed}.");
        }

        return backend;
    }

    private static EventClasses ParseEvents(ArgumentResult result)
    {
        string text = Token(result);
        if (!EventLetters.TryParse(Encoding.UTF8.GetBytes(text), out EventClasses classes))
        {
            result.AddError($"'{text}' has other letters than {EventLetters.Allowed}.");
        }

        return classes;
    }

    /// <summary>The first address of FCP, if one was given.</summary>
    private static DoorAddress? FcpOf(ParseResult parsed) =>
        Array.Find(parsed.GetValue(Listen)!, listen => listen.Kind == DoorKind.Fcp);

    private static DoorAddress[] ParseListens(ArgumentResult result)
    {
        List<DoorAddress> listens = [];
        foreach (Token token in result.Tokens)
        {
            if (DoorAddress.TryParse(token.Value, out DoorAddress? listen))
            {
                listens.Add(listen);
            }
            else
            {
                result.AddError($"'{token.Value}' is not an address to listen on: {DoorAddress.Allowed}.");
            }
        }

        int fcp = listens.Exists(listen => listen.Kind == DoorKind.Fcp) ? 0 : 1;
        if (listens.Count + fcp > IShardIo.MaxListeners)
        {
            result.AddError($"{listens.Count + fcp} addresses to listen on are too many; allowed are {IShardIo.MaxListeners}, FCP's among them.");
        }

        return [.. listens];
    }

    private static string Token(ArgumentResult result) => result.Tokens.Count == 0 ? "" : result.Tokens[0].Value;

    /// <summary>A number of bytes that the help shows as it is typed.</summary>
    private readonly record struct Size(long Bytes)
    {
        public override string ToString() => ByteSize.Format(Bytes);
    }
}
