using FastCache.Cluster;

namespace FastCache.Cli.Topologies;

/// <summary>A node as the command line has it: <c>NAME=HOST:PORT[@ZONE[/REGION]]</c>.</summary>
internal static class NodeText
{
    public const string Form = "NAME=HOST:PORT, NAME=HOST:PORT@ZONE or NAME=HOST:PORT@ZONE/REGION";

    public static bool TryParse(string text, out ClusterNode node)
    {
        node = new("", "", 0);
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            return false;
        }

        string[] addressAndPlace = text[(equals + 1)..].Split('@');
        string[] place = addressAndPlace.Length == 2 ? addressAndPlace[1].Split('/') : [];
        if (addressAndPlace.Length > 2 || place.Length > 2 || place.Any(part => part.Length == 0)
            || !ClusterNode.TryParseAddress(addressAndPlace[0], out string host, out int port))
        {
            return false;
        }

        node = new(text[..equals], host, port, place.ElementAtOrDefault(0), place.ElementAtOrDefault(1));
        return true;
    }
}
