using FastCache.Protocol.Memcached;

namespace FastCache.Node.Doors.Memcached;

/// <summary>What the door of memcached's protocol remembers of one connection.</summary>
internal sealed class MemcachedTalk
{
    /// <summary>How far the next request has been looked at.</summary>
    public MemcachedProgress Progress;
}
