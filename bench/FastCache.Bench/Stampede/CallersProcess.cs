using System.Diagnostics;
using FastCache.LoadGen.Children;

namespace FastCache.Bench.Stampede;

/// <summary>A process of callers, seen by the one that started it. It ends with this one, however this one ends.</summary>
internal sealed class CallersProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Task<string> _errors;

    /// <exception cref="InvalidOperationException">It is not built, or could not be started.</exception>
    public CallersProcess(params string[] options)
    {
        ProcessStartInfo start = new("dotnet", [BuiltProgram.Locate("bench/FastCache.Bench"), CallersCommand.Name, .. options])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start) ?? throw new InvalidOperationException("a process of callers could not be started");
        _errors = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>Tells it to do something.</summary>
    public void Tell(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    /// <summary>What it says next.</summary>
    /// <exception cref="InvalidOperationException">It has ended, or says nothing.</exception>
    public async Task<string> HearAsync()
    {
        try
        {
            return await _process.StandardOutput.ReadLineAsync().WaitAsync(Patience)
                ?? throw new InvalidOperationException($"a process of callers has ended: {(await _errors.WaitAsync(Patience)).Trim()}");
        }
        catch (TimeoutException)
        {
            throw new InvalidOperationException($"a process of callers has said nothing for {Patience.TotalSeconds} s");
        }
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
