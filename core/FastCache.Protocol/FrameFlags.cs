using System.Diagnostics.CodeAnalysis;

namespace FastCache.Protocol;

/// <summary>The flag byte of a request. Bits that an opcode does not list must be 0.</summary>
/// <remarks>
/// <code>
/// bit     7       6        5      4    3    2      1    0
///       +-------+--------+------+----+----+------+---------+
///       | Quiet | Return | Copy | 0  | 0  | Has  | SetMode |
///       |       | Version|      |    |    | TTL  |         |
///       +-------+--------+------+----+----+------+---------+
/// </code>
/// Which opcode takes which is a column of <see cref="OpcodeRule"/>.
/// </remarks>
[Flags]
[SuppressMessage("Naming", "CA1711", Justification = "It is the flag byte of the specification.")]
public enum RequestFlags : byte
{
    /// <summary>No flag.</summary>
    None = 0x00,

    /// <summary>The two bits that hold a <see cref="SetMode"/>.</summary>
    ModeMask = 0x03,

    /// <summary>The body starts with timeToLiveMillis.</summary>
    HasTimeToLive = 0x04,

    /// <summary>It is about the copy that a replica has; without it, it is for the primary.</summary>
    Copy = 0x20,

    /// <summary>The reply's body shall start with the item's version.</summary>
    ReturnVersion = 0x40,

    /// <summary>There shall be no reply of the uninteresting kind: NotFound of a read, Ok of a write.</summary>
    Quiet = 0x80,
}

/// <summary>Under which condition a set or delete is done: bits 0 and 1 of <see cref="RequestFlags"/>.</summary>
public enum SetMode : byte
{
    /// <summary>Unconditionally.</summary>
    Always = 0,

    /// <summary>Only if the key is not there (set only).</summary>
    IfAbsent = 1,

    /// <summary>Only if the key is there (set only).</summary>
    IfPresent = 2,

    /// <summary>Only if the key is there with the version that the body names.</summary>
    IfVersion = 3,
}

/// <summary>The argument word of a Set or SetBegin: what goes beyond the flag byte.</summary>
/// <remarks>
/// <code>
/// bit    31 ..  5    4         3          2            1           0
///       +----------+---------+----------+------------+-----------+---------+
///       |    0     | IfNewer | HasLease | HasSliding | KeepStale | Sliding |
///       |          |         | Token    | Limit      |           |         |
///       +----------+---------+----------+------------+-----------+---------+
/// </code>
/// </remarks>
[Flags]
public enum SetExtras : uint
{
    /// <summary>None: a plain set.</summary>
    None = 0x00,

    /// <summary>Every hit gives the item its time to live again; needs <see cref="RequestFlags.HasTimeToLive"/>.</summary>
    Sliding = 0x01,

    /// <summary>The value may be given out as stale after it has expired.</summary>
    KeepStale = 0x02,

    /// <summary>The body has slidingLimitMillis; needs <see cref="Sliding"/>.</summary>
    HasSlidingLimit = 0x04,

    /// <summary>The body has the token of the grant that this write fills.</summary>
    HasLeaseToken = 0x08,

    /// <summary>The body has a version that becomes the item's, if the key is absent or older; needs
    /// <see cref="SetMode.Always"/>.</summary>
    IfNewer = 0x10,
}

/// <summary>The argument word of a Count.</summary>
/// <remarks>
/// <code>
/// bit    31 ..  3    2            1          0
///       +----------+------------+----------+---------+
///       |    0     | HasInitial | Subtract | Checked |
///       +----------+------------+----------+---------+
/// </code>
/// </remarks>
[Flags]
public enum CountExtras : uint
{
    /// <summary>Adds to a counter that wraps around, and that must be there.</summary>
    None = 0x00,

    /// <summary>-2^63 to 2^63 - 1 and no further; without it 0 to 2^64 - 1, adding wraps around, subtracting stops at
    /// 0.</summary>
    Checked = 0x01,

    /// <summary>The amount is taken off.</summary>
    Subtract = 0x02,

    /// <summary>The body has what an absent counter becomes.</summary>
    HasInitial = 0x04,
}

/// <summary>The flag byte of a reply; other bits are 0 in version 1.</summary>
[Flags]
[SuppressMessage("Naming", "CA1711", Justification = "It is the flag byte of the specification.")]
public enum ReplyFlags : byte
{
    /// <summary>No flag.</summary>
    None = 0x00,

    /// <summary>The body starts with the item's 8-byte version.</summary>
    VersionPresent = 0x01,

    /// <summary>This is the last reply of a batch.</summary>
    Last = 0x02,

    /// <summary>More frames of this stream follow.</summary>
    More = 0x04,
}

/// <summary>What a client asks for in its hello, and a node accepts.</summary>
[Flags]
public enum Features : uint
{
    /// <summary>None.</summary>
    None = 0x00,

    /// <summary>Replies to requests for different keys may come in any order.</summary>
    UnorderedReplies = 0x01,

    /// <summary>The client understands frames that no request has asked for; needed for <see cref="Opcode.Track"/>.</summary>
    Push = 0x02,
}

/// <summary>The argument of the reply to a LeaseGet: what was found, and what the client is to do.</summary>
public enum LeaseResult : byte
{
    /// <summary>The value, fresh.</summary>
    Hit = 0,

    /// <summary>The value, fresh but near the end of its life: this client is asked to write a new one under the token.</summary>
    HitRefresh = 1,

    /// <summary>A stale value; somebody else fetches a new one.</summary>
    Stale = 2,

    /// <summary>A stale value; this client is asked to write a new one under the token.</summary>
    StaleFill = 3,

    /// <summary>Nothing; this client is asked to write a value under the token.</summary>
    Fill = 4,

    /// <summary>Nothing; somebody else fetches it: ask again a little later.</summary>
    Wait = 5,

    /// <summary>Nothing, and no room for another grant: fetch it and write without a token.</summary>
    Miss = 6,
}
