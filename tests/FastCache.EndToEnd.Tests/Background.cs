using System.Runtime.ExceptionServices;

namespace FastCache.EndToEnd.Tests;

/// <summary>Blocking work on a thread of its own.</summary>
internal sealed class Background
{
    private readonly Thread _thread;
    private Exception? _failure;

    public Background(Action work)
    {
        _thread = new Thread(() =>
        {
            try
            {
                work();
            }
            catch (Exception failure)
            {
                _failure = failure;
            }
        })
        { IsBackground = true };
        _thread.Start();
    }

    /// <summary>Waits for the end, and fails as the work did.</summary>
    /// <returns>False when it goes on after that time.</returns>
    public bool Ends(TimeSpan within)
    {
        bool ended = _thread.Join(within);
        if (ended && _failure is not null)
        {
            ExceptionDispatchInfo.Throw(_failure);
        }

        return ended;
    }
}
