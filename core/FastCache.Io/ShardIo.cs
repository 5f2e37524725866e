using System.Diagnostics.CodeAnalysis;
using FastCache.Io.Connections;
using FastCache.Io.Epoll;
using FastCache.Io.Sockets;
using FastCache.Io.Uring;

namespace FastCache.Io;

/// <summary>Creates the backends of <see cref="IShardIo"/>.</summary>
public static class ShardIo
{
    private static readonly IoBackend[] Candidates = [IoBackend.Uring, IoBackend.Epoll, IoBackend.Sockets];

    private const int MaxMaxConnections = 1_000_000;
    private const int MinReceiveBufferBytes = 1_024;
    private const int MaxReceiveBufferBytes = 1 << 20;
    private const int MinReceiveBuffers = 2;
    private const int MaxReceiveBuffers = 32_768;

    /// <summary>Creates a backend, which belongs to the calling thread: no other may use it, except for <see cref="IShardIo.Wake"/>.</summary>
    /// <param name="backend">Which one; <see cref="IoBackend.Auto"/> tries them in their order.</param>
    /// <param name="options">Its sizes.</param>
    /// <param name="io">The backend; null when the machine refuses it.</param>
    /// <param name="reason">One line: why it was refused, or what was chosen and why.</param>
    /// <returns>Whether <paramref name="io"/> was created.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static bool TryCreate(
        IoBackend backend, ShardIoOptions options, [NotNullWhen(true)] out IShardIo? io, out string reason)
    {
        Validate(options);
        if (backend != IoBackend.Auto)
        {
            io = TryCreate(backend, options, out reason);
            reason = io is null ? reason : $"{NameOf(backend)}, because it was asked for";
            return io is not null;
        }

        string refusals = "";
        foreach (IoBackend candidate in Candidates)
        {
            io = TryCreate(candidate, options, out string refusal);
            if (io is not null)
            {
                string why = refusals.Length > 0 ? refusals : "this machine allows it and has all that it needs";
                reason = $"{NameOf(candidate)}, because {why}";
                return true;
            }

            refusals += (refusals.Length > 0 ? " " : "") + refusal;
        }

        io = null;
        reason = refusals;
        return false;
    }

    /// <summary>Lets the runtime's thread that learns of a socket's readiness tell <see cref="IoBackend.Sockets"/> of it itself.</summary>
    /// <remarks>
    /// Otherwise it hands that to a pool thread. It saves a thread switch for each receive: 40% of the processor time at
    /// one request a time (perf-reports/2026-11-25-network.md). To be called before the process uses its first asynchronous
    /// socket, and only by a process whose other sockets never block in their continuations, because it is for all of
    /// them. An environment that sets it already is left alone.
    /// </remarks>
    public static void PreferInlineCompletions()
    {
        const string Name = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
        if (Environment.GetEnvironmentVariable(Name) is null)
        {
            Environment.SetEnvironmentVariable(Name, "1");
        }
    }

    /// <summary>Closes what <see cref="IoEventKind.Detached"/> reported and no backend has adopted. May be called by any thread.</summary>
    public static void CloseDetached(nint descriptor) => DetachedSockets.Close((int)descriptor);

    private static ShardIoBase? TryCreate(IoBackend backend, ShardIoOptions options, out string reason) => backend switch
    {
        IoBackend.Uring => UringShardIo.TryCreate(options, out reason),
        IoBackend.Epoll => EpollShardIo.TryCreate(options, out reason),
        IoBackend.Sockets => CreateSockets(options, out reason),
        _ => throw new ArgumentOutOfRangeException(nameof(backend), backend, "There is no such backend."),
    };

    private static SocketShardIo CreateSockets(ShardIoOptions options, out string reason)
    {
        reason = "";
        return SocketShardIo.Create(options);
    }

    private static string NameOf(IoBackend backend) => backend switch
    {
        IoBackend.Uring => "io_uring",
        IoBackend.Epoll => "epoll",
        _ => "sockets",
    };

    internal static void Validate(ShardIoOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Require(options.MaxConnections, 1, MaxMaxConnections, nameof(options.MaxConnections));
        Require(
            options.ReceiveBufferBytes, MinReceiveBufferBytes, MaxReceiveBufferBytes,
            nameof(options.ReceiveBufferBytes));
        Require(options.ReceiveBuffers, MinReceiveBuffers, MaxReceiveBuffers, nameof(options.ReceiveBuffers));
        if (!int.IsPow2(options.ReceiveBuffers))
        {
            throw OutOfRange(options.ReceiveBuffers, nameof(options.ReceiveBuffers), "a power of two");
        }

        Require(options.MaxBacklogBytes, 0, long.MaxValue, nameof(options.MaxBacklogBytes));
    }

    private static void Require(long value, long least, long most, string name)
    {
        if (value < least || value > most)
        {
            throw OutOfRange(value, name, $"{least:N0} to {most:N0}");
        }
    }

    private static ArgumentOutOfRangeException OutOfRange(long value, string name, string allowed) =>
        new(name, value, $"{name} must be {allowed}.");
}
