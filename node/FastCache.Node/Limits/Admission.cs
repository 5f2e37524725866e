using FastCache.Io;

namespace FastCache.Node.Limits;

/// <summary>How many connections the node and each address have, over all shards.</summary>
/// <remarks>Asked when a connection begins and ends, never for a request, so a lock is good enough.</remarks>
/// <param name="maxConnections">Most at once.</param>
/// <param name="maxPerAddress">Most at once from one address.</param>
internal sealed class Admission(int maxConnections, int maxPerAddress)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<UInt128, int> _byAddress = [];
    private int _connections;

    /// <summary>Counts a new connection.</summary>
    /// <param name="peer">Where it comes from.</param>
    /// <returns>Null, or why it is refused; then it is not counted.</returns>
    public string? TryEnter(PeerAddress peer)
    {
        lock (_lock)
        {
            int ofAddress = _byAddress.GetValueOrDefault(peer.Address);
            if (_connections >= maxConnections)
            {
                return $"the node has {maxConnections} connections, the most that it takes (--max-connections); try again later";
            }

            if (ofAddress >= maxPerAddress)
            {
                return $"your address has {maxPerAddress} connections, the most that one may have (--max-connections-per-address)";
            }

            _byAddress[peer.Address] = ofAddress + 1;
            _connections++;
            return null;
        }
    }

    /// <summary>Counts the end of a connection that was let in.</summary>
    public void Leave(PeerAddress peer)
    {
        lock (_lock)
        {
            _connections--;
            int left = _byAddress[peer.Address] - 1;
            if (left == 0)
            {
                _byAddress.Remove(peer.Address);
            }
            else
            {
                _byAddress[peer.Address] = left;
            }
        }
    }
}
