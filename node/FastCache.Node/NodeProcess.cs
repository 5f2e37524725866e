using System.Net;
using FastCache.Cluster;
using FastCache.Io;
using FastCache.Node.Cluster;
using FastCache.Node.Limits;
using FastCache.Node.Shards;

namespace FastCache.Node;

/// <summary>The process around the shards: starts their threads, and ends them on a signal.</summary>
internal static class NodeProcess
{
    /// <summary>Exit code after a failure that nobody expected (EX_SOFTWARE of sysexits.h).</summary>
    public const int Crash = 70;

    private const int Success = 0;
    private const int Failure = 1;

    /// <summary>Serves until SIGTERM, SIGINT or a failure.</summary>
    /// <returns>The exit code: 0 after a clean stop, 1 when the node could not start.</returns>
    public static int Run(NodeOptions options)
    {
        if (options.IoInfo)
        {
            IoInfo.Write(Console.Out);
            return Success;
        }

        if (options.Io == IoBackend.Sockets || !OperatingSystem.IsLinux())
        {
            ShardIo.PreferInlineCompletions();
        }

        try
        {
            options = DescriptorLimit.Fit(options, Console.Error);
        }
        catch (InvalidOperationException refusal)
        {
            return CannotStart(refusal.Message);
        }

        TopologyFile? topology;
        try
        {
            topology = TopologyFile.Open(options, out IPEndPoint listen);
            options = options with { Listen = listen };
        }
        catch (TopologyException wrong)
        {
            return CannotStart(wrong.Message);
        }

        using StopRequest stop = new();
        if (options.StopWithInput)
        {
            StandardInput.OnEnd(stop.Request);
        }

        using SharedState shared = new(options, Console.Error, topology);
        using ReloadSignal? reload = topology is null ? null : new(topology, shared.Log, shared.Exchange.WakeAll);
        using Startup startup = new(options.Shards);
        IReadOnlyList<int> processors = ThreadAffinity.Allowed();
        NodeOptions fitted = options.On(processors.Count);
        Thread[] threads = new Thread[options.Shards];
        for (int i = 0; i < threads.Length; i++)
        {
            int home = i;
            ShardHost host = new(fitted, shared, startup, stop, home);
            threads[i] = new Thread(() => Guard(
                $"shard {home}", () => host.Run(fitted.Pin ? processors[home] : null), Console.Error, Environment.Exit))
            {
                Name = $"shard {home}",
            };
            threads[i].Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        if (startup.Failure is string failure)
        {
            return CannotStart(failure);
        }

        Console.Error.WriteLine("FastCache stopped");
        return Success;
    }

    private static int CannotStart(string why)
    {
        Console.Error.WriteLine($"FastCache cannot start: {why}");
        return Failure;
    }

    /// <summary>Runs a thread's body; an exception nobody expected ends the process: a shard without its thread is no shard.</summary>
    /// <remarks>It ends where the exception is thrown: taking down what is broken might never come to an end.</remarks>
    /// <param name="name">Whose body it is.</param>
    /// <param name="body">What the thread does.</param>
    /// <param name="diagnosis">Where the failure is described.</param>
    /// <param name="exit">Ends the process with a code.</param>
    internal static void Guard(string name, Action body, TextWriter diagnosis, Action<int> exit)
    {
        try
        {
            body();
        }
        catch (Exception failure) when (End(name, failure, diagnosis, exit))
        {
        }
    }

    private static bool End(string name, Exception failure, TextWriter diagnosis, Action<int> exit)
    {
        try
        {
            diagnosis.WriteLine($"FastCache ends: {name} failed. Please report this:\n{failure}");
            diagnosis.Flush();
        }
        catch (IOException)
        {
            // There is nowhere to say it; the exit code does.
        }

        exit(Crash);
        return true;
    }
}
