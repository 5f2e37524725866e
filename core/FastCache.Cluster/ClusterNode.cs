using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace FastCache.Cluster;

/// <summary>One node of a cluster.</summary>
/// <param name="Name">1 to 64 letters, digits, dots, underscores or hyphens; it stays when the address changes.</param>
/// <param name="Host">A name or an IP address, without brackets.</param>
/// <param name="Port">1 to 65,535.</param>
/// <param name="Zone">What fails together, such as a rack or an availability zone; null: not said.</param>
/// <param name="Region">What is near; null: not said.</param>
public sealed record ClusterNode(string Name, string Host, int Port, string? Zone = null, string? Region = null)
{
    /// <summary>Where clients connect.</summary>
    public EndPoint EndPoint => EndPointOf(Host, Port);

    /// <summary>The address as the document has it: <c>host:port</c>, an IPv6 address in brackets.</summary>
    public string Address => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";

    /// <summary>Takes an address apart.</summary>
    /// <returns>False if it is not <c>host:port</c> with a port of 1 to 65,535.</returns>
    public static bool TryParseAddress(string text, out string host, out int port)
    {
        host = "";
        port = 0;
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port)
            || port is 0 or > ushort.MaxValue)
        {
            return false;
        }

        host = text[..colon];
        if (host is ['[', .., ']'])
        {
            host = host[1..^1];
            return IPAddress.TryParse(host, out IPAddress? address)
                && address.AddressFamily == AddressFamily.InterNetworkV6;
        }

        return Uri.CheckHostName(host) is UriHostNameType.Dns or UriHostNameType.IPv4;
    }

    /// <summary>Reads an address as clients connect to it.</summary>
    /// <inheritdoc cref="TryParseAddress"/>
    public static bool TryParseEndPoint(string text, [NotNullWhen(true)] out EndPoint? endPoint)
    {
        endPoint = TryParseAddress(text, out string host, out int port) ? EndPointOf(host, port) : null;
        return endPoint is not null;
    }

    private static EndPoint EndPointOf(string host, int port) => IPAddress.TryParse(host, out IPAddress? address)
        ? new IPEndPoint(address, port)
        : new DnsEndPoint(host, port);

    public override string ToString() => $"{Name} ({Address})";
}
