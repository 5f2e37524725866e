using System.Diagnostics;
using System.Net.Sockets;
using FastCache.Client.Operations;
using FastCache.Client.Replicas;
using FastCache.Protocol;

namespace FastCache.Client.Connections;

/// <summary>The requests to one shard that have no reply, those that wait to be sent and those that were, and whether more are
/// taken.</summary>
/// <remarks>
/// All of it is under one lock, the connection's. Methods take it themselves, but for those that say that it is held and for
/// <see cref="Take"/>; properties that may be read without it say so.
/// </remarks>
internal sealed class RequestQueue
{
    // Environment.TickCount64 may lag behind by as much.
    private const int ClockMillis = 16;

    private readonly ShardConnection _connection;
    private readonly IShardOwner _owner;
    private readonly OperationTable _table;
    private readonly SendBuffer _buffer;
    private readonly SendLimits _limits;
    private readonly long _timeoutMillis;
    private Line? _line;
    private long _distrustedUntil;
    private bool _isOut;
    private bool _isRetired;

    /// <param name="connection">Whose it is: has its address, its owner, its counters and its gauge already.</param>
    /// <param name="options">Checked ones.</param>
    public RequestQueue(ShardConnection connection, FastCacheClientOptions options)
    {
        _connection = connection;
        _owner = connection.Owner;
        _table = new(options.MaxOutstanding);
        _buffer = new(options.MaxSendBytes);
        _limits = new(connection.Address, options, _table, _buffer, _owner.KeepsFrames);
        _timeoutMillis = (long)options.RequestTimeout.TotalMilliseconds;
    }

    /// <summary>The connection's lock.</summary>
    public Lock Gate { get; } = new();

    /// <summary>The socket there is now; null: none. May be read without the lock.</summary>
    public Line? Line => Volatile.Read(ref _line);

    /// <summary>Whether nothing new is taken. May be read without the lock.</summary>
    public bool IsRetired => Volatile.Read(ref _isRetired);

    /// <summary>Whether no deletion of a copy is missing that could matter. May be read without the lock.</summary>
    public bool IsTrusted => Environment.TickCount64 >= Volatile.Read(ref _distrustedUntil);

    /// <summary>Requests without a reply. Without the lock it may be off by what is going on.</summary>
    public int Count => _table.Count;

    /// <summary>Requests so far. May be read without the lock.</summary>
    public long Requests => _buffer.LastAppended;

    /// <summary>Why the last connection was lost, or the last attempt failed. Of the connection's life.</summary>
    public Exception? Outage { get; set; }

    /// <summary>The id of the request that <see cref="Add"/> takes next. The lock is held.</summary>
    public uint NextId => (uint)_table.NextId;

    /// <summary>Whether a request must go another way. The lock is held.</summary>
    public bool IsNoWayFor(Purpose purpose, int frameBytes) =>
        _isRetired || (purpose == Purpose.Copy && (_line is null || !IsTrusted || !_limits.HasRoomFor(frameBytes)));

    /// <summary>Why a caller's request is not taken; null if it is. The lock is held.</summary>
    /// <returns>An <see cref="ArgumentException"/> if this node takes no such key.</returns>
    public Exception? Refuse(int keyBytes, int frameBytes) =>
        _limits.RefuseKey(keyBytes) ?? (Exception?)(_isOut ? NoConnection() : _limits.Refuse(frameBytes));

    /// <summary>Whether a request is taken that nobody waits for. The lock is held.</summary>
    public bool TakesBackground(Opcode opcode, int frameBytes) =>
        _line is not null && !_isRetired && _limits.HasRoomForBackground(opcode, frameBytes);

    /// <summary>A deletion of a copy was lost: until the copy has expired, this node is no replica for this client. The lock is
    /// held.</summary>
    public void Distrust() =>
        Volatile.Write(ref _distrustedUntil, Environment.TickCount64 + (_owner.Copies?.DistrustMillis ?? 0) + ClockMillis);

    /// <summary>Room for the frame of a request that is taken. The lock is held.</summary>
    public Span<byte> Room(int frameBytes) => _buffer.Room(frameBytes);

    /// <summary>Puts a frame that stands in the room behind the others. The lock is held.</summary>
    public void Add(Operation operation, int ticket, Span<byte> frame, Purpose purpose)
    {
        if (purpose == Purpose.Copy || (purpose == Purpose.Background && FrameHeader.OpcodeOf(frame) is Opcode.Set or Opcode.Delete))
        {
            FrameHeader.TurnToCopy(frame, CopyTraffic.FillMillis);
        }

        if (_owner.Copies is { ReadsCopies: true } && _connection.Gauge.WantsSample)
        {
            _connection.Gauge.Sent(_table.NextId, Stopwatch.GetTimestamp());
        }

        _table.Add(operation, ticket, FrameHeader.OpcodeOf(frame), _buffer.Append(frame.Length), frame.Length, purpose);
        _connection.Counters.Request(frame.Length);
    }

