using System.Runtime.CompilerServices;
using FastCache.Io;
using FastCache.Protocol;

namespace FastCache.Node.Sessions;

/// <summary>How far a conversation is.</summary>
/// <remarks>
/// <code>
///          Accepted            frames                 fatal error staged             last bytes sent, peer's read or deadline
/// Closed ------------> Open -----------> Open ---------------------------> Draining ------------------------------------> Closed
/// </code>
/// </remarks>
internal enum SessionState : byte
{
    /// <summary>No connection.</summary>
    Closed,

    /// <summary>Requests are executed.</summary>
    Open,

    /// <summary>The error frame is on its way; input is thrown away so that no reset can destroy that frame.</summary>
    Draining,
}

/// <summary>Why a conversation ends.</summary>
/// <param name="Status">A fatal status.</param>
/// <param name="Id">The offending request's id, or 0.</param>
/// <param name="Text">What was wrong and what is allowed.</param>
internal readonly record struct Fault(Status Status, uint Id, string Text);

/// <summary>One connection's conversation: finds the requests in its input and hands them to the group.</summary>
internal sealed class Session(ReceivePath path, ProtocolLimits limits)
{
    /// <summary>The features that every session of a node can agree on.</summary>
    public const Features Supported = Features.Push;

    /// <summary>In place of <see cref="ToldNumber"/>.</summary>
    public const long TracksNothing = -1;

    private bool _saidHello;
    private bool _ended;

    public ConnectionId Connection { get; private set; }

    public SessionState State { get; set; }

    public SessionInput Input { get; } = new(path);

    /// <summary>Whether the session waits in the loop's list of those with work.</summary>
    public bool IsReady { get; set; }

    /// <summary>Whether the session waits for the next pass with requests that could not be executed in this one.</summary>
    public bool IsPostponed { get; set; }

    /// <summary>Whether the peer will send nothing more: the connection ends when it is answered.</summary>
    public bool IsInputOver { get; set; }

    /// <summary>Whether replies wait for the peer to read; no request is executed until they are gone.</summary>
    public bool IsBlocked { get; set; }

    /// <summary>Whether the peer's bytes wait in its own kernel, until what it sent before has been executed.</summary>
    public bool IsPaused { get; set; }

    /// <summary>Since when, in the loop's milliseconds: blocked, or draining.</summary>
    public long StateSinceMillis { get; set; }

    /// <summary>Since when, in the loop's milliseconds, the input ends in the middle of a frame; null when it does not.</summary>
    public long? PartialFrameSinceMillis { get; set; }

    /// <summary>Whether a whole request was decoded since this was last set to false.</summary>
    public bool HasDecoded { get; set; }

    /// <summary>Where this pass's replies start in the outbox.</summary>
    public int StagedStart { get; set; }

    /// <summary>Bytes of this pass's replies.</summary>
    public int StagedBytes { get; set; }

    /// <summary>Set while a group is executed: the rest of this session's requests must wait.</summary>
    public bool IsCut { get; set; }

    /// <summary>What the hello agreed on.</summary>
    public Features Features { get; private set; }

    /// <summary>The session's streams; null until it opens one.</summary>
    public SessionStreams? Streams { get; set; }

    /// <summary>Whether a stream has a piece to send and credit for it.</summary>
    public bool IsSending { get; set; }

    /// <summary>Whether pieces of streams are sent in this pass.</summary>
    public bool SendsPieces { get; set; }

    /// <summary>Whether requests of the last pass had to wait for this one.</summary>
    public bool WasPostponed { get; set; }

    /// <summary>Which changes by others the session was told of last, or <see cref="TracksNothing"/>.</summary>
    public long ToldNumber { get; set; } = TracksNothing;

    /// <summary>Whether the session is told of changes by others.</summary>
    public bool IsTracking => ToldNumber != TracksNothing;

    /// <summary>Whether there were changes that the session could not be told of.</summary>
    public bool HasMissedChanges { get; set; }

    /// <summary>Where the input stood when this pass's unasked frames were added to the group.</summary>
    public InputPosition UnaskedPosition { get; set; }

    /// <summary>What ended the conversation, once a fatal fault was decoded.</summary>
    public Fault Fault { get; private set; }

    /// <summary>Whether requests may be executed and answered now.</summary>
    public bool MayExecute => State == SessionState.Open && !IsBlocked;

    public void Open(ConnectionId connection)
    {
        Connection = connection;
        State = SessionState.Open;
        IsBlocked = IsPaused = IsInputOver = false;
        StagedBytes = 0;
        PartialFrameSinceMillis = null;
        _saidHello = _ended = false;
        Features = Features.None;
        SendsPieces = WasPostponed = false;
    }

    public void Close()
    {
        State = SessionState.Closed;
        IsBlocked = false;
        StagedBytes = 0;
        Input.Clear();
    }

