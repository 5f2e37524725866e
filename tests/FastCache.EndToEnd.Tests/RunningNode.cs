using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using FastCache.Io;

namespace FastCache.EndToEnd.Tests;

/// <summary>A node process.</summary>
internal sealed partial class RunningNode : IDisposable
{
    private const string Announcement = "FastCache listening on ";
    private const string RespScheme = "resp://";
    private const string MemcachedScheme = "memcached://";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Process _process;
    private readonly StringBuilder _errors = new();

    private RunningNode(Process process) => _process = process;

    public IPEndPoint EndPoint { get; private set; } = new(IPAddress.Loopback, 0);

    /// <summary>Where it speaks Redis's protocol, if it does.</summary>
    public IPEndPoint RespEndPoint { get; private set; } = new(IPAddress.Loopback, 0);

    /// <summary>Where it speaks memcached's protocol, if it does.</summary>
    public IPEndPoint MemcachedEndPoint { get; private set; } = new(IPAddress.Loopback, 0);

    /// <summary>What it wrote to its standard error.</summary>
    public string Errors
    {
        get
        {
            lock (_errors)
            {
                return _errors.ToString();
            }
        }
    }

    /// <summary>Resident memory in bytes.</summary>
    public long ResidentBytes
    {
        get
        {
            string line = File.ReadLines($"/proc/{_process.Id}/status")
                .First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
            string kibibytes = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
            return long.Parse(kibibytes, CultureInfo.InvariantCulture) << 10;
        }
    }

    /// <summary>Time of processors that it has used.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Descriptors that it has open.</summary>
    public int Descriptors => Directory.GetFileSystemEntries($"/proc/{_process.Id}/fd").Length;

    /// <summary>Starts a node on a free port, unless told on which, and waits until it listens.</summary>
    public static RunningNode Start(params string[] options) => StartThrough([], options);

    /// <summary>The same for a node that may have only so many descriptors.</summary>
    public static RunningNode StartWithin(int descriptors, IoBackend backend, params string[] options) =>
        StartThrough(["prlimit", $"--nofile={descriptors}:{descriptors}"], ["--io", IoBackendNames.Of(backend), .. options]);

    /// <summary>The same for a node that another program starts, in whose place it runs.</summary>
    /// <param name="launcher">That program with its arguments; the node's follow.</param>
    /// <param name="options">The node's.</param>
    public static RunningNode StartThrough(string[] launcher, params string[] options)
    {
        string[] memory = options.Contains("--memory") ? [] : ["--memory", "64MiB"];
        string[] shards = options.Contains("--shards") ? [] : ["--shards", "1"];
        string[] listen = options.Contains("--listen") ? [] : ["--listen", "127.0.0.1:0"];
        RunningNode node = new(Launch(launcher, [.. listen, "--pin", "false", .. memory, .. shards, .. options]));
        node._process.ErrorDataReceived += (_, line) => node.Remember(line.Data);
        node._process.BeginErrorReadLine();
        string? line = node._process.StandardOutput.ReadLine();
        if (line is null || !line.StartsWith(Announcement, StringComparison.Ordinal))
        {
            node._process.WaitForExit(Patience);
            throw new InvalidOperationException($"The node said '{line}' and: {node.Errors}");
        }

        node.EndPoint = IPEndPoint.Parse(line[Announcement.Length..]);
        return node;
    }

    /// <summary>Starts a node that speaks Redis's protocol as well.</summary>
    public static RunningNode StartWithResp(params string[] options)
    {
        RunningNode node = Start(["--listen", "127.0.0.1:0", "--listen", $"{RespScheme}127.0.0.1:0", .. options]);
        node.RespEndPoint = node.ReadEndPoint(RespScheme);
        return node;
    }

    /// <summary>The same for a node of so many shards, with memory for three unless the options say otherwise.</summary>
    public static RunningNode StartWithResp(int shards, params string[] options)
    {
        string[] memory = options.Contains("--memory") ? [] : ["--memory", "192MiB"];
        string[] connections = options.Contains("--connection-memory") ? [] : ["--connection-memory", "64MiB"];
        return StartWithResp(["--shards", $"{shards}", .. memory, .. connections, .. options]);
    }

