using System.Diagnostics.CodeAnalysis;

namespace FastCache.Protocol;

/// <summary>The flag byte of a request. Bits that an opcode does not list must be 0.</summary>
/// <remarks>
/// <code>
/// bit     7    6        5    4    3    2      1    0
///       +----+--------+----+----+----+------+---------+
///       | 0  | Return | 0  | 0  | 0  | Has  | SetMode |
///       |    | Version|    |    |    | TTL  |         |
///       +----+--------+----+----+----+------+---------+
/// Get, BatchGet   x
/// Set             x                    x      0 1 2 3
/// Delete                                      0 3
/// Touch                                x
/// </code>
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

    /// <summary>The reply's body shall start with the item's version.</summary>
    ReturnVersion = 0x40,
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

/// <summary>The flag byte of a reply; other bits are 0 in version 1.</summary>
[Flags]
[SuppressMessage("Naming", "CA1711", Justification = "It is the flag byte of the specification.")]
public enum ReplyFlags : byte
{
    /// <summary>No flag.</summary>
    None = 0x00,

    /// <summary>The body starts with the item's 8-byte version.</summary>
    VersionPresent = 0x01,

    /// <summary>This is the last reply of a batched get.</summary>
    Last = 0x02,
}