    /// <summary>Moves whole requests from the input to the group.</summary>
    /// <returns>
    /// True when the group must be executed before this can go on (it is full, or input must move); false when the
    /// input is used up, or nothing more is to be decoded.
    /// </returns>
    public bool Decode(RequestGroup group)
    {
        while (true)
        {
            ReadOnlySpan<byte> unread = Input.Unread();
            ref InputPosition position = ref Input.Position;
            if (unread.IsEmpty || _ended)
            {
                return false;
            }

            group.StartRun(this, position.Piece);
            if (position.Skip > 0)
            {
                int skipped = Math.Min(position.Skip, unread.Length);
                position.Skip -= skipped;
                position.Offset += skipped;
                continue;
            }

            // The requests of one piece, without asking for the piece again.
            int offset = 0;
            DecodeResult result;
            Request request;
            while ((result = RequestDecoder.Read(unread[offset..], limits, out request)) == DecodeResult.Ok)
            {
                if (!TryAdd(group, request, ref position))
                {
                    return true;
                }

                offset += request.FrameLength;
                if (offset == unread.Length || _ended)
                {
                    break;
                }
            }

            if (result == DecodeResult.Ok)
            {
                continue;
            }

            if (group.IsFull)
            {
                return true;
            }

            if (result == DecodeResult.ValueTooLarge && _saidHello)
            {
                group.AddTooLarge(request, position.Offset);
                position.Skip = request.FrameLength;
                continue;
            }

            if (result != DecodeResult.NeedMore)
            {
                string text = RequestDecoder.Explain(unread[offset..], limits, out Status status, out uint id);
                End(group, result == DecodeResult.Fatal
                    ? new(status, id, text)
                    : new(Status.HandshakeRequired, request.Id, SessionFault.HandshakeRequired));
                return false;
            }

            if (group.EndsWith(this))
            {
                return true;
            }

            if (!Input.TryGather(request.FrameLength))
            {
                group.StartRun(this, position.Piece);
                End(group, new(Status.Overloaded, request.Id, "the node has no memory left for a frame of this size now"));
                return false;
            }

            if (Input.CarriedBytes < request.FrameLength)
            {
                return false;
            }
        }
    }

    /// <summary>Goes back to where a request was found, because it could not be executed yet.</summary>
    public void Rewind(in InputPosition position)
    {
        Input.Rewind(position);
        _ended = false;
        IsCut = true;
    }

    /// <summary>Adds the fault that ends the conversation to the group, behind the requests before it.</summary>
    private void End(RequestGroup group, Fault fault)
    {
        Fault = fault;
        _ended = true;
        group.AddFatal(Input.Position.Offset);
    }

    /// <summary>Adds one decoded request and moves the position past it.</summary>
    /// <returns>False when the group was full; the position then says what is left.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryAdd(RequestGroup group, in Request request, ref InputPosition position)
    {
        if (group.IsFull)
        {
            return false;
        }

        if (request.Opcode is not (Opcode.Get or Opcode.Set) || !_saidHello)
        {
            return TryAddOther(group, request, ref position);
        }

        HasDecoded = true;
        group.Add(request, position.Offset);
        position.Offset += request.FrameLength;
        return true;
    }

    /// <summary>Adds one request that is no get or set, or comes before the hello.</summary>
    /// <inheritdoc cref="TryAdd"/>
    private bool TryAddOther(RequestGroup group, in Request request, ref InputPosition position)
    {
        if (_saidHello == (request.Opcode == Opcode.Hello))
        {
            End(group, _saidHello
                ? new(Status.Malformed, request.Id, SessionFault.RepeatedHello)
                : new(Status.HandshakeRequired, request.Id, SessionFault.HandshakeRequired));
            return true;
        }

        if (!_saidHello)
        {
            Features = (Features)request.Hello.Features & Supported;
        }

        _saidHello = HasDecoded = true;
        if (request.Opcode is Opcode.BatchGet or Opcode.BatchSet)
        {
            return TryAddBatch(group, request, ref position);
        }

        if (BoundRequests.IsBound(request.Opcode))
        {
            group.AddBound(request, position.Offset);
        }
        else
        {
            group.Add(request, position.Offset);
        }

        position.Offset += request.FrameLength;
        return true;
    }

    private static bool TryAddBatch(RequestGroup group, in Request request, ref InputPosition position)
    {
        while (position.BatchKeys < (int)request.Argument)
        {
            if (group.IsFull)
            {
                return false;
            }

            if (request.Opcode == Opcode.BatchGet)
            {
                ReadOnlySpan<byte> key = request.ReadBatchKey(ref position.BatchOffset);
                group.AddBatchKey(request, key, position.Offset, position.BatchKeys);
            }
            else
            {
                group.AddBatchEntry(request, ref position);
            }

            position.BatchKeys++;
        }

        position.BatchKeys = position.BatchOffset = 0;
        position.Offset += request.FrameLength;
        return true;
    }
}
