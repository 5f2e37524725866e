using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using FastCache.Io;
using FastCache.LoadGen.Children;
using FastCache.LoadGen.Peers;

namespace FastCache.Bench.Faults;

/// <summary>The node under test: its process, seen from outside.</summary>
internal sealed partial class FaultNode : IDisposable
{
    /// <summary>Descriptors that it may have, where <c>prlimit</c> can say so: fewer than connections that come.</summary>
    public const int MaxDescriptors = 1_600;

    private const string Announcement = "FastCache listening on ";
    private const int SignalTerminate = 15;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly List<string> _errors = [];

    private FaultNode(Process process) => _process = process;

    public IPEndPoint EndPoint { get; private set; } = new(IPAddress.None, 0);

    /// <summary>Resident memory in bytes, as the operating system counts it.</summary>
    public long ResidentBytes
    {
        get
        {
            string pages = File.ReadAllText($"/proc/{_process.Id}/statm").Split(' ')[1];
            return long.Parse(pages, CultureInfo.InvariantCulture) * Environment.SystemPageSize;
        }
    }

    /// <summary>How many of its lines contain a text.</summary>
    public int LinesWith(string text)
    {
        lock (_errors)
        {
            return _errors.Count(line => line.Contains(text, StringComparison.Ordinal));
        }
    }

    /// <summary>What it said last.</summary>
    public string LastLines(int count)
    {
        lock (_errors)
        {
            return string.Join('\n', _errors.TakeLast(count));
        }
    }

    /// <summary>Starts a node that was built in the same configuration, and waits until it listens.</summary>
    /// <exception cref="InvalidOperationException">It is not built, or does not start.</exception>
    public static FaultNode Start(params string[] options) => Start(new IPEndPoint(IPAddress.Loopback, 0), options);

    /// <summary>Starts one at a certain address.</summary>
    /// <inheritdoc cref="Start(string[])"/>
    public static FaultNode Start(IPEndPoint listen, params string[] options)
    {
        string[] limit = PeerProgram.Find("prlimit") is string prlimit ? [prlimit, $"--nofile={MaxDescriptors}:{MaxDescriptors}"] : [];
        string[] command = [.. limit, "dotnet", BuiltProgram.Locate("node/FastCache.Node"), "--listen", $"{listen}", "--stop-with-input", "--pin", "false", .. options];
        ProcessStartInfo start = new(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        FaultNode node = new(Process.Start(start) ?? throw new InvalidOperationException("the node could not be started"));
        node._process.ErrorDataReceived += (_, line) => node.Remember(line.Data);
        node._process.BeginErrorReadLine();
        string said = node._process.StandardOutput.ReadLine() ?? "";
        if (!said.StartsWith(Announcement, StringComparison.Ordinal))
        {
            node._process.WaitForExit(Patience);
            string errors = node.LastLines(20);
            node.Dispose();
            throw new InvalidOperationException($"the node does not listen: {errors}");
        }

        node.EndPoint = IPEndPoint.Parse(said[Announcement.Length..]);
        return node;
    }

    /// <summary>Tells it to stop.</summary>
    public void Terminate() => _ = Kill(_process.Id, SignalTerminate);

    /// <summary>Its exit code; null while it goes on for longer than it may.</summary>
    public int? AwaitExit() => _process.WaitForExit(Patience) ? _process.ExitCode : null;

    public bool HasExited => _process.HasExited;

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private void Remember(string? line)
    {
        lock (_errors)
        {
            _errors.Add(line ?? "");
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);
}
