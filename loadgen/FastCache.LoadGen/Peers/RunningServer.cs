using System.Net;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting.Records;
using FastCache.LoadGen.Runs;
using FastCache.LoadGen.Wire;

namespace FastCache.LoadGen.Peers;

/// <summary>A cache server that is compared, FastCache or a peer; disposal ends it.</summary>
/// <param name="name">Its name and version.</param>
/// <param name="wire">What it speaks.</param>
/// <param name="address">Where it listens.</param>
/// <param name="processId">Its process.</param>
/// <param name="process">Ends it.</param>
internal sealed class RunningServer(string name, IWire wire, IPEndPoint address, int processId, IDisposable process) : IDisposable
{
    public string Name { get; } = name;

    public IWire Wire { get; } = wire;

    public IPEndPoint Address { get; } = address;

    public int ProcessId { get; } = processId;

    /// <summary>Starts FastCache's node.</summary>
    public static RunningServer FastCache(RunContext context)
    {
        Target node = Target.Start(context);
        return new(RunRecords.Node, FcpWire.Instance, node.Address, node.ProcessId!.Value, node);
    }

    /// <summary>Starts a peer.</summary>
    /// <param name="peer">Which.</param>
    /// <param name="command">Where it was found.</param>
    /// <param name="name">Its name and version.</param>
    /// <param name="context">Memory, keys, connections and processors.</param>
    /// <param name="depth">Most requests that a client will send at once.</param>
    /// <exception cref="Engine.LoadFailedException">It does not listen.</exception>
    public static RunningServer Start(Peer peer, IReadOnlyList<string> command, string name, RunContext context, int depth)
    {
        RunOptions options = context.Options;
        _ = Quantity.TryParseBytes(options.Memory, out long memoryBytes);
        PeerProcess process = CpuAffinity.On(context.Cpus.Node, () => PeerProcess.OverLoopback(
            command, port => peer.Arguments(new(port, memoryBytes, options.Keys, options.Connections, depth))));
        context.Say($"  {name} {process.Id} listens on {process.EndPoint}, processor {context.Cpus.Node}");
        return new(name, peer.Wire, (IPEndPoint)process.EndPoint, process.Id, process);
    }

    public void Dispose() => process.Dispose();
}
