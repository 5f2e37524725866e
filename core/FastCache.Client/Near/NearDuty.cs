using FastCache.Protocol;

namespace FastCache.Client.Near;

/// <summary>What an operation owes the near cache when its request has ended, before its caller goes on.</summary>
internal struct NearDuty
{
    private NearCache? _cache;
    private NearTicket _ticket;
    private byte[]? _key;
    private int _keyBytes;
    private bool _isChange;

    /// <summary>The value that the request finds is to be kept.</summary>
    public void Keep(NearCache cache, in NearTicket ticket, ReadOnlySpan<byte> key)
    {
        _key ??= new byte[FcpLimits.MaxKeyBytes];
        key.CopyTo(_key);
        (_cache, _ticket, _keyBytes, _isChange) = (cache, ticket, key.Length, false);
    }

    /// <summary>The request changes a key.</summary>
    public void Change(NearCache cache, ulong keyHash) =>
        (_cache, _ticket, _isChange) = (cache, new(keyHash, 0, 0), true);

    /// <summary>The request has ended, however.</summary>
    public void End(bool isFound, ReadOnlySpan<byte> value, ulong version)
    {
        if (_cache is not NearCache cache)
        {
            return;
        }

        _cache = null;
        if (_isChange)
        {
            cache.Change(_ticket.Hash);
        }
        else if (isFound)
        {
            cache.Keep(_ticket, _key.AsSpan(0, _keyBytes), value, version, Environment.TickCount64);
        }
    }
}
