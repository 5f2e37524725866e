using FastCache.Io;
using FastCache.Node.Doors;
using FastCache.Node.Shards;
using FastCache.Protocol;

namespace FastCache.Node.Sessions;

/// <summary>How far a conversation is.</summary>
/// <remarks>
/// <code>
///          Accepted            frames                 fatal error staged             last bytes sent, peer's read or deadline
/// Closed ------------> Open -----------> Open ---------------------------> Draining ------------------------------------> Closed
///                       | Hello of a client that belongs to another shard
///                       +------> Leaving: handed over, Closed here
/// </code>
/// </remarks>
internal enum SessionState : byte
{
    /// <summary>No connection.</summary>
    Closed,

    /// <summary>Requests are executed.</summary>
    Open,

    /// <summary>Another shard will take the connection: what still arrives is kept for it.</summary>
    Leaving,

    /// <summary>The error frame is on its way; input is thrown away so that no reset can destroy that frame.</summary>
    Draining,
}

/// <summary>Why a conversation ends.</summary>
/// <param name="Status">A fatal status.</param>
/// <param name="Id">The offending request's id, or 0.</param>
/// <param name="Text">What was wrong and what is allowed.</param>
internal readonly record struct Fault(Status Status, uint Id, string Text);

/// <summary>One connection's conversation, whatever protocol it is in: <see cref="Door"/> finds the requests in its input.</summary>
internal sealed class Session(ReceivePath path)
{
    /// <summary>The features that every session of a node can agree on.</summary>
    public const Features Supported = Features.Push | Features.UnorderedReplies;

    /// <summary>In place of <see cref="ToldNumber"/>.</summary>
    public const long TracksNothing = -1;

    private bool _ended;
    private bool _isToEnd;
    private int _waitsUntilOutstanding;

    public ConnectionId Connection { get; private set; }

    /// <summary>What the peer speaks.</summary>
    public Door Door { get; private set; } = null!;

    /// <summary>What the door remembers of this connection; it may use again what it finds of one before.</summary>
    public object? Talk { get; set; }

    /// <summary>Where the client is.</summary>
    public PeerAddress Peer { get; set; }

    /// <summary>Whether the connection counts against the node's limits.</summary>
    public bool IsAdmitted { get; set; }

    /// <summary>Whether the peer may ask now; where a protocol begins with a Hello, whether that was decoded.</summary>
    public bool IsIntroduced { get; set; }

    /// <summary>Since when the connection is open, in the loop's milliseconds.</summary>
    public long OpenedMillis { get; set; }

    /// <summary>When bytes came last, in the loop's milliseconds.</summary>
    public long LastReceivedMillis { get; set; }

    /// <summary>Whether the error frame that ends the conversation has been decided on.</summary>
    public bool HasEnded => _ended || _isToEnd;

    /// <summary>Whether <see cref="EndWith"/> waits for the door to <see cref="End"/> the conversation.</summary>
    public bool IsToEnd => _isToEnd && !_ended;

    /// <summary>Whether nothing more is to be decoded.</summary>
    public bool IsDecoded => _ended || State == SessionState.Leaving;

    /// <summary>The pass in which <see cref="RequestsInPass"/> were counted.</summary>
    public long CountedPass { get; set; }

    /// <summary>Requests that were executed in that pass.</summary>
    public int RequestsInPass { get; set; }

    public SessionState State { get; set; }

    public SessionInput Input { get; } = new(path);

    /// <summary>Whether the session waits in the loop's list of those with work.</summary>
    public bool IsReady { get; set; }

    /// <summary>Whether the session waits for the next pass with requests that could not be executed in this one.</summary>
    public bool IsPostponed { get; set; }

    /// <summary>Whether the session's requests wait until other shards have answered those before them.</summary>
    public bool IsWaiting { get; private set; }

