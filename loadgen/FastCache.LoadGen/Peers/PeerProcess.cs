using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using FastCache.LoadGen.Engine;

namespace FastCache.LoadGen.Peers;

/// <summary>A server that somebody else wrote, started for a measurement.</summary>
/// <remarks>
/// It ends with this object, and by its process id alone: a server of the same name that the machine runs anyway is
/// never touched. When this process is told to end, the server is ended first; when this process is killed, the kernel
/// ends the server (where <c>setpriv</c> is there to ask for it; the thread that starts it must live as long as this).
/// </remarks>
internal sealed class PeerProcess : IDisposable
{
    private const string DirectoryPrefix = "fastcache-peer-";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly DirectoryInfo _directory;
    private readonly PosixSignalRegistration[] _signals;
    private bool _ended;

    private PeerProcess(Process process, EndPoint endPoint, DirectoryInfo directory)
    {
        _process = process;
        EndPoint = endPoint;
        Socket = new(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        _directory = directory;
        _signals =
        [
            .. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }
                .Select(signal => PosixSignalRegistration.Create(signal, _ => End())),
        ];
    }

    public int Id => _process.Id;

    /// <summary>The connection to it.</summary>
    public Socket Socket { get; }

    /// <summary>Where it listens.</summary>
    public EndPoint EndPoint { get; }

    /// <summary>Starts a server that listens on a unix socket, and connects to it.</summary>
    /// <param name="command">The program, and what its arguments begin with.</param>
    /// <param name="argumentsFor">Its further arguments for a socket with a given path.</param>
    /// <exception cref="LoadFailedException">It does not listen within <see cref="StartLimit"/>.</exception>
    public static PeerProcess OverUnixSocket(IReadOnlyList<string> command, Func<string, IEnumerable<string>> argumentsFor)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory(DirectoryPrefix);
        string socketPath = Path.Combine(directory.FullName, "socket");
        return Start([.. command, .. argumentsFor(socketPath)], new UnixDomainSocketEndPoint(socketPath), directory);
    }

    /// <summary>The same with a server that listens on a free port of the loopback address.</summary>
    /// <param name="command">The program, and what its arguments begin with.</param>
    /// <param name="argumentsFor">Its further arguments for a given port.</param>
    /// <exception cref="LoadFailedException">It does not listen within <see cref="StartLimit"/>.</exception>
    public static PeerProcess OverLoopback(IReadOnlyList<string> command, Func<int, IEnumerable<string>> argumentsFor)
    {
        IPEndPoint endPoint = new(IPAddress.Loopback, FreePort());
        DirectoryInfo directory = Directory.CreateTempSubdirectory(DirectoryPrefix);
        return Start([.. command, .. argumentsFor(endPoint.Port)], endPoint, directory);
    }

    public void Dispose()
    {
        Socket.Dispose();
        End();
        foreach (PosixSignalRegistration signal in _signals)
        {
            signal.Dispose();
        }

        _process.Dispose();
    }

    private static int FreePort()
    {
        using Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }

    private static PeerProcess Start(string[] command, EndPoint endPoint, DirectoryInfo directory)
    {
        string program = command[0];
        if (PeerProgram.Find("setpriv") is string setpriv)
        {
            command = [setpriv, "--pdeathsig", "KILL", .. command];
        }

        ProcessStartInfo start = new(command[0], command[1..]) { WorkingDirectory = directory.FullName, RedirectStandardOutput = true };
        PeerProcess peer = new(
            Process.Start(start) ?? throw new LoadFailedException($"{program} could not be started"), endPoint, directory);
        try
        {
            peer.Connect(program);
            return peer;
        }
        catch
        {
            peer.Dispose();
            throw;
        }
    }

    private void Connect(string program)
    {
        _ = _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        for (long start = Stopwatch.GetTimestamp(); ; Thread.Sleep(50))
        {
            try
            {
                Socket.Connect(EndPoint);
                return;
            }
            catch (SocketException e)
            {
                if (_process.HasExited || Stopwatch.GetElapsedTime(start) > StartLimit)
                {
                    throw new LoadFailedException(_process.HasExited
                        ? $"{program} ended with exit code {_process.ExitCode} before it listened"
                        : $"{program} does not listen after {StartLimit.TotalSeconds} s: {e.Message}");
                }
            }
        }
    }

    /// <summary>Called on disposal, and by the thread that handles signals.</summary>
    private void End()
    {
        lock (_directory)
        {
            if (!_ended)
            {
                _ended = true;
                _process.Kill();
                _process.WaitForExit();
                _directory.Delete(recursive: true);
            }
        }
    }
}
