using System.Net;
using FastCache.Cluster;

namespace FastCache.Extensions;

/// <summary>Addresses as configurations have them.</summary>
internal static class SeedAddress
{
    /// <param name="text">"host:port", where an IPv6 address stands in brackets.</param>
    /// <param name="name">What an error calls it.</param>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static EndPoint Parse(string? text, string name) =>
        ClusterNode.TryParseEndPoint(text ?? "", out EndPoint? endPoint)
            ? endPoint
            : throw new ArgumentException(
                $"{name} is '{text}'; it must be host:port with a port of 1 to {IPEndPoint.MaxPort}, such as localhost:7600.");
}
