using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace FastCache.Node.Doors;

/// <summary>The protocols that a node speaks, each on listeners of its own.</summary>
internal enum DoorKind : byte
{
    /// <summary>FCP, docs/protocol.md.</summary>
    Fcp,

    /// <summary>Redis's, docs/doors.md.</summary>
    Resp,

    /// <summary>memcached's, docs/doors.md.</summary>
    Memcached,
}

/// <summary>Where a node listens, and for which protocol: fcp://127.0.0.1:7600, or without fcp://.</summary>
/// <param name="Kind">The protocol.</param>
/// <param name="EndPoint">Address and port; port 0 takes any free one.</param>
internal sealed record DoorAddress(DoorKind Kind, IPEndPoint EndPoint)
{
    /// <summary>What an error says of a wrong address.</summary>
    public const string Allowed =
        "fcp://, resp:// or memcached://, or none of them (fcp), an IP address and a port from 0 to 65535, like 127.0.0.1:7600, [::1]:7600 or resp://127.0.0.1:6379";

    private const string SchemeEnd = "://";

    public static bool TryParse(string text, [NotNullWhen(true)] out DoorAddress? address)
    {
        address = null;
        int scheme = text.IndexOf(SchemeEnd, StringComparison.Ordinal);
        DoorKind? kind = scheme < 0 ? DoorKind.Fcp : text[..scheme] switch
        {
            "fcp" => DoorKind.Fcp,
            "resp" => DoorKind.Resp,
            "memcached" => DoorKind.Memcached,
            _ => null,
        };
        string place = scheme < 0 ? text : text[(scheme + SchemeEnd.Length)..];
        int colon = place.LastIndexOf(':');
        if (kind is DoorKind found
            && colon > 0
            && !(place.AsSpan(0, colon).Contains(':') && place[colon - 1] != ']')
            && IPAddress.TryParse(place.AsSpan(0, colon).Trim("[]"), out IPAddress? host)
            && ushort.TryParse(place.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            address = new DoorAddress(found, new IPEndPoint(host, port));
            return true;
        }

        return false;
    }

    /// <summary>As it is written; fcp without its name.</summary>
    public override string ToString() => Kind switch
    {
        DoorKind.Fcp => $"{EndPoint}",
        DoorKind.Resp => $"resp://{EndPoint}",
        _ => $"memcached://{EndPoint}",
    };
}
