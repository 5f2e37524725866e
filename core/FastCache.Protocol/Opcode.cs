namespace FastCache.Protocol;

/// <summary>What a frame asks for; a reply carries the opcode of its request, or <see cref="Error"/>.</summary>
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

    /// <summary>Reads one value.</summary>
    Get = 0x10,

    /// <summary>Reads up to <see cref="FcpLimits.MaxBatchKeys"/> values, answered by one reply a key.</summary>
    BatchGet = 0x11,

    /// <summary>Stores one value, always or under the condition of a <see cref="SetMode"/>.</summary>
    Set = 0x12,

    /// <summary>Removes one key, always or if its version matches.</summary>
    Delete = 0x13,

    /// <summary>Changes or removes the expiry of one key.</summary>
    Touch = 0x14,

    /// <summary>Reply only: the connection is closed after this frame.</summary>
    Error = 0x7F,
}
