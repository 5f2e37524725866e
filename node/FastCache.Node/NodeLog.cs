namespace FastCache.Node;

/// <summary>Lines for people on standard error, written by a thread of its own: a shard never waits for a terminal or a full pipe.</summary>
/// <remarks>
/// Holds a bounded number of lines; what comes while it is full is counted and told later. A full disk or a closed pipe
/// costs lines, not the node. The thread is woken without the runtime's pool, which may want to start a thread just when
/// the process has no descriptor left for one.
/// </remarks>
internal sealed class NodeLog : IDisposable
{
    private const int MaxWaitingLines = 256;

    private readonly Queue<string> _lines = new(MaxWaitingLines); // Also the lock, which is held for a few instructions only.
    private readonly TextWriter _output;
    private readonly Thread _thread;
    private int _dropped;
    private bool _isOver;

    /// <param name="output">Where the lines go.</param>
    public NodeLog(TextWriter output)
    {
        _output = output;
        _thread = new Thread(WriteLines) { IsBackground = true, Name = "log" };
        _thread.Start();
    }

    /// <summary>Writes a line soon. May be called by any thread; never waits for the output.</summary>
    public void Write(string line)
    {
        lock (_lines)
        {
            if (_isOver)
            {
                return;
            }

            if (_lines.Count == MaxWaitingLines)
            {
                _dropped++;
                return;
            }

            _lines.Enqueue(line);
            Monitor.Pulse(_lines);
        }
    }

    /// <summary>Writes what waits, for at most a second.</summary>
    public void Dispose()
    {
        lock (_lines)
        {
            _isOver = true;
            Monitor.Pulse(_lines);
        }

        _thread.Join(TimeSpan.FromSeconds(1));
    }

    private void WriteLines()
    {
        while (Next() is string line)
        {
            TryWriteLine(line);
        }
    }

    /// <summary>The next line, as soon as there is one; how many were lost, once all others are written; null at the end.</summary>
    private string? Next()
    {
        lock (_lines)
        {
            while (true)
            {
                if (_lines.TryDequeue(out string? line))
                {
                    return line;
                }

                if (_dropped > 0)
                {
                    string lost = $"{_dropped} more such lines";
                    _dropped = 0;
                    return lost;
                }

                if (_isOver)
                {
                    return null;
                }

                Monitor.Wait(_lines);
            }
        }
    }

    private void TryWriteLine(string line)
    {
        try
        {
            _output.WriteLine(line);
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            // Nobody can be told.
        }
    }
}
