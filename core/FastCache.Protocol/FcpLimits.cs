namespace FastCache.Protocol;

/// <summary>The constants of FCP version 1. Specification: docs/protocol.md.</summary>
public static class FcpLimits
{
    /// <summary>The protocol version that this code speaks.</summary>
    public const ushort Version = 1;

    /// <summary>First byte of every request; no text protocol and no TLS record starts with it.</summary>
    public const byte RequestMagic = 0xFC;

    /// <summary>First byte of every reply.</summary>
    public const byte ReplyMagic = 0xFD;

    /// <summary>Bytes of the header of a request and of a reply.</summary>
    public const int HeaderBytes = 16;

    /// <summary>Bytes of an item's version, where a body has one.</summary>
    public const int VersionBytes = 8;

    /// <summary>Bytes of timeToLiveMillis, where a body has one.</summary>
    public const int TimeToLiveBytes = 8;

    /// <summary>Body of a hello request.</summary>
    public const int HelloRequestBytes = 8;

    /// <summary>Body of a hello reply.</summary>
    public const int HelloReplyBytes = 40;

    /// <summary>Bytes of a hello reply's body that every node sends; what follows came later.</summary>
    public const int ShortestHelloReplyBytes = 24;

    /// <summary>Longest key that any node may allow.</summary>
    public const int MaxKeyBytes = 250;

    /// <summary>Most keys of one batch that any node may allow.</summary>
    public const int MaxBatchKeys = 1024;

    /// <summary>Bytes before each key of a batched set: its length, and the value's.</summary>
    public const int BatchEntryBytes = 5;

    /// <summary>Most bytes of a value in one piece of a stream, in either direction.</summary>
    public const int MaxPieceBytes = 64 << 10;

    /// <summary>Longest lease in milliseconds: an hour.</summary>
    public const uint MaxLeaseMillis = 3_600_000;

    /// <summary>Longest body of a ping.</summary>
    public const int MaxPingBytes = 256;

    /// <summary>Longest body of a set, append or prepend. A longer one is fatal; up to here a value that is too large
    /// is skipped.</summary>
    public const int MaxSkippableBodyBytes = 64 << 20;

    /// <summary>Most bytes of a set before its key: time to live, version, sliding limit, lease token.</summary>
    public const int MaxSetFieldBytes = 32;

    /// <summary>Most bytes of a set that are neither key nor value.</summary>
    public const int MaxSetOverheadBytes = HeaderBytes + MaxSetFieldBytes;

    /// <summary>Largest value that any node may allow, so that every frame around it stays skippable.</summary>
    public const int MaxValueBytes = MaxSkippableBodyBytes - MaxSetFieldBytes - MaxKeyBytes;

    /// <summary>Longest body of a reply; a client takes a longer one for a broken stream.</summary>
    public const int MaxReplyBodyBytes = MaxSkippableBodyBytes;

    /// <summary>Longest text of an error reply, in bytes; a longer text is cut.</summary>
    public const int MaxErrorTextBytes = 512;

    /// <summary>Longest time to live: 2^39 milliseconds, about 17 years.</summary>
    public const ulong MaxTimeToLiveMillis = 1UL << 39;
}
