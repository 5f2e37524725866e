using System.Threading.Channels;

namespace FastCache.Node;

/// <summary>Lines for people on standard error, written by a thread of its own: a shard never waits for a terminal or a full pipe.</summary>
/// <remarks>
/// Holds a bounded number of lines; what comes while it is full is counted and told later. A full disk or a closed pipe
/// costs lines, not the node.
/// </remarks>
internal sealed class NodeLog : IDisposable
{
    private const int MaxWaitingLines = 256;

    private readonly Channel<string> _lines = Channel.CreateBounded<string>(MaxWaitingLines);
    private readonly TextWriter _output;
    private readonly Thread _thread;
    private int _dropped;

    /// <param name="output">Where the lines go.</param>
    public NodeLog(TextWriter output)
    {
        _output = output;
        _thread = new Thread(WriteLines) { IsBackground = true, Name = "log" };
        _thread.Start();
    }

    /// <summary>Writes a line soon. May be called by any thread; never waits.</summary>
    public void Write(string line)
    {
        if (!_lines.Writer.TryWrite(line))
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    /// <summary>Writes what waits, for at most a second.</summary>
    public void Dispose()
    {
        _lines.Writer.TryComplete();
        _thread.Join(TimeSpan.FromSeconds(1));
    }

    private void WriteLines()
    {
        while (_lines.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (_lines.Reader.TryRead(out string? line))
            {
                if (!TryWriteLine(line))
                {
                    Interlocked.Increment(ref _dropped);
                }
            }

            int dropped = Interlocked.Exchange(ref _dropped, 0);
            if (dropped > 0 && !TryWriteLine($"{dropped} more such lines"))
            {
                Interlocked.Add(ref _dropped, dropped);
            }
        }
    }

    private bool TryWriteLine(string line)
    {
        try
        {
            _output.WriteLine(line);
            return true;
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            return false;
        }
    }
}
