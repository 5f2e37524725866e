using FastCache.Core;
using FastCache.Node.Sessions;
using FastCache.Node.Shards;

namespace FastCache.Node.Doors;

/// <summary>One protocol of a shard: how received bytes become requests, and outcomes reply bytes.</summary>
/// <remarks>
/// <para>
/// A <see cref="Session"/> is a connection's life, and the same for every protocol: its input, its place in the outbox, its limits
/// and deadlines. A door is what one protocol makes of it, one object a shard for all sessions of that protocol; what it has to
/// remember of one connection stands in <see cref="Session.Talk"/>.
/// </para>
/// <code>
///  input ── Decode ──► RequestGroup: a key is hashed and loaded for each call        ── Execute ──► outbox
///                        └ of another shard: Pack ──► parcel ──► Receive, ExecuteForeign ──► parcel ──► TakeReply ──┘
/// </code>
/// <para>
/// FCP's own requests are executed by the group itself without a word to their door: they are what the node is measured by.
/// Whatever else a door decodes is a call: the door keeps what it needs of it under the call's place in the group,
/// <see cref="RequestGroup.Count"/> at the time of <see cref="RequestGroup.AddCall"/>, until the group is executed.
/// </para>
/// </remarks>
internal abstract class Door
{
    /// <summary>Most bytes of a reply around the value in it.</summary>
    public const int MaxHeadBytes = 2_560;

    /// <summary>Bytes that a request may have beyond FCP's longest frame: the words of its options.</summary>
    public const int MaxOptionBytes = 256;

    /// <summary>What <see cref="ExecuteForeign"/> returns of a call that is answered later.</summary>
    public const int HeldBack = -1;

    /// <summary>Which one it is.</summary>
    public abstract DoorKind Kind { get; }

    /// <summary>Begins the conversation on a new connection.</summary>
    public abstract void Open(Session session);

    /// <summary>A connection has ended, or goes on on another shard.</summary>
    public virtual void Closed(Session session)
    {
    }

    /// <summary>Moves whole requests from a session's input to the group.</summary>
    /// <returns>
    /// True when the group must be executed before this can go on (it is full, ends with a scan, or input must move); false when the
    /// input is used up, or nothing more is to be decoded.
    /// </returns>
    public abstract bool Decode(Session session, RequestGroup group);

    /// <summary>A session's input was set back: what was decoded from there on will not be executed.</summary>
    public abstract void Rewound(Session session);

    /// <summary>Ends the conversation: what is held for it is given back.</summary>
    public virtual void Close(Session session)
    {
    }

    /// <summary>Bytes of connection memory that are held for a session beside its input.</summary>
    public virtual long HeldBytes(Session session) => 0;

    /// <summary>Executes a call.</summary>
    /// <param name="session">Whose it is.</param>
    /// <param name="call">Its place in the group.</param>
    /// <param name="key">Its prepared key; <c>default</c> when it has none.</param>
    /// <param name="room">At least <see cref="RequestExecutor.MaxReplyBytes"/>.</param>
    /// <returns>Bytes of the reply; 0 if there is none.</returns>
    public abstract int Execute(Session session, int call, in LookupKey key, Span<byte> room);

    /// <summary>Answers a call that there is no memory to send to the shard of its key.</summary>
    public abstract int RefuseForwarding(Session session, int call, Span<byte> room);

    /// <summary>Bytes of a call on its way to the shard of its key; asked before anything else that concerns its way.</summary>
    public abstract int PackedBytes(int call);

    /// <summary>What <see cref="TakeReply"/> is told when the reply to a call comes from another shard.</summary>
    public abstract byte TagOf(int call);

    /// <summary>Writes a call for the shard of its key.</summary>
    /// <param name="session">Whose it is.</param>
    /// <param name="call">Its place in the group.</param>
    /// <param name="frame"><see cref="PackedBytes"/>.</param>
    public abstract void Pack(Session session, int call, Span<byte> frame);

    /// <summary>Takes a call of another shard's session, to be executed here.</summary>
    /// <param name="place">Below <see cref="ForeignService.GroupSize"/>: where to keep it.</param>
    /// <param name="frame">What <see cref="Pack"/> wrote; it stays where it is until the call is executed.</param>
    /// <returns>The key, or nothing.</returns>
    public abstract ReadOnlySpan<byte> Receive(int place, ReadOnlySpan<byte> frame);

    /// <summary>Executes a call of another shard's session.</summary>
    /// <param name="place">Where <see cref="Receive"/> has kept it.</param>
    /// <param name="key">Its prepared key; <c>default</c> when it has none.</param>
    /// <param name="room">At least <see cref="RequestExecutor.MaxReplyBytes"/>.</param>
    /// <returns>Bytes of the reply, or <see cref="HeldBack"/>.</returns>
    public abstract int ExecuteForeign(int place, in LookupKey key, Span<byte> room);

    /// <summary>Writes the reply to a call of another shard's session when there is no memory to send its own.</summary>
    /// <param name="place">Where <see cref="Receive"/> has kept it.</param>
    /// <param name="room">At least <see cref="RequestExecutor.MaxReplyBytes"/>.</param>
    public abstract int RefuseForeign(int place, Span<byte> room);

    /// <summary>Takes the reply that another shard has sent, when it is its turn.</summary>
    /// <param name="session">Whose it is.</param>
    /// <param name="tag"><see cref="TagOf"/> the call.</param>
    /// <param name="reply">The reply.</param>
    /// <param name="room">At least <see cref="RequestExecutor.MaxReplyBytes"/>.</param>
    /// <returns>Bytes to send; 0 when the client is to be sent nothing yet.</returns>
    public abstract int TakeReply(Session session, byte tag, ReadOnlySpan<byte> reply, Span<byte> room);

    /// <summary>Writes what ends a conversation, <see cref="Session.Fault"/>.</summary>
    /// <returns>Bytes of it; with 0 the connection ends without a word.</returns>
    public abstract int End(Session session, Span<byte> room);
}
