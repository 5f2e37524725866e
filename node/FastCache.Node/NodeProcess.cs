using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using FastCache.Core;
using FastCache.Io;

namespace FastCache.Node;

/// <summary>The process around a shard: starts its thread, announces it, and ends it on a signal.</summary>
internal static class NodeProcess
{
    private const int Success = 0;
    private const int Failure = 1;

    /// <summary>Serves until SIGTERM, SIGINT or a failure to start.</summary>
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

        int exitCode = Failure;
        using StopRequest stop = new();
        if (options.StopWithInput)
        {
            new Thread(() => WaitForEndOfInput(stop)) { IsBackground = true, Name = "standard input" }.Start();
        }

        // The backend belongs to the thread that creates it, and everything else of the shard lives there too. An
        // exception nobody expected ends the process with its stack trace: a shard without its thread is no shard.
        Thread shardThread = new(() => exitCode = Serve(options, stop)) { Name = "shard 0" };
        shardThread.Start();
        shardThread.Join();
        return exitCode;
    }

    private static void WaitForEndOfInput(StopRequest stop)
    {
        using Stream input = Console.OpenStandardInput();
        Span<byte> ignored = stackalloc byte[256];
        while (input.Read(ignored) > 0)
        {
        }

        stop.Request();
    }

    private static int Serve(NodeOptions options, StopRequest stop)
    {
        ShardIoOptions ioOptions = options.ToIoOptions();
        if (!ShardIo.TryCreate(options.Io, ioOptions, out IShardIo? io, out string reason))
        {
            Console.Error.WriteLine($"FastCache cannot start: {reason}");
            return Failure;
        }

        using (io)
        {
            long started = Stopwatch.GetTimestamp();
            Shard shard;
            try
            {
                shard = new Shard(options.ToShardOptions());
            }
            catch (InsufficientMemoryException refused)
            {
                Console.Error.WriteLine($"FastCache cannot start: {refused.Message}");
                return Failure;
            }

            using (shard)
            using (ShardLoop loop = new(io, ioOptions, shard, options))
            {
                if (!TryListen(io, options.Listen, out IPEndPoint bound))
                {
                    return Failure;
                }

                Console.Error.WriteLine($"backend: {reason}");
                Console.Error.WriteLine(io.Description);
                Console.Error.WriteLine(
                    $"memory {ByteSize.Format(options.MemoryBytes)}{(options.Prefault ? ", present" : "")} "
                    + $"after {Stopwatch.GetElapsedTime(started).TotalMilliseconds:0} ms");
                Console.Out.WriteLine($"FastCache listening on {bound}");
                Console.Out.Flush();
                if (stop.Attach(loop))
                {
                    loop.Run();
                }

                stop.Detach();

                Console.Error.WriteLine("FastCache stopped");
                return Success;
            }
        }
    }

    private static bool TryListen(IShardIo io, IPEndPoint endPoint, out IPEndPoint bound)
    {
        try
        {
            bound = io.Listen(endPoint);
            return true;
        }
        catch (SocketException refused)
        {
            Console.Error.WriteLine($"FastCache cannot listen on {endPoint}: {refused.Message}");
            bound = endPoint;
            return false;
        }
    }

    /// <summary>Turns SIGINT and SIGTERM into one call of <see cref="ShardLoop.Stop"/>, whichever of them and the loop is there first.</summary>
    private sealed class StopRequest : IDisposable
    {
        private readonly Lock _lock = new();
        private readonly PosixSignalRegistration _interrupt;
        private readonly PosixSignalRegistration _terminate;
        private ShardLoop? _loop;
        private bool _requested;

        public StopRequest()
        {
            _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle);
            _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle);
        }

        /// <returns>False when a signal came before the loop was ready.</returns>
        public bool Attach(ShardLoop loop)
        {
            lock (_lock)
            {
                _loop = loop;
                return !_requested;
            }
        }

        /// <summary>Stops the loop, now or as soon as it is there.</summary>
        public void Request()
        {
            lock (_lock)
            {
                _requested = true;
                _loop?.Stop();
            }
        }

        /// <summary>From here on signals have nothing to stop.</summary>
        public void Detach()
        {
            lock (_lock)
            {
                _loop = null;
            }
        }

        public void Dispose()
        {
            _interrupt.Dispose();
            _terminate.Dispose();
        }

        private void Handle(PosixSignalContext context)
        {
            context.Cancel = true;
            Request();
        }
    }
}
