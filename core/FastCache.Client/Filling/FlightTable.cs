namespace FastCache.Client.Filling;

/// <summary>The flights of this process: one for a key, unless the node grants another while one is asking.</summary>
/// <remarks>
/// A new grant says that the earlier one has ended: its time is over, or the key was changed, and what the earlier flight
/// brings may be outdated. So a grant is never added to a flight that asks already: it begins the next one, which takes
/// its place here.
/// </remarks>
internal sealed class FlightTable : IAsyncDisposable
{
    private static readonly TimeSpan LongestClosing = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<byte[], Flight> _current = new(KeyComparer.Instance);
    private readonly HashSet<Flight> _all = [];
    private readonly CancellationTokenSource _closing = new();
    private bool _isClosed;

    public FlightTable() => Closing = _closing.Token;

    /// <summary>Cancelled when the client is closed.</summary>
    public CancellationToken Closing { get; }

    /// <summary>Flights that have not ended.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _all.Count;
            }
        }
    }

    /// <summary>Takes a caller into the flight of its key, or begins one.</summary>
    /// <param name="key">The key.</param>
    /// <param name="right">What the caller may do; null: it is to wait.</param>
    /// <param name="make">Makes a flight for a copy of the key.</param>
    /// <param name="seat">The caller's number in the flight: 0 if it began it.</param>
    /// <exception cref="ObjectDisposedException">The client is closed.</exception>
    public Flight Board(ReadOnlySpan<byte> key, FillRight? right, Func<byte[], Flight> make, out int seat)
    {
        Flight? flight;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(FastCacheClient));
            if (!_current.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out flight)
                || !flight.TryBoard(right, out seat))
            {
                flight = make(key.ToArray());
                _ = flight.TryBoard(right, out seat);
                _current[flight.Key] = flight;
                _all.Add(flight);
            }
        }

        if (seat == 0)
        {
            flight.Start();
        }
        else if (right is { Token: not 0 })
        {
            flight.Wake();
        }

        return flight;
    }

    /// <summary>The right that a flight has; null while it waits.</summary>
    public FillRight? RightOf(Flight flight)
    {
        lock (_lock)
        {
            return flight.Right;
        }
    }

    /// <summary>Gives a flight that has waited its right, unless a caller has brought it one.</summary>
    /// <returns>The right that it has now.</returns>
    public FillRight Grant(Flight flight, FillRight right)
    {
        lock (_lock)
        {
            flight.Right ??= right;
            return flight.Right.Value;
        }
    }

    /// <summary>Lets a caller go before the end. The last one stops the flight.</summary>
    public void Leave(Flight flight)
    {
        lock (_lock)
        {
            if (!flight.Leave())
            {
                return;
            }

            Remove(flight);
        }

        flight.Stop();
    }

    /// <summary>Takes a flight out: whoever comes now asks the node.</summary>
    public void End(Flight flight)
    {
        lock (_lock)
        {
            Remove(flight);
        }
    }

    /// <summary>Forgets a flight that has nothing to do any more.</summary>
    public void Forget(Flight flight)
    {
        lock (_lock)
        {
            _all.Remove(flight);
        }
    }

    /// <summary>Stops all flights, and waits a moment for them to give their leases back.</summary>
    public async ValueTask DisposeAsync()
    {
        Flight[] flights;
        lock (_lock)
        {
            if (_isClosed)
            {
                return;
            }

            _isClosed = true;
            flights = [.. _all];
        }

        await _closing.CancelAsync().ConfigureAwait(false);
        foreach (Flight flight in flights)
        {
            flight.Stop();
        }

        await Task.WhenAny(Task.WhenAll(flights.Select(flight => flight.Landing)), Task.Delay(LongestClosing)).ConfigureAwait(false);
        _closing.Dispose();
    }

    private void Remove(Flight flight)
    {
        if (_current.TryGetValue(flight.Key, out Flight? current) && current == flight)
        {
            _current.Remove(flight.Key);
        }
    }
}
