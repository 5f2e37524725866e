using FastCache.Io;

namespace FastCache.LoadGen.Engine;

/// <summary>A closed loop: each connection sends a batch when all of its last one was answered.</summary>
internal abstract class BatchLoop(IShardIo io, LoadConnection[] connections, StopSignal stop) : LoadLoop(io, stop)
{
    // The kernel wakes the load thread, as it would wake a client; the limit is for the checks on time and stop.
    private const int WaitMillis = 100;

    private readonly int[] _idle = new int[connections.Length];
    private int _idleCount;

    protected sealed override int PollTimeoutMillis => WaitMillis;

    protected override void Begin(long now)
    {
        _idleCount = 0;
        for (int slot = 0; slot < connections.Length; slot++)
        {
            _idle[_idleCount++] = slot;
        }
    }

    protected sealed override void Receive(int slot, ReadOnlySpan<byte> bytes, long now)
    {
        LoadConnection connection = connections[slot];
        int answered = Count(connection, bytes, now);
        connection.Outstanding -= answered;
        Outstanding -= answered;
        Answered += answered;
        if (connection.Outstanding == 0)
        {
            _idle[_idleCount++] = slot;
        }
    }

    protected sealed override void Pace(long now)
    {
        int kept = 0;
        for (int i = 0; i < _idleCount; i++)
        {
            LoadConnection connection = connections[_idle[i]];
            if (Io.IsBlocked(connection.Id))
            {
                _idle[kept++] = _idle[i];
                continue;
            }

            ReadOnlySpan<byte> batch = NextBatch(connection, out int count);
            if (count > 0)
            {
                Io.Send(connection.Id, batch);
                connection.SentAt = now;
                connection.Outstanding = count;
                Outstanding += count;
            }
        }

        _idleCount = kept;
    }

    /// <summary>Takes note of replies; returns how many were completed.</summary>
    protected abstract int Count(LoadConnection connection, ReadOnlySpan<byte> bytes, long now);

    /// <summary>The next batch of a connection, in native memory; a count of 0 ends its part.</summary>
    protected abstract ReadOnlySpan<byte> NextBatch(LoadConnection connection, out int count);
}
