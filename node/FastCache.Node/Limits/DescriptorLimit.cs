using System.Globalization;

namespace FastCache.Node.Limits;

/// <summary>How many connections the descriptors of a process allow.</summary>
/// <remarks>
/// Some are kept back, always: the runtime needs two to start a thread, and it starts one to tell of a SIGTERM. With none
/// left a node would abort where it was asked to stop. Peers can therefore never take the last ones.
/// </remarks>
internal static class DescriptorLimit
{
    /// <summary>What a shard's backend opens: rings, wakers, its listener.</summary>
    private const int OfShard = 8;

    /// <summary>Those of the runtime, and some to spare.</summary>
    private const int OfProcess = 32;

    private const string LimitName = "Max open files";

    /// <summary>Fits the number of connections to the descriptors that this process may have.</summary>
    /// <param name="options">What was asked for.</param>
    /// <param name="log">Is told when it is more than can be.</param>
    /// <exception cref="InvalidOperationException">There are too few for even one connection.</exception>
    public static NodeOptions Fit(NodeOptions options, TextWriter log) =>
        OperatingSystem.IsLinux() ? Fit(options, Allowed(), Open(), log) : options;

    /// <summary>The same for known numbers of descriptors.</summary>
    /// <param name="options">What was asked for.</param>
    /// <param name="allowed">Those that the process may have.</param>
    /// <param name="open">Those that it has.</param>
    /// <param name="log">Is told when it is more than can be.</param>
    internal static NodeOptions Fit(NodeOptions options, int allowed, int open, TextWriter log)
    {
        int kept = open + OfProcess + (options.Shards * (OfShard + NodeOptions.RefusalSlots));
        int room = allowed - kept;
        if (room < 1)
        {
            throw new InvalidOperationException(
                $"the process may have {allowed} descriptors, and a node of {options.Shards} shards needs {kept} beside its connections; raise ulimit -n");
        }

        if (room >= options.MaxConnections)
        {
            return options;
        }

        log.WriteLine(
            $"connections: at most {room} instead of {options.MaxConnections}, because the process may have only {allowed} descriptors (ulimit -n)");
        return options with { MaxConnections = room };
    }

    /// <summary>The soft limit, which the runtime has raised to the hard one.</summary>
    private static int Allowed()
    {
        string line = File.ReadLines("/proc/self/limits").First(line => line.StartsWith(LimitName, StringComparison.Ordinal));
        string soft = line[LimitName.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        return int.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) ? limit : int.MaxValue;
    }

    private static int Open() => Directory.GetFileSystemEntries("/proc/self/fd").Length;
}
