using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace FastCache.Bench.Peers;

/// <summary>A server that somebody else wrote, started for a measurement and reached over a unix socket.</summary>
/// <remarks>
/// It ends with this object, and by its process id alone: a server of the same name that the machine runs anyway is
/// never touched. When this process is told to end, the server is ended first; when this process is killed, the kernel
/// ends the server (where <c>setpriv</c> is there to ask for it).
/// </remarks>
internal sealed class PeerProcess : IDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly DirectoryInfo _directory;
    private readonly PosixSignalRegistration[] _signals;
    private bool _ended;

    private PeerProcess(Process process, DirectoryInfo directory)
    {
        _process = process;
        _directory = directory;
        _signals =
        [
            .. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }
                .Select(signal => PosixSignalRegistration.Create(signal, _ => End())),
        ];
    }

    public int Id => _process.Id;

    /// <summary>The connection to it.</summary>
    public Socket Socket { get; } = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    /// <summary>Where a program is, or null when it is not installed.</summary>
    public static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(directory => Path.Combine(directory, program))
        .FirstOrDefault(File.Exists);

    /// <summary>What a program prints before it ends.</summary>
    public static string OutputOf(string path, string argument)
    {
        using Process process = Process.Start(new ProcessStartInfo(path, [argument]) { RedirectStandardOutput = true })
            ?? throw new InvalidOperationException($"{path} could not be started");
        return process.StandardOutput.ReadToEnd().Trim();
    }

    /// <summary>Starts a server and connects to it.</summary>
    /// <param name="path">The program.</param>
    /// <param name="argumentsFor">Its arguments for a socket with a given path.</param>
    /// <exception cref="InvalidOperationException">It does not listen within <see cref="StartLimit"/>.</exception>
    public static PeerProcess Start(string path, Func<string, IEnumerable<string>> argumentsFor)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("fastcache-peer-");
        string socketPath = Path.Combine(directory.FullName, "socket");
        string[] command = [path, .. argumentsFor(socketPath)];
        if (Find("setpriv") is string setpriv)
        {
            command = [setpriv, "--pdeathsig", "KILL", .. command];
        }

        ProcessStartInfo start = new(command[0], command[1..]) { WorkingDirectory = directory.FullName, RedirectStandardOutput = true };
        PeerProcess peer = new(
            Process.Start(start) ?? throw new InvalidOperationException($"{path} could not be started"), directory);
        try
        {
            peer.Connect(socketPath, path);
            return peer;
        }
        catch
        {
            peer.Dispose();
            throw;
        }
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

    private void Connect(string socketPath, string program)
    {
        _ = _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        UnixDomainSocketEndPoint endPoint = new(socketPath);
        for (long start = Stopwatch.GetTimestamp(); ; Thread.Sleep(50))
        {
            try
            {
                Socket.Connect(endPoint);
                return;
            }
            catch (SocketException e)
            {
                if (_process.HasExited || Stopwatch.GetElapsedTime(start) > StartLimit)
                {
                    throw new InvalidOperationException($"{program} does not listen: {e.Message}");
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
