namespace FastCache.Protocol;

/// <summary>What a frame asks for; a reply carries the opcode of its request, or <see cref="Error"/>.</summary>
/// <remarks>
/// <code>
/// 0x01 .. 0x0F   the connection and the node
/// 0x10 .. 0x1F   one key, or a batch of keys
/// 0x20 .. 0x2F   what a connection holds: streams, and whether it is told of changes
/// 0x30           pushed by the node, no request
/// </code>
/// </remarks>
public enum Opcode : byte
{
    /// <summary>Not an opcode: the value of an empty <see cref="Request"/>.</summary>
    None = 0x00,

    /// <summary>First frame of every connection: agrees on version, features and limits.</summary>
    Hello = 0x01,

    /// <summary>Sends up to <see cref="FcpLimits.MaxPingBytes"/> bytes back.</summary>
    Ping = 0x02,

    /// <summary>Asks for the node's counters as text, one <c>name value</c> a line.</summary>
    Stats = 0x03,

    /// <summary>Asks which shard of the node has which slots.</summary>
    Topology = 0x04,

    /// <summary>Asks for the topology of the cluster: which node has which slots.</summary>
    Cluster = 0x05,

    /// <summary>Asks for the next keys of the connection's shard.</summary>
    Scan = 0x06,

    /// <summary>Reads one value.</summary>
    Get = 0x10,

    /// <summary>Reads up to <see cref="FcpLimits.MaxBatchKeys"/> values, answered by one reply a key.</summary>
    BatchGet = 0x11,

    /// <summary>Stores one value, always or under conditions.</summary>
    Set = 0x12,

    /// <summary>Removes one key, always or if its version matches.</summary>
    Delete = 0x13,

    /// <summary>Changes or removes the expiry of one key.</summary>
    Touch = 0x14,

    /// <summary>Reads a part of one value.</summary>
    GetRange = 0x15,

    /// <summary>Reads one value, or is granted the right to fill it.</summary>
    LeaseGet = 0x16,

    /// <summary>Gives a grant back unused.</summary>
    LeaseRelease = 0x17,

    /// <summary>Makes a value stale: gone for all but who looks it up with a lease.</summary>
    MakeStale = 0x18,

    /// <summary>Adds to or subtracts from a counter.</summary>
    Count = 0x19,

    /// <summary>Puts bytes behind a value.</summary>
    Append = 0x1A,

    /// <summary>Puts bytes before a value.</summary>
    Prepend = 0x1B,

    /// <summary>Stores up to <see cref="FcpLimits.MaxBatchKeys"/> values, answered by one reply an entry.</summary>
    BatchSet = 0x1C,

    /// <summary>Opens a stream that writes one value piece by piece.</summary>
    SetBegin = 0x20,

    /// <summary>The next bytes of a value that is being written.</summary>
    SetPiece = 0x21,

    /// <summary>Stores the value that was written.</summary>
    SetCommit = 0x22,

    /// <summary>Gives up a value that is being written.</summary>
    SetAbort = 0x23,

    /// <summary>Opens a stream that reads one value, or a part of it, piece by piece.</summary>
    GetStream = 0x24,

    /// <summary>Lets the node send more bytes of a stream; never answered.</summary>
    Credit = 0x25,

    /// <summary>Ends a stream that reads.</summary>
    StreamCancel = 0x26,

    /// <summary>Says whether this connection is told of keys that others change.</summary>
    Track = 0x27,

    /// <summary>Pushed by the node: keys that another connection has changed.</summary>
    Invalidate = 0x30,

    /// <summary>Reply only: the connection is closed after this frame.</summary>
    Error = 0x7F,
}
