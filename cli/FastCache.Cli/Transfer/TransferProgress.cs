using System.Diagnostics;
using FastCache.Cli.Shell;
using FastCache.LoadGen.Options;

namespace FastCache.Cli.Transfer;

/// <summary>How far a load or a dump is, each second on standard error: one line in place on a terminal, otherwise a line each time.</summary>
/// <param name="terminal">Where.</param>
/// <param name="totalBytes">Of the file; null: not known.</param>
internal sealed class TransferProgress(Terminal terminal, long? totalBytes)
{
    private const string LineStart = "\r\e[K";

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private TimeSpan _next = TimeSpan.FromSeconds(1);

    /// <summary>Says where it is, unless it has said so within the last second.</summary>
    /// <param name="keys">Stored, or written.</param>
    /// <param name="bytes">Read of the file, as it is on the disk, or written to it before it is packed.</param>
    public void Report(long keys, long bytes)
    {
        if (_clock.Elapsed < _next)
        {
            return;
        }

        _next = _clock.Elapsed + TimeSpan.FromSeconds(1);
        double seconds = _clock.Elapsed.TotalSeconds;
        string line = $"  {Figures.Count(keys)} keys, {Figures.Bytes(bytes)}, {Figures.Rate(keys / seconds)} keys/s";
        if (totalBytes is long total and > 0 && bytes > 0)
        {
            double left = seconds * Math.Max(0, total - bytes) / bytes;
            line += $", {Figures.Percent((double)bytes / total)}, {Quantity.FormatDuration(TimeSpan.FromSeconds(Math.Round(left)))} left";
        }

        terminal.Error.Write(terminal.IsErrorShown ? LineStart + line : line + Environment.NewLine);
    }

    /// <summary>Leaves the terminal's line free.</summary>
    public void Clear() => terminal.Error.Write(terminal.IsErrorShown ? LineStart : "");
}