    /// <inheritdoc cref="OperationTable.Take"/>
    public bool Take(uint id, Opcode opcode, out Operation operation, out int ticket, out Purpose purpose) =>
        _table.Take(id, opcode, out operation, out ticket, out purpose);

    /// <inheritdoc cref="OperationTable.Free"/>
    public void Free(ReadOnlySpan<int> ids)
    {
        lock (Gate)
        {
            _table.Free(ids);
        }
    }

    /// <inheritdoc cref="ShardConnection.AddLate"/>
    public void AddLate(long beginMillis, List<LateRead> late)
    {
        lock (Gate)
        {
            _table.AddLate(_connection, beginMillis + _timeoutMillis, _timeoutMillis, late);
        }
    }

    /// <inheritdoc cref="OperationTable.EndHedging"/>
    public void EndHedging(in LateRead read)
    {
        lock (Gate)
        {
            _table.EndHedging(read);
        }
    }

    /// <summary>Claims what has waited too long.</summary>
    /// <param name="now">In <see cref="Environment.TickCount64"/>.</param>
    /// <param name="late">Takes it, each with its number.</param>
    /// <param name="handedOver">The last number that was handed to a socket.</param>
    /// <returns>The socket, if something has waited too long and nothing has come there for as long.</returns>
    public Line? ClaimLate(long now, List<(Operation Operation, long End)> late, out long handedOver)
    {
        lock (Gate)
        {
            _table.ClaimLate(now, late);
            handedOver = _buffer.LastHandedOver;
            return late.Count > 0 && _line is not null && now - _line.LastInput >= _timeoutMillis ? _line : null;
        }
    }

    /// <summary>Takes nothing new from here on.</summary>
    public void Retire()
    {
        lock (Gate)
        {
            _isRetired = true;
        }

        GiveBackUnsent();
    }

    /// <inheritdoc cref="ShardConnection.GiveBackUnsent"/>
    public void GiveBackUnsent()
    {
        lock (Gate)
        {
            if (_line is not null)
            {
                return;
            }

            _buffer.Keep((id, frame) =>
            {
                // Of callers only: the others were taken out when the connection was lost.
                if (_table.TryGetPending(id, out Operation? operation, out int ticket))
                {
                    _owner.TakeUnsent(operation, ticket, frame.ToArray());
                }

                return Forget(id);
            });
        }
    }

    /// <summary>Hands have been shaken on a socket.</summary>
    /// <param name="socket">It.</param>
    /// <param name="maxKeyBytes">The longest key that the node takes.</param>
    /// <returns>Its line, on which nothing is sent yet.</returns>
    public Line Prepare(Socket socket, int maxKeyBytes)
    {
        lock (Gate)
        {
            _limits.MaxKeyBytes = maxKeyBytes;
        }

        return new(socket, Gate, _buffer);
    }

    /// <summary>There is a connection: what waits is for it.</summary>
    public void Up(Line line)
    {
        lock (Gate)
        {
            // Callers that gave up while there was no connection do not want their requests to be executed now.
            _buffer.Keep((id, _) => _table.TryGetPending(id, out Operation? _, out int _) || Forget(id));
            _isOut = false;
            _connection.Gauge.Lost(); // It may have been among those, and the wait for a connection is none for an answer.
            _line = line;
        }
    }

    /// <summary>The connection is lost, and nothing is at its socket any more.</summary>
    /// <param name="elsewhere">Takes the reads at replicas, which are not claimed: the primary is to be asked.</param>
    /// <returns>The others that were handed to the socket, claimed, as a chain.</returns>
    public Operation? Down(List<(Operation Operation, int Ticket)> elsewhere)
    {
        lock (Gate)
        {
            _line = null;
            Operation? lost = _table.RemoveUpTo(_buffer.LastHandedOver, elsewhere);

            // What is not a caller's was taken out although it was not sent: on the next connection copies may be old.
            _buffer.Keep((id, _) => _table.Has(id));
            _connection.Gauge.Lost();
            if (_table.HasLostDelete)
            {
                _table.HasLostDelete = false;
                Distrust();
            }

            return lost;
        }
    }

    /// <summary>Refuses what comes until there is a connection, unless there is one.</summary>
    /// <returns>What waited for one, claimed, as a chain.</returns>
    public Operation? Out()
    {
        lock (Gate)
        {
            if (_line is not null)
            {
                return null;
            }

            _isOut = true;
            _buffer.Keep((_, _) => false);
            return _table.RemoveUpTo(long.MaxValue);
        }
    }

    /// <summary>What is said where there is no connection, of what was not sent.</summary>
    public CacheConnectionException NoConnection()
    {
        Exception? outage = Outage;
        return new($"There is no connection to {_connection.Address}: {outage?.Message}", mayHaveExecuted: false, outage);
    }

    private bool Forget(uint id)
    {
        _table.Remove(id);
        return false;
    }
}
