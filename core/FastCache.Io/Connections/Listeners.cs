using System.Net;

namespace FastCache.Io.Connections;

/// <summary>The listening sockets of a backend, by number: those below <see cref="Count"/> listen.</summary>
/// <param name="create">Makes the acceptor with a number.</param>
internal sealed class Listeners<TAcceptor>(Func<int, TAcceptor> create) : IDisposable
    where TAcceptor : class, IAcceptor
{
    private readonly TAcceptor[] _all = [.. Enumerable.Range(0, IShardIo.MaxListeners).Select(create)];

    public int Count { get; private set; }

    /// <summary>Accepts that failed and rested, over all of them.</summary>
    public long Failures
    {
        get
        {
            long failures = 0;
            foreach (TAcceptor acceptor in _all)
            {
                failures += acceptor.Failures;
            }

            return failures;
        }
    }

    /// <summary>The acceptor with a number below <see cref="IShardIo.MaxListeners"/>, whether it listens or not.</summary>
    public TAcceptor this[int number] => _all[number];

    /// <inheritdoc cref="IShardIo.Listen"/>
    public IPEndPoint Listen(IPEndPoint endPoint)
    {
        if (Count == _all.Length)
        {
            throw new InvalidOperationException(
                $"This backend listens on {_all.Length} addresses already; call StopListening first.");
        }

        IPEndPoint bound = _all[Count].Listen(endPoint);
        Count++;
        return bound;
    }

    public void StopListening()
    {
        foreach (TAcceptor acceptor in _all)
        {
            acceptor.StopListening();
        }

        Count = 0;
    }

    /// <inheritdoc cref="IAcceptor.DescriptorClosed"/>
    public void DescriptorClosed()
    {
        for (int i = 0; i < Count; i++)
        {
            _all[i].DescriptorClosed();
        }
    }

    /// <summary>Ends the rests that are over, or shortens the wait so that the next one ends in time.</summary>
    public int LimitWait(int timeoutMillis)
    {
        for (int i = 0; i < Count; i++)
        {
            timeoutMillis = _all[i].LimitWait(timeoutMillis);
        }

        return timeoutMillis;
    }

    public void Dispose()
    {
        foreach (TAcceptor acceptor in _all)
        {
            acceptor.Dispose();
        }
    }
}
