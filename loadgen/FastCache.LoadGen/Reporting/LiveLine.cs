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
    private readonly LiveSeconds _seconds;

    /// <summary>Starts from what is recorded already.</summary>
    public LiveLine(LatencyRecorder recorder, TextWriter output, bool isTerminal)
    {
        _recorder = recorder;
        _output = output;
        _isTerminal = isTerminal;
        _seconds = new(recorder);
    }

    /// <summary>Says what happened since the last call.</summary>
    public void Show()
    {
        Second second = _seconds.Next();
        string line = second.Operations == 0
            ? $"  {_recorder.Phase,-10} no replies"
            : $"  {_recorder.Phase,-10} {Quantity.FormatCount(second.Operations / second.Length.TotalSeconds),8}/s" +
              $"   p50 {Format.Micros(second.P50),9}   p99.9 {Format.Micros(second.P999),9}";
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
}
