using FastCache.Protocol.Memcached;

namespace FastCache.Node.Doors.Memcached;

/// <summary>What the door of memcached's protocol remembers of one connection.</summary>
internal sealed class MemcachedTalk
{
    /// <summary>How far the next request has been looked at.</summary>
    public MemcachedProgress Progress;

    /// <summary>Whether the connection began with text. Later lines may begin as they like: a data block may be read as lines.</summary>
    public bool IsText { get; set; }

    /// <summary>The opcode of the request that the connection began with, where that is one of the binary protocol.</summary>
    public byte? BinaryOpcode { get; set; }
}
