using System.Globalization;
using System.Net;

namespace FastCache.Extensions;

/// <summary>Addresses as configurations have them.</summary>
internal static class SeedAddress
{
    /// <param name="text">"host:port", where an IPv6 address stands in brackets.</param>
    /// <param name="name">What an error calls it.</param>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static EndPoint Parse(string? text, string name)
    {
        int colon = text?.LastIndexOf(':') ?? -1;
        string host = colon > 0 ? text![..colon] : "";
        bool isBracketed = host.StartsWith('[') && host.EndsWith(']');
        if (!isBracketed && Uri.CheckHostName(host) is not (UriHostNameType.Dns or UriHostNameType.IPv4)
            || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port)
            || port is 0 or > IPEndPoint.MaxPort)
        {
            throw Wrong(text, name);
        }

        return IPAddress.TryParse(host, out IPAddress? address)
            ? new IPEndPoint(address, port)
            : isBracketed ? throw Wrong(text, name) : new DnsEndPoint(host, port);
    }

    private static ArgumentException Wrong(string? text, string name) => new(
        $"{name} is '{text}'; it must be host:port with a port of 1 to {IPEndPoint.MaxPort}, such as localhost:7600.");
}
