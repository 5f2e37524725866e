using System.Net;
using FastCache.Cluster;

namespace FastCache.Cli.Shell;

/// <summary>A node's address that errors show as it was typed.</summary>
internal sealed class SeedAddress(string text, string host, int port) : DnsEndPoint(host, port)
{
    public static bool TryParse(string text, out SeedAddress value)
    {
        bool isAddress = ClusterNode.TryParseAddress(text, out string host, out int port);
        value = isAddress ? new(text, host, port) : new("", "localhost", 0);
        return isAddress;
    }

    public override string ToString() => text;
}
