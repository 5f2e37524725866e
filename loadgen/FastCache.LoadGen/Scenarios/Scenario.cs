using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Workload;

namespace FastCache.LoadGen.Scenarios;

/// <summary>What the flow of one connection works with.</summary>
/// <param name="Keys">The working set.</param>
/// <param name="Picker">Draws from the working set; shared, it keeps no state.</param>
/// <param name="Lane">Number of the connection.</param>
/// <param name="Lanes">How many there are; what must be done once is split among them by number.</param>
/// <param name="Seed">This connection's own.</param>
internal readonly record struct FlowPlace(KeySpace Keys, KeyPicker Picker, int Lane, int Lanes, ulong Seed);

/// <summary>A use of a cache as data: what is stored, what the actors do, how fast, and what must hold.</summary>
internal sealed record Scenario
{
    /// <summary>Bytes of every key.</summary>
    public const int KeyBytes = 16;

    /// <summary>What it is called on the command line.</summary>
    public required string Name { get; init; }

    /// <summary>What it stands for, in one sentence.</summary>
    public required string Use { get; init; }

    /// <summary>Keys of the working set; stored before it begins.</summary>
    public required int Keys { get; init; }

    public KeyDistribution Distribution { get; init; }

    public double ZipfExponent { get; init; } = 0.99;

    /// <summary>Makes the flow of one connection.</summary>
    public required Func<FlowPlace, ScenarioFlow> CreateFlow { get; init; }

    /// <summary>Whether values go in streams, which only the shard of their key answers.</summary>
    public bool Streams { get; init; }

    public int Connections { get; init; } = 32;

    /// <summary>Most flows under way on each connection.</summary>
    public int Actors { get; init; } = 256;

    /// <summary>Connections beside them that only are there.</summary>
    public int QuietConnections { get; init; }

    /// <summary>Flows that begin each second; the highest rate of the shape.</summary>
    public required double Rate { get; init; }

    public ShapeKind Shape { get; init; }

    /// <summary>What must hold.</summary>
    public required IReadOnlyList<ScenarioTarget> Targets { get; init; }

    /// <summary>Memory of the node that is started, as its option wants it.</summary>
    public string Memory { get; init; } = "1GiB";

    /// <summary>Further options of the node that is started.</summary>
    public IReadOnlyList<string> NodeArguments { get; init; } = [];

    /// <summary>A player for each of several connections to one node.</summary>
    /// <param name="keys">Keys of the working set; <see cref="Keys"/> unless asked otherwise.</param>
    /// <param name="connections">How many players.</param>
    /// <param name="seed">Same seed, same flows.</param>
    /// <param name="recorder">Of a connection: takes its latencies; one that is shared belongs to one thread.</param>
    public ScenarioPlayer[] CreatePlayers(int keys, int connections, ulong seed, Func<int, LatencyRecorder> recorder)
    {
        KeySpace space = new(keys, KeyBytes);
        KeyPicker picker = new(keys, Distribution, ZipfExponent);
        SplitMix seeds = new(seed);
        return
        [
            .. Enumerable.Range(0, connections).Select(lane => new ScenarioPlayer(
                CreateFlow(new(space, picker, lane, connections, seeds.Next())), Actors, recorder(lane))),
        ];
    }
}
