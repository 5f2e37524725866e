using System.Net;

namespace FastCache.Node.Doors;

/// <summary>Where the doors of a node are open. Written once, before the first connection; read by all shards.</summary>
internal sealed class OpenDoors
{
    private volatile int _fcpPort;
    private volatile int _respPort;
    private volatile IPEndPoint? _memcached;

    /// <summary>The port of Redis's protocol; 0 when it is not spoken.</summary>
    public int RespPort => _respPort;

    /// <summary>How far that port lies from FCP's.</summary>
    public int RespPortDistance => _respPort - _fcpPort;

    /// <summary>Where memcached's protocol is spoken; null when it is not.</summary>
    public IPEndPoint? Memcached => _memcached;

    /// <summary>Says that a door is open; of several of a kind the first one counts.</summary>
    public void Add(DoorAddress bound)
    {
        if (bound.Kind == DoorKind.Fcp)
        {
            _fcpPort = _fcpPort == 0 ? bound.EndPoint.Port : _fcpPort;
        }
        else if (bound.Kind == DoorKind.Memcached)
        {
            _memcached ??= bound.EndPoint;
        }
        else
        {
            _respPort = _respPort == 0 ? bound.EndPoint.Port : _respPort;
        }
    }
}
