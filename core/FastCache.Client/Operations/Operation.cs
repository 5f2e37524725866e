using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Numerics;
using System.Threading.Tasks.Sources;
using FastCache.Client.Near;
using FastCache.Client.Replicas;
using FastCache.Client.Telemetry;
using FastCache.Protocol;

namespace FastCache.Client.Operations;

/// <summary>One request from its call to the end of its result; used again for later ones.</summary>
/// <remarks>
/// <code>
///            Begin               TryClaim            result taken             EndLoan
///   Idle ------------> Pending ------------> Settled ------------+--> Lent ------------+
///    ^ |                                                         |    (a value) ^      |
///    +-|---------------------------------------------------------+--------------|------+
///      +------------------------------------------------------------------------+
///            Lend (a value that was kept near)
/// </code>
/// The state is a generation in the upper 30 bits, which every return to Idle raises, and the phase below. Whoever moves
/// Pending to Settled with the state that it knows (the ticket) decides how the request ends: its reply, its cancellation,
/// its time-out or the loss of the connection. A late reply holds the ticket of an earlier generation and moves nothing.
/// </remarks>
internal sealed class Operation(OperationPool pool) :
    IThreadPoolWorkItem,
    IValueTaskSource,
    IValueTaskSource<bool>,
    IValueTaskSource<CacheValue>,
    IValueTaskSource<CopiedValue>,
    IValueTaskSource<CountResult>,
    IValueTaskSource<LeasedValue>,
    IValueTaskSource<WriteResult>
{
    private const int PhaseMask = 3;
    private const int Idle = 0;
    private const int Pending = 1;
    private const int Settled = 2;
    private const int Lease = 3;

    // What a value needs beyond this is borrowed from the shared array pool, and not kept.
    private const int KeptBytes = 4 << 10;
    private const int LeastBytes = 128;

    private ManualResetValueTaskSourceCore<int> _core; // Mutable struct.
    private CancellationTokenRegistration _registration;
    private Memory<byte> _destination;
    private Exception? _failure;
    private byte[] _body = [];
    private int _length;
    private int _state;
    private Status _status;
    private uint _argument;
    private bool _isBehindNumber; // The value stands behind its whole length, or a lease token.
    private bool _isRange;
    private bool _isUnheard;
    private int _primaryTicket; // Of the last request of which the primary was asked, or of the one before this.
    private int _fillTicket;
    private CopyFill _fill;
    private ulong _version;
    private NearDuty _near; // Mutable struct.
    private CallObservation _observation; // Mutable struct.

    /// <summary>The next one of a chain: of the pool, or of completions.</summary>
    public Operation? Next { get; set; }

    /// <summary>When it times out, in <see cref="Environment.TickCount64"/>.</summary>
    public long Deadline { get; private set; }

    /// <summary>The slot of its key; -1 if it has none, or nobody asked.</summary>
    public int Slot { get; private set; }

    /// <summary>How often a node has said that the key is another one's.</summary>
    public int Attempts { get; set; }

    /// <summary>What a ValueTask of it carries.</summary>
    public short Token => _core.Version;

    /// <summary>Takes it into use.</summary>
    /// <param name="deadline">In <see cref="Environment.TickCount64"/>.</param>
    /// <param name="destination">Where a copied value goes.</param>
    /// <param name="slot">The slot of the key, or -1.</param>
    /// <param name="isAtPrimary">Whether the node that is asked decides about the key.</param>
    /// <returns>The ticket.</returns>
    public int Begin(long deadline, Memory<byte> destination, int slot = -1, bool isAtPrimary = true)
    {
        Debug.Assert((_state & PhaseMask) == Idle);
        Deadline = deadline;
        Slot = slot;
        Attempts = 0;
        _destination = destination;
        _state |= Pending;
        _primaryTicket = isAtPrimary ? _state : _state - (PhaseMask + 1);
        return _state;
    }

    /// <summary>Lets those who listen know of it when it has ended. Before anybody can end it.</summary>
    public void Observe(Histogram<double> duration, ServerTags server, Opcode opcode) => _observation.Begin(duration, server, opcode);

    /// <summary>Nobody waits for this request: whoever claims it puts it back with <see cref="EndUnheard"/>.</summary>
    public void BeginUnheard(int ticket, in CopyFill fill)
    {
        _isUnheard = true;
        (_fill, _fillTicket) = (fill, ticket);
    }

    /// <summary>Whether nobody waits for it. Counts while it is claimed.</summary>
    public bool IsUnheard => _isUnheard;

    /// <summary>Puts a request back that was claimed and of which nobody is told.</summary>
    public void EndUnheard()
    {
        _isUnheard = false;
        Recycle();
    }

    /// <summary>What was kept for the ticket's request.</summary>
    public CopyFill TakeFill(int ticket) => _fillTicket == ticket ? _fill : default;

    /// <summary>The request, which began at a replica, goes to the primary from here on.</summary>
    /// <param name="ticket">The request's.</param>
    /// <param name="fill">What the value that is found there may be written to, as well. It is kept only with the turn: what the
    /// primary was asked for before the grant may be older than the deletion that the grant came after.</param>
    /// <returns>Whether it did not before.</returns>
    public bool TryTurnToPrimary(int ticket, in CopyFill fill)
    {
        // Two threads may come: with a late answer, and with one that takes too long. One that is about an earlier request
        // changes nothing; tickets grow, round the end of int.
        int before = Volatile.Read(ref _primaryTicket);
        if (ticket - before <= 0 || Interlocked.CompareExchange(ref _primaryTicket, ticket, before) != before)
        {
            return false;
        }

        // A value for another request than the ticket's is not taken; one that two threads write at once is worth nothing to
        // the replica.
        (_fill, _fillTicket) = (fill, ticket);
        return true;
    }

    /// <summary>The frame that was kept, while no answer was taken.</summary>
    public ReadOnlySpan<byte> Frame => _body.AsSpan(0, _length);

    /// <summary>Keeps the request's frame, where its reply will be, until it has one: to send it to another node.</summary>
    public void KeepFrame(ReadOnlySpan<byte> frame)
    {
        _length = frame.Length;
        if (frame.Length > _body.Length)
        {
            Grow(frame.Length);
        }

        frame.CopyTo(_body);
    }

    /// <summary>A copy of the frame that was kept.</summary>
    /// <returns>Null if the request has an end.</returns>
    public byte[]? CopyFrame(int ticket)
    {
        // A caller may give up, and another request take this operation, at any time: what was read counts only if the state
        // is the same afterwards.
        byte[] body = _body;
        int length = _length;
        byte[] frame = length <= body.Length ? body[..length] : [];
        Interlocked.MemoryBarrier();
        return IsPending(ticket) ? frame : null;
    }

    /// <summary>Copies the frame that was kept.</summary>
    /// <returns>Its bytes; 0 if the request has an end, or the frame does not fit.</returns>
    public int CopyFrame(int ticket, Span<byte> destination)
    {
        byte[] body = _body;
        int length = _length;
        if (length > body.Length || length > destination.Length)
        {
            return 0;
        }

        body.AsSpan(0, length).CopyTo(destination);
        Interlocked.MemoryBarrier();
        return IsPending(ticket) ? length : 0;
    }

    /// <summary>Ends the request when the caller's token is cancelled.</summary>
    public void Watch(CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
        {
            _registration = cancellationToken.UnsafeRegister(
                static (operation, token) => ((Operation)operation!).Cancel(token), this);
        }
    }

    /// <summary>The value that a read finds is to be kept. Before anybody has the ValueTask.</summary>
    public void KeepNear(NearCache cache, in NearTicket ticket, ReadOnlySpan<byte> key) => _near.Keep(cache, ticket, key);

    /// <summary>The request changes a key of which something may be kept. Before anybody has the ValueTask.</summary>
    public void ChangeNear(NearCache cache, ulong keyHash) => _near.Change(cache, keyHash);

    /// <summary>Room for a value that is lent without a request. For one that is idle.</summary>
    public Span<byte> Room(int length)
    {
        Debug.Assert((_state & PhaseMask) == Idle);
        _length = length;
        if (length > _body.Length)
        {
            Grow(length);
        }

        return _body.AsSpan(0, length);
    }

    /// <summary>Lends what was written into its room.</summary>
    public CacheValue Lend(ulong version) => new(this, BeginLoan(), 0, version, (ulong)_length);

    /// <summary>Whether the request is still the ticket's, and has no end.</summary>
    public bool IsPending(int ticket) => Volatile.Read(ref _state) == ticket;

    /// <summary>Decides to end the request; true for one caller only, who must go on to accept or fail and signal.</summary>
    public bool TryClaim(int ticket) =>
        Interlocked.CompareExchange(ref _state, ticket + (Settled - Pending), ticket) == ticket;

    /// <summary>Takes a reply over. Claimed before, signalled after.</summary>
    public void Accept(in Reply reply)
    {
        if (reply.Status.IsError())
        {
            _failure = Refusal.Of(reply);
            return;
        }

        _status = reply.Status;
        _isRange = reply.Opcode == Opcode.GetRange;
        _isBehindNumber = _isRange || reply.Opcode == Opcode.LeaseGet;
        _argument = reply.Argument;
        _version = reply.Version;
        ReadOnlySpan<byte> value = reply.Value;
        _length = value.Length;
        if (value.Length > _body.Length)
        {
            Grow(value.Length);
        }

        value.CopyTo(_body);
    }

    /// <summary>Takes note of why there is no reply. Claimed before, signalled after.</summary>
    public void Fail(Exception failure) => _failure = failure;

    /// <summary>Releases the caller; its continuation may run here.</summary>
    public void Signal()
    {
        _observation.End(_failure);
        if (_failure is Exception failure)
        {
            _core.SetException(failure);
        }
        else
        {
            _core.SetResult(0);
        }
    }

    void IThreadPoolWorkItem.Execute() => Signal();

    /// <summary>The bytes that a loan is about.</summary>
    /// <exception cref="ObjectDisposedException">It has ended.</exception>
    public ReadOnlyMemory<byte> Lent(int loan)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _state) != loan, typeof(CacheValue));
        return _body.AsMemory(0, _length);
    }

    /// <summary>Ends a loan; false if it has ended before.</summary>
    public bool EndLoan(int loan)
    {
        if (Interlocked.CompareExchange(ref _state, loan + 1, loan) != loan)
        {
            return false;
        }

        Clear();
        return true;
    }

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource.GetResult(short token)
    {
        Finish(token);
        Recycle();
    }

    bool IValueTaskSource<bool>.GetResult(short token)
    {
        Finish(token);
        bool isDone = _status == Status.Ok;
        Recycle();
        return isDone;
    }

    WriteResult IValueTaskSource<WriteResult>.GetResult(short token)
    {
        Finish(token);
        WriteResult result = new(_status, _version);
        Recycle();
        return result;
    }

    CountResult IValueTaskSource<CountResult>.GetResult(short token)
    {
        Finish(token);
        CountResult result = _status == Status.Ok
            ? new(true, ReplyBody.Number(_body.AsSpan(0, _length)), _version)
            : default;
        Recycle();
        return result;
    }

    CopiedValue IValueTaskSource<CopiedValue>.GetResult(short token)
    {
        Finish(token);
        CopiedValue result = default;
        if (_status == Status.Ok)
        {
            ReadOnlySpan<byte> value = _body.AsSpan(ValueStart, _length - ValueStart);
            value[..Math.Min(value.Length, _destination.Length)].CopyTo(_destination.Span);
            result = new(true, value.Length, _version);
        }

        Recycle();
        return result;
    }

    CacheValue IValueTaskSource<CacheValue>.GetResult(short token)
    {
        Finish(token);
        if (_status != Status.Ok)
        {
            Recycle();
            return default;
        }

        return new(
            this, BeginLoan(), ValueStart, _version, _isRange ? ReplyBody.Number(_body) : (ulong)(_length - ValueStart));
    }

    LeasedValue IValueTaskSource<LeasedValue>.GetResult(short token)
    {
        Finish(token);
        LeaseResult result = (LeaseResult)_argument;
        ulong leaseToken = ReplyBody.Number(_body.AsSpan(0, _length));
        if (result > LeaseResult.StaleFill)
        {
            Recycle();
            return new(result, leaseToken, default);
        }

        ulong valueBytes = (ulong)(_length - ReplyBody.NumberBytes);
        return new(result, leaseToken, new(this, BeginLoan(), ReplyBody.NumberBytes, _version, valueBytes));
    }

    private int ValueStart => _isBehindNumber ? ReplyBody.NumberBytes : 0;

    private void Cancel(CancellationToken token)
    {
        // The registration ends before this returns to its pool, so the state is that of the request it was made for.
        int state = Volatile.Read(ref _state);
        if ((state & PhaseMask) == Pending && TryClaim(state))
        {
            Fail(new OperationCanceledException(token));
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    private void Finish(short token)
    {
        if (_core.GetStatus(token) == ValueTaskSourceStatus.Succeeded)
        {
            _registration.Dispose();
            _near.End(_status == Status.Ok, _body.AsSpan(0, _length), _version);
            return;
        }

        try
        {
            _core.GetResult(token);
        }
        finally
        {
            if (_core.GetStatus(token) != ValueTaskSourceStatus.Pending)
            {
                _registration.Dispose();
                _near.End(false, default, 0);
                Recycle();
            }
        }
    }

    private int BeginLoan()
    {
        int loan = (_state & ~PhaseMask) | Lease;
        Volatile.Write(ref _state, loan);
        return loan;
    }

    private void Recycle()
    {
        _state = (_state | PhaseMask) + 1;
        Clear();
    }

    private void Clear()
    {
        if (_body.Length > KeptBytes)
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(_body);
            _body = [];
        }

        _registration = default;
        _destination = default;
        _failure = null;
        _core.Reset();
        pool.Return(this);
    }

    private void Grow(int bytes)
    {
        if (bytes <= KeptBytes)
        {
            _body = new byte[BitOperations.RoundUpToPowerOf2((uint)Math.Max(bytes, LeastBytes))];
            return;
        }

        if (_body.Length > KeptBytes)
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(_body);
        }

        _body = System.Buffers.ArrayPool<byte>.Shared.Rent(bytes);
    }
}