    /// <summary>The number of the wait for a call that is held back, see <see cref="WaitBoard"/>; 0: there is none.</summary>
    public long Wait { get; private set; }

    /// <summary>Bytes of this shard's connection memory that holding it takes; 0 when another shard holds it.</summary>
    public int WaitBytes { get; set; }

    /// <summary>Whether the client has gone, or is sent away: it waits for nothing any more.</summary>
    public bool IsGone { get; set; }

    /// <summary>Whether the session waits for a call that is held back: it may do so for ever, and nothing is wrong.</summary>
    public bool IsParked => Wait != 0;

    /// <summary>Whether the session waits for such a call, and everything that it asked before is answered and staged.</summary>
    public bool IsOnlyParked => IsParked && !IsPostponed && !HasForeignReplies && Outstanding <= 1; // One: the call, if another shard holds it.

    /// <summary>Whether no request of the session is to be looked at now.</summary>
    public bool IsHeld => IsPostponed || IsWaiting || IsParked;

    /// <summary>Whether the connection is where its Hello wants it.</summary>
    public bool IsPlaced { get; set; }

    /// <summary>While <see cref="SessionState.Leaving"/>: the shard that takes the connection.</summary>
    public int Destination { get; private set; }

    /// <summary>Whether the client takes replies to different keys in any order.</summary>
    public bool IsUnordered => (Features & Features.UnorderedReplies) != 0;

    /// <summary>Requests under way at other shards.</summary>
    public int Outstanding { get; set; }

    /// <summary>Whether they are those of a call that nothing else may be under way with.</summary>
    public bool IsAloneUnderWay { get; set; }

    /// <summary>The shard of the last of them.</summary>
    public int OutstandingOwner { get; set; }

    /// <summary>What other shards are to answer, and have answered; null until the session asks them something.</summary>
    public ReplyOrder? ForeignReplies { get; set; }

    /// <summary>Memory that the session takes of what bounds all connections, without the replies that the peer does not read.</summary>
    public long HeldBytes => Input.HeldBytes + (ForeignReplies?.HeldBytes ?? 0) + (Pushed?.Frames.HeldBytes ?? 0) + (Streams?.HeldBytes ?? 0)
        + Door.HeldBytes(this) + WaitBytes;

    /// <summary>Whether replies of other shards are there whose turn it is.</summary>
    public bool HasForeignReplies => ForeignReplies is { HasNext: true };

    /// <summary>Whether everything that was executed is answered.</summary>
    public bool IsAnswered => Outstanding == 0 && !HasForeignReplies && !IsParked;

    /// <summary>Whether the peer will send nothing more: the connection ends when it is answered.</summary>
    public bool IsInputOver { get; set; }

    /// <summary>Whether the node ends the conversation without a word while the peer may still send: what that sends is thrown away for a
    /// while, so that no reset destroys the replies before the end.</summary>
    public bool IsToDrain { get; set; }

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

    /// <summary>Whether connection memory for the next frame was refused: it is asked for again in the next pass.</summary>
    public bool IsStarved { get; set; }

    /// <summary>Since when, in the loop's milliseconds, memory that the session needs is refused; null when it was not.</summary>
    public long? StarvedSinceMillis { get; set; }

    /// <summary>What the hello agreed on.</summary>
    public Features Features { get; set; }

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

    /// <summary>What the session is still to be sent unasked; null until there was something.</summary>
    public PushQueue? Pushed { get; set; }

    /// <summary>Whether the peer is there to be told, and may say nothing for as long as it likes.</summary>
    public bool IsListening { get; set; }

    /// <summary>Where the input stood when this pass's unasked frames were added to the group.</summary>
    public InputPosition UnaskedPosition { get; set; }

    /// <summary>What ended the conversation, once a fatal fault was decoded.</summary>
    public Fault Fault { get; private set; }

    /// <summary>Whether requests may be executed and answered now.</summary>
    public bool MayExecute => State == SessionState.Open && !IsBlocked;

