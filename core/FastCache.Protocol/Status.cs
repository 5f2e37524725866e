namespace FastCache.Protocol;

/// <summary>How a request ended.</summary>
/// <remarks>
/// <code>
/// 0x00 .. 0x0F   answers: the request was executed; the body is what the opcode says
/// 0x10 .. 0x7F   errors of one request: the connection goes on; the body is UTF-8 text
/// 0x80 .. 0xFF   fatal: the connection is closed after this reply; the opcode is Error, the body UTF-8 text
/// </code>
/// </remarks>
public enum Status : byte
{
    /// <summary>Done.</summary>
    Ok = 0x00,

    /// <summary>No such key, or it has expired.</summary>
    NotFound = 0x01,

    /// <summary>A write with <see cref="SetMode.IfAbsent"/>: the key is there; nothing was changed.</summary>
    Exists = 0x02,

    /// <summary>A write or delete with <see cref="SetMode.IfVersion"/>: the key has another version; nothing was
    /// changed.</summary>
    VersionMismatch = 0x03,

    /// <summary>A write with <see cref="SetExtras.IfNewer"/>: the key has this (without a lease token) or a higher version; nothing
    /// was changed.</summary>
    NotNewer = 0x04,

    /// <summary>The grant has ended: by its deadline, another write, a delete; nothing was changed.</summary>
    LeaseLost = 0x05,

    /// <summary>The value is larger than this node stores, or than one reply holds.</summary>
    ValueTooLarge = 0x10,

    /// <summary>The shard's memory budget has no room that may be taken for this item.</summary>
    OutOfMemory = 0x11,

    /// <summary>The value is not a decimal number of the kind that was asked for.</summary>
    NotANumber = 0x12,

    /// <summary>The result lies outside of what the kind of number can say.</summary>
    Overflow = 0x13,

    /// <summary>The range starts behind the end of the value, or a piece goes beyond the length that was
    /// announced.</summary>
    RangeOutOfValue = 0x14,

    /// <summary>A version from elsewhere lies too far in the past or in the future.</summary>
    VersionOutOfRange = 0x15,

    /// <summary>The connection or the node has as many streams open as can be.</summary>
    TooManyOpen = 0x16,

    /// <summary>No stream of that kind is open under this id.</summary>
    NoSuchStream = 0x17,

    /// <summary>A stream is open under this id already.</summary>
    StreamIdInUse = 0x18,

    /// <summary>Bytes of the value are missing; the stream stays open.</summary>
    StreamIncomplete = 0x19,

    /// <summary>The key is another shard's, whose number is the argument, and this request is not forwarded.</summary>
    WrongShard = 0x1A,

    /// <summary>The request needs a feature that the hello did not agree on.</summary>
    FeatureNotAgreed = 0x1B,

    /// <summary>The node has ended a stream that waited too long for a piece or for credit.</summary>
    StreamTimedOut = 0x1C,

    /// <summary>The key's slot is not this node's; the argument is the epoch by which it says so.</summary>
    Moved = 0x1D,

    /// <summary>A field of the frame has a value that it must not have.</summary>
    Malformed = 0x80,

    /// <summary>The request's opcode does not exist in the agreed version.</summary>
    UnknownOpcode = 0x81,

    /// <summary>The body is longer than its opcode ever allows.</summary>
    FrameTooLarge = 0x82,

    /// <summary>A key of length 0, or longer than the node allows.</summary>
    BadKeyLength = 0x83,

    /// <summary>The connection's first frame was not <see cref="Opcode.Hello"/>.</summary>
    HandshakeRequired = 0x84,

    /// <summary><see cref="Opcode.Hello"/> asked for a protocol version that the node does not speak.</summary>
    UnsupportedVersion = 0x85,

    /// <summary>The node stops; connect to another one.</summary>
    ShuttingDown = 0x86,

    /// <summary>The node takes no more connections or no more work of this one; try again later.</summary>
    Overloaded = 0x87,

    /// <summary>The node failed; whether this request was executed is unknown.</summary>
    Internal = 0x88,
}

/// <summary>The ranges of <see cref="Status"/>.</summary>
public static class StatusRanges
{
    /// <summary>Whether the connection is closed after a reply of this status.</summary>
    public static bool IsFatal(this Status status) => (byte)status >= 0x80;

    /// <summary>Whether the body of a reply of this status is a UTF-8 text that says what went wrong.</summary>
    public static bool IsError(this Status status) => (byte)status >= 0x10;
}