    /// <summary>Starts a node that speaks memcached's protocol as well.</summary>
    public static RunningNode StartWithMemcached(params string[] options)
    {
        RunningNode node = Start(["--listen", "127.0.0.1:0", "--listen", $"{MemcachedScheme}127.0.0.1:0", .. options]);
        node.MemcachedEndPoint = node.ReadEndPoint(MemcachedScheme);
        return node;
    }

    /// <summary>Starts a node that speaks all protocols.</summary>
    public static RunningNode StartWithAllDoors(params string[] options)
    {
        RunningNode node = StartWithResp(["--listen", $"{MemcachedScheme}127.0.0.1:0", .. options]);
        node.MemcachedEndPoint = node.ReadEndPoint(MemcachedScheme);
        return node;
    }

    /// <summary>The same with a backend.</summary>
    public static RunningNode Start(IoBackend backend, params string[] options) =>
        Start(["--io", IoBackendNames.Of(backend), .. options]);

    /// <summary>Runs a node that is expected to end by itself.</summary>
    public static (int ExitCode, string Output, string Errors) RunToEnd(params string[] options)
    {
        using Process process = Launch([], options);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill();
            throw new TimeoutException($"The node does not end: {string.Join(' ', options)}");
        }

        return (process.ExitCode, output.GetAwaiter().GetResult(), errors.GetAwaiter().GetResult());
    }

    public TestClient Connect() => new(EndPoint);

    /// <summary>Waits until it has written a line to its standard error that contains all of the parts.</summary>
    public void AwaitLine(params string[] parts) => Eventually.Is(
        () => Errors.Split('\n').Any(line => parts.All(part => line.Contains(part, StringComparison.Ordinal))),
        () => $"no line has '{string.Join("', '", parts)}': {Errors}");

    /// <summary>Sends a signal and waits for the end.</summary>
    /// <returns>The exit code.</returns>
    public int Stop(PosixSignal signal = PosixSignal.SIGTERM)
    {
        Signal(signal);
        return AwaitExit();
    }

    /// <summary>Ends the node's standard input and waits for the end.</summary>
    /// <returns>The exit code.</returns>
    public int EndInput()
    {
        _process.StandardInput.Close();
        return AwaitExit();
    }

    public void Signal(PosixSignal signal)
    {
        if (!_process.HasExited)
        {
            _ = Kill(_process.Id, signal switch
            {
                PosixSignal.SIGHUP => 1,
                PosixSignal.SIGINT => 2,
                PosixSignal.SIGTERM => 15,
                _ => throw new ArgumentOutOfRangeException(nameof(signal), signal, "SIGHUP, SIGINT or SIGTERM"),
            });
        }
    }

    /// <summary>Makes it fall silent with its connections open, until <see cref="Resume"/>.</summary>
    public void Suspend() => _ = Kill(_process.Id, 19);

    public void Resume() => _ = Kill(_process.Id, 18);

    /// <summary>Ends it without a word, and waits for that.</summary>
    public void Crash()
    {
        _process.Kill();
        AwaitExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    /// <summary>Waits for the end.</summary>
    /// <returns>The exit code.</returns>
    public int AwaitExit()
    {
        if (!_process.WaitForExit(Patience))
        {
            throw new TimeoutException($"The node does not stop. It said: {Errors}");
        }

        _process.WaitForExit(); // Also for what it has written last.
        return _process.ExitCode;
    }

    private static Process Launch(string[] launcher, string[] options)
    {
        string path = typeof(RunningNode).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .First(attribute => attribute.Key == "NodePath").Value!;
        // A shell starts background jobs with SIGINT ignored (nohup: SIGHUP), and children inherit that; the tests of both must not.
        ProcessStartInfo start = new("env", ["--default-signal=INT,HUP", .. launcher, "dotnet", path, .. options])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // Hundreds of nodes live for a second each; with the compiler of their steady state 0.57 s pass until they listen, without it 0.33.
        start.Environment["DOTNET_TC_QuickJit"] = "1";
        return Process.Start(start)!;
    }

    private IPEndPoint ReadEndPoint(string scheme) =>
        IPEndPoint.Parse(_process.StandardOutput.ReadLine()![(Announcement.Length + scheme.Length)..]);

    private void Remember(string? line)
    {
        lock (_errors)
        {
            _errors.AppendLine(line);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);
}
