using System.Net;
using System.Net.Sockets;
using FastCache.Io;
using FastCache.LoadGen.Children;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Options;

namespace FastCache.LoadGen.Runs;

/// <summary>The node that a run loads: the one that <c>--connect</c> names, or a child.</summary>
internal sealed class Target : IDisposable
{
    private readonly ChildProcess? _child;

    private Target(IPEndPoint address, ChildProcess? child)
    {
        Address = address;
        _child = child;
    }

    public IPEndPoint Address { get; }

    /// <summary>The child's process; null: it runs elsewhere.</summary>
    public int? ProcessId => _child?.Id;

    public static Target Open(RunContext context) =>
        context.Options.Connect is DnsEndPoint named ? new(Resolve(named), null) : Start(context);

    /// <summary>A fresh node.</summary>
    public static Target Start(RunContext context) => Start(context, context.Options.NodeIo);

    /// <summary>A fresh node over a backend.</summary>
    public static Target Start(RunContext context, IoBackend io)
    {
        RunOptions options = context.Options;
        ChildProgram program = ChildProgram.Node(options.Memory, io, options.Shards, options.NodeArguments);
        ChildProcess child = ChildProcess.Start(program, context.Cpus.Node);
        context.Say($"  node {child.Id} listens on {child.Address}, processor {context.Cpus.Node}");
        return new(child.Address, child);
    }

    /// <summary>Reads the node's own statistics.</summary>
    public INodeMeter OpenMeter()
    {
        NodeSocket connection = NodeSocket.Connect(Address);
        connection.Greet();
        return new StatisticsMeter(connection, ProcessId);
    }

    public void Dispose() => _child?.Dispose();

    private static IPEndPoint Resolve(DnsEndPoint named)
    {
        try
        {
            return new(Dns.GetHostAddresses(named.Host)[0], named.Port);
        }
        catch (SocketException exception)
        {
            throw new LoadFailedException($"--connect names {named.Host}, which has no address: {exception.Message}");
        }
    }
}
