using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Options;

namespace FastCache.LoadGen.Reporting;

/// <summary>One line about the last second: rewritten in place on a terminal, otherwise printed anew.</summary>
internal sealed class LiveLine
{
    /// <summary>Back to the start of the line, and erase it.</summary>
    public const string TerminalStart = "\r\e[K";

    private readonly LatencyRecorder _recorder;
    private readonly TextWriter _output;
    private readonly bool _isTerminal;
    private readonly long[] _seen = new long[LiveCounts.Buckets];
    private readonly long[] _now = new long[LiveCounts.Buckets];

    /// <summary>Starts from what is recorded already.</summary>
    public LiveLine(LatencyRecorder recorder, TextWriter output, bool isTerminal)
    {
        _recorder = recorder;
        _output = output;
        _isTerminal = isTerminal;
        recorder.Live.CopyTo(_seen);
    }

    /// <summary>Says what happened since the last call.</summary>
    public void Show(TimeSpan sinceLast)
    {
        _recorder.Live.CopyTo(_now);
        long count = 0;
        for (int i = 0; i < _now.Length; i++)
        {
            (_now[i], _seen[i]) = (_now[i] - _seen[i], _now[i]);
            count += _now[i];
        }

        string line = count == 0
            ? $"  {_recorder.Phase,-10} no replies"
            : $"  {_recorder.Phase,-10} {Quantity.FormatCount(count / sinceLast.TotalSeconds),8}/s" +
              $"   p50 {Format.Micros(Percentile(count, 0.5)),9}   p99.9 {Format.Micros(Percentile(count, 0.999)),9}";
        if (_isTerminal)
        {
            _output.Write(TerminalStart + line);
        }
        else
        {
            _output.WriteLine(line);
        }
    }

    /// <summary>Leaves the terminal's line free for something else.</summary>
    public void Clear()
    {
        if (_isTerminal)
        {
            _output.Write(TerminalStart);
        }
    }

    private double Percentile(long count, double share)
    {
        long rest = (long)Math.Ceiling(count * share);
        int bucket = -1;
        while (rest > 0 && bucket + 1 < _now.Length)
        {
            rest -= _now[++bucket];
        }

        return LiveCounts.Floor(Math.Max(0, bucket)) / 1_000.0;
    }
}