    public void Open(ConnectionId connection, Door door)
    {
        Connection = connection;
        Door = door;
        State = SessionState.Open;
        IsBlocked = IsPaused = IsInputOver = IsPlaced = IsWaiting = IsGone = IsToDrain = false;
        StagedBytes = 0;
        PartialFrameSinceMillis = StarvedSinceMillis = null;
        IsIntroduced = IsAdmitted = _ended = _isToEnd = false;
        Features = Features.None;
        SendsPieces = WasPostponed = IsListening = false;
        door.Open(this);
    }

    /// <summary>Whether this is the conversation on a connection of that name.</summary>
    public bool IsOn(ConnectionId connection) => State != SessionState.Closed && Connection == connection;

    public void Close()
    {
        State = SessionState.Closed;
        Door.Close(this);
        IsBlocked = false;
        StagedBytes = 0;
        Input.Clear();
    }

    /// <summary>Ends the conversation with an error frame that no request asked for; what was not decoded will not be.</summary>
    public void EndWith(Fault fault)
    {
        Fault = fault;
        _isToEnd = true;
    }

    /// <summary>Goes back to where a request was found, because it could not be executed yet.</summary>
    /// <param name="position">The place.</param>
    /// <param name="isToHello">Whether that request is the Hello, which is then the first frame again.</param>
    public void Rewind(in InputPosition position, bool isToHello)
    {
        Input.Rewind(position);
        IsIntroduced &= !isToHello;
        _ended = false;
        IsCut = true;
        Door.Rewound(this);
    }

    /// <summary>Ends the conversation behind its last reply, without a word.</summary>
    public void EndSilently()
    {
        IsToDrain = !IsInputOver && Fault.Status == Status.ShuttingDown;
        IsInputOver = true;
    }

    /// <summary>Lets the session's requests wait for replies of other shards.</summary>
    /// <param name="outstanding">Until at most so many are under way.</param>
    public void AwaitReplies(int outstanding)
    {
        IsWaiting = true;
        _waitsUntilOutstanding = outstanding;
    }

    /// <summary>One request that was under way at another shard is answered.</summary>
    public void Arrived()
    {
        Outstanding--;
        IsAloneUnderWay &= Outstanding > 0;
        IsWaiting &= Outstanding > _waitsUntilOutstanding;
    }

    /// <summary>Lets the session wait for a call that is held back: nothing is decoded until <see cref="EndWait"/>.</summary>
    /// <param name="number">Of the wait, not 0.</param>
    /// <param name="counters">Where the wait is counted.</param>
    public void BeginWait(long number, NodeCounters counters)
    {
        Wait = number;
        counters.ConnectionsWaiting++;
    }

    /// <summary>Ends the wait, if there is one.</summary>
    public void EndWait(NodeCounters counters)
    {
        counters.ConnectionsWaiting -= IsParked ? 1 : 0;
        (Wait, WaitBytes) = (0, 0);
    }

    /// <summary>Lets another shard go on with the connection, from the input's position on.</summary>
    public void LeaveFor(int shard)
    {
        Destination = shard;
        State = SessionState.Leaving;
    }

    /// <summary>Lets a new connection go to the shard whose turn it is, where its protocol knows nothing of shards.</summary>
    /// <returns>Whether it goes.</returns>
    public bool LeavesInTurn(NodeTopology topology)
    {
        if (IsPlaced)
        {
            return false;
        }

        IsPlaced = true;
        int destination = topology.ShardFor(0);
        if (destination == topology.Shard || IsToEnd)
        {
            return false;
        }

        LeaveFor(destination);
        return true;
    }

    /// <summary>Adds the fault that ends the conversation to the group, which has room, behind the requests before it.</summary>
    public void End(RequestGroup group, Fault fault)
    {
        Fault = fault;
        _ended = true;
        group.AddFatal(Input.Position.Offset);
    }
}
