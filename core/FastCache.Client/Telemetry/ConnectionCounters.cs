namespace FastCache.Client.Telemetry;

/// <summary>What has happened on a connection, or on several.</summary>
internal readonly record struct ConnectionCounts(
    long Requests, long Replies, long SentBytes, long ReceivedBytes, long Moved, long TimeOuts, long Reconnects)
{
    public static ConnectionCounts operator +(in ConnectionCounts one, in ConnectionCounts other) => new(
        one.Requests + other.Requests,
        one.Replies + other.Replies,
        one.SentBytes + other.SentBytes,
        one.ReceivedBytes + other.ReceivedBytes,
        one.Moved + other.Moved,
        one.TimeOuts + other.TimeOuts,
        one.Reconnects + other.Reconnects);
}

/// <summary>The counters of one connection: each has one writer at a time, and any number of readers.</summary>
internal sealed class ConnectionCounters
{
    // Under the connection's lock.
    private long _requests;
    private long _sentBytes;

    // Of the thread that receives.
    private long _replies;
    private long _receivedBytes;
    private long _moved;

    // Of the sweep, and of the connection's life.
    private long _timeOuts;
    private long _reconnects;

    public void Request(int frameBytes)
    {
        Volatile.Write(ref _requests, _requests + 1);
        Volatile.Write(ref _sentBytes, _sentBytes + frameBytes);
    }

    public void Reply(int frameBytes, bool isMoved)
    {
        Volatile.Write(ref _replies, _replies + 1);
        Volatile.Write(ref _receivedBytes, _receivedBytes + frameBytes);
        if (isMoved)
        {
            Volatile.Write(ref _moved, _moved + 1);
        }
    }

    public void TimeOuts(int count) => Volatile.Write(ref _timeOuts, _timeOuts + count);

    public void Reconnect() => Volatile.Write(ref _reconnects, _reconnects + 1);

    public ConnectionCounts Read() => new(
        Volatile.Read(ref _requests),
        Volatile.Read(ref _replies),
        Volatile.Read(ref _sentBytes),
        Volatile.Read(ref _receivedBytes),
        Volatile.Read(ref _moved),
        Volatile.Read(ref _timeOuts),
        Volatile.Read(ref _reconnects));
}
