namespace FastCache.Client.Operations;

/// <summary>Releases callers whose requests have ended, and sends what they ask for next.</summary>
/// <remarks>
/// A pass takes one request after the other and runs its continuation; when none is left it flushes, so that what the
/// continuations asked for leaves together. Before a continuation runs, another pass is on its way whenever it is needed:
/// if requests are left, and if anything was asked for since the last pass began. So a continuation that blocks holds up
/// its own pass and nothing else.
/// </remarks>
/// <param name="flush">Sends what is waiting, if anything is.</param>
internal sealed class CompletionPump(Action flush) : IThreadPoolWorkItem
{
    private readonly Lock _lock = new();
    private Operation? _first;
    private Operation? _last;
    private int _scheduled;

    /// <summary>Appends ended requests, in order. A pass must follow.</summary>
    public void Add(Operation first, Operation last)
    {
        lock (_lock)
        {
            if (_last is null)
            {
                _first = first;
            }
            else
            {
                _last.Next = first;
            }

            _last = last;
        }
    }

    /// <summary>Ends a request that was claimed with a failure.</summary>
    public void Fail(Operation operation, Exception failure)
    {
        operation.Fail(failure);
        Add(operation, operation);
        Schedule();
    }

    /// <summary>Sees to a pass that begins after this call, on a thread of the pool.</summary>
    public void Schedule()
    {
        if (Volatile.Read(ref _scheduled) == 0 && Interlocked.Exchange(ref _scheduled, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    /// <summary>A pass, here and now. Continuations run inside: the caller must not be needed by anybody.</summary>
    public void Run()
    {
        while (TryTake(out Operation? operation, out bool isLast))
        {
            if (!isLast)
            {
                Schedule();
            }

            operation.Signal();
        }

        flush();
    }

    void IThreadPoolWorkItem.Execute()
    {
        // Before anything is read: what is asked for from here on gets a pass of its own.
        Interlocked.Exchange(ref _scheduled, 0);
        Run();
    }

    private bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Operation? operation, out bool isLast)
    {
        lock (_lock)
        {
            operation = _first;
            _first = operation?.Next;
            isLast = _first is null;
            if (isLast)
            {
                _last = null;
            }
        }

        operation?.Next = null;
        return operation is not null;
    }
}
