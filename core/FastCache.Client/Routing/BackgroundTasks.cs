namespace FastCache.Client.Routing;

/// <summary>What runs in the background until its owner closes.</summary>
internal sealed class BackgroundTasks : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly List<Task> _tasks = [];

    /// <summary>Cancelled when the owner closes.</summary>
    public CancellationToken Closing => _closing.Token;

    /// <summary>Whether it does.</summary>
    public bool IsClosing => _closing.IsCancellationRequested;

    /// <summary>Runs something that ends soon when the owner closes, unless it does already.</summary>
    public void Run(Func<Task> run)
    {
        lock (_lock)
        {
            _tasks.RemoveAll(task => task.IsCompleted);
            if (!IsClosing)
            {
                _tasks.Add(Task.Run(run));
            }
        }
    }

    /// <summary>Ends everything, and waits for that.</summary>
    public async ValueTask DisposeAsync()
    {
        // Cancelled but not disposed: it has no timer to be freed, and the owner may be closed twice.
        await _closing.CancelAsync().ConfigureAwait(false);
        Task[] tasks;
        lock (_lock)
        {
            tasks = [.. _tasks];
        }

        await Task.WhenAll(tasks).ConfigureAwait(false);
    }
}
