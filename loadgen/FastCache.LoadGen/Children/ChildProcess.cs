using System.Diagnostics;
using System.Net;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;

namespace FastCache.LoadGen.Children;

/// <summary>A running <see cref="ChildProgram"/>; disposal ends it.</summary>
internal sealed class ChildProcess : IDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private readonly string _name;

    private ChildProcess(Process process, string name)
    {
        _process = process;
        _name = name;
    }

    public int Id => _process.Id;

    /// <summary>Where it listens.</summary>
    public IPEndPoint Address { get; private set; } = new(IPAddress.None, 0);

    /// <summary>Starts a program on some processors and waits until it listens.</summary>
    /// <exception cref="LoadFailedException">It is not built, or it ends before it listens.</exception>
    public static ChildProcess Start(ChildProgram program, CpuList cpus)
    {
        ProcessStartInfo start = new("dotnet", [program.Locate(), .. program.Arguments])
        {
            // The pipe ends with this process, however it ends, and the node with the pipe.
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        ChildProcess child = new(
            CpuAffinity.On(cpus, () => Process.Start(start))
                ?? throw new LoadFailedException($"{start.FileName} could not be started"),
            program.Name);
        try
        {
            child.AwaitReady(program.ReadyPrefix);
            return child;
        }
        catch
        {
            child.Dispose();
            throw;
        }
    }

    /// <summary>Asks it to end, and ends it if it does not.</summary>
    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _ = Native.Kill(_process.Id, Native.SignalTerminate);
            if (!_process.WaitForExit(EndLimit))
            {
                Console.Error.WriteLine($"The {_name} did not end within {EndLimit.TotalSeconds} s; it was killed.");
                _process.Kill();
                _process.WaitForExit();
            }
        }

        _process.Dispose();
    }

    private void AwaitReady(string prefix)
    {
        Task<string?> firstLine = _process.StandardOutput.ReadLineAsync();
        if (!firstLine.Wait(StartLimit))
        {
            throw new LoadFailedException($"the {_name} printed nothing for {StartLimit.TotalSeconds} s");
        }

        string line = firstLine.Result ?? "";
        if (!line.StartsWith(prefix, StringComparison.Ordinal)
            || !IPEndPoint.TryParse(line[prefix.Length..], out IPEndPoint? address))
        {
            throw new LoadFailedException(_process.WaitForExit(EndLimit)
                ? $"the {_name} ended with exit code {_process.ExitCode} before it listened; what it said is above"
                : $"the {_name} printed '{line}' instead of '{prefix}ADDRESS:PORT'");
        }

        Address = address;

        // Whatever else it prints must not fill the pipe.
        _ = _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
    }
}
