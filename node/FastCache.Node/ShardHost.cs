using System.Diagnostics;
using System.Net.Sockets;
using FastCache.Core;
using FastCache.Io;
using FastCache.Node.Doors;
using FastCache.Node.Shards;

namespace FastCache.Node;

/// <summary>How far the shards of a node are in starting, and what went wrong.</summary>
/// <param name="shards">Number of shards.</param>
internal sealed class Startup(int shards) : IDisposable
{
    private readonly CountdownEvent _created = new(shards);
    private volatile string? _failure;

    /// <summary>The first thing that went wrong, or null.</summary>
    public string? Failure => _failure;

    /// <summary>Says that the node cannot start.</summary>
    public void Fail(string reason) => Interlocked.CompareExchange(ref _failure, reason, null);

    /// <summary>Says that a shard has been created, or has failed, and waits for all others.</summary>
    /// <returns>Whether all of them have been created.</returns>
    public bool ArriveAndWait()
    {
        _created.Signal();
        _created.Wait();
        return _failure is null;
    }

    public void Dispose() => _created.Dispose();
}

/// <summary>One shard and everything of it, on the one thread that ever touches them.</summary>
internal sealed class ShardHost(NodeOptions options, SharedState shared, Startup startup, StopRequest stop, int home)
{
    /// <summary>Creates the shard, serves until the node is to stop, and takes everything down.</summary>
    /// <param name="processor">Where the thread shall run; null: anywhere.</param>
    public void Run(int? processor)
    {
        long started = Stopwatch.GetTimestamp();
        if (processor is int bound)
        {
            ThreadAffinity.Bind(ThreadAffinity.CallingThread, bound);
        }

        ShardIoOptions sizes = options.ToIoOptions();
        using IShardIo? io = CreateIo(sizes, out string choice);
        using Shard? shard = io is null ? null : CreateShard();
        using ShardLoop? loop = shard is null ? null : new ShardLoop(io!, sizes, shard, options, shared, home);
        if (!startup.ArriveAndWait())
        {
            return;
        }

        if (home == 0)
        {
            if (TryListen(io!, out List<DoorAddress> open))
            {
                Announce(open, choice, io!.Description, Stopwatch.GetElapsedTime(started));
            }
            else
            {
                stop.Request();
            }
        }

        stop.Attach(loop!);
        loop!.Run();
        stop.Detach(loop);
    }

    private IShardIo? CreateIo(ShardIoOptions sizes, out string reason)
    {
        if (!ShardIo.TryCreate(options.Io, sizes, out IShardIo? io, out reason))
        {
            startup.Fail(reason);
        }

        return io;
    }

    private Shard? CreateShard()
    {
        try
        {
            return new Shard(options.ToShardOptions());
        }
        catch (InsufficientMemoryException refused)
        {
            startup.Fail(refused.Message);
            return null;
        }
    }

    private bool TryListen(IShardIo io, out List<DoorAddress> open)
    {
        open = [];
        foreach (DoorAddress wanted in options.Listens)
        {
            try
            {
                DoorAddress bound = wanted with { EndPoint = io.Listen(wanted.EndPoint) };
                shared.Doors.Add(bound);
                open.Add(bound);
            }
            catch (SocketException refused)
            {
                startup.Fail($"it cannot listen on {wanted}: {refused.Message}");
                return false;
            }
        }

        return true;
    }

    private void Announce(List<DoorAddress> open, string choice, string description, TimeSpan elapsed)
    {
        Console.Error.WriteLine($"backend: {choice}");
        Console.Error.WriteLine(description);
        Console.Error.WriteLine(
            $"memory {ByteSize.Format(options.MemoryBytes)}{(options.Prefault ? ", present" : "")} "
            + $"after {elapsed.TotalMilliseconds:0} ms, {options.Shards} {(options.Shards == 1 ? "shard" : "shards")}");
        foreach (DoorAddress bound in open)
        {
            Console.Out.WriteLine($"FastCache listening on {bound}");
        }

        Console.Out.Flush();
    }
}
