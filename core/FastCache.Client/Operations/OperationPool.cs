namespace FastCache.Client.Operations;

/// <summary>Operations that nobody uses. Taken under the lock of one connection, brought back by any thread.</summary>
/// <remarks>Takers have a chain of their own; only when it is empty they take all that were brought back at once. So no
/// single one is ever taken from the shared chain, and the ABA problem of such chains does not arise.</remarks>
internal sealed class OperationPool
{
    private Operation? _own;
    private Operation? _returned;

    /// <summary>One that is idle. Not for two threads at once.</summary>
    public Operation Rent()
    {
        Operation? first = _own ?? Interlocked.Exchange(ref _returned, null);
        if (first is null)
        {
            return new(this);
        }

        _own = first.Next;
        first.Next = null;
        return first;
    }

    /// <summary>Takes one back. From any thread.</summary>
    public void Return(Operation operation)
    {
        Operation? first = Volatile.Read(ref _returned);
        while (true)
        {
            operation.Next = first;
            Operation? seen = Interlocked.CompareExchange(ref _returned, operation, first);
            if (seen == first)
            {
                return;
            }

            first = seen;
        }
    }
}
