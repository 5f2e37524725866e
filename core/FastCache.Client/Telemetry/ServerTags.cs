using System.Diagnostics;
using System.Net;
using System.Text.Json;
using FastCache.Protocol;

namespace FastCache.Client.Telemetry;

/// <summary>What measurements and activities say of a node: made once, so that none of them allocates for it.</summary>
internal sealed class ServerTags
{
    private static readonly KeyValuePair<string, object?> CacheSystem = new("db.system.name", "fastcache");
    private static readonly KeyValuePair<string, object?>[] Operations = [.. Enumerable.Range(0, byte.MaxValue + 1)
        .Select(opcode => new KeyValuePair<string, object?>("db.operation.name", NameOf((Opcode)opcode)))];

    public ServerTags(EndPoint endPoint)
    {
        (string address, int? port) = endPoint switch
        {
            IPEndPoint ip => ($"{ip.Address}", ip.Port),
            DnsEndPoint dns => (dns.Host, dns.Port),
            _ => ($"{endPoint}", (int?)null),
        };
        KeyValuePair<string, object?> addressTag = new("server.address", address);
        Server = port is null ? [addressTag] : [addressTag, new("server.port", port)];
    }

    /// <summary>Where the node is: server.address and, unless the address has none, server.port.</summary>
    public KeyValuePair<string, object?>[] Server { get; }

    /// <summary>The name of an operation: as the protocol has it, in lower case.</summary>
    public static string OperationOf(Opcode opcode) => (string)Operations[(int)opcode].Value!;

    /// <summary>All tags of a call of this node.</summary>
    public TagList Of(Opcode opcode)
    {
        TagList tags = new() { CacheSystem, Operations[(int)opcode] };
        foreach (KeyValuePair<string, object?> tag in Server)
        {
            tags.Add(tag);
        }

        return tags;
    }

    /// <summary>The tags of this node with one more.</summary>
    public KeyValuePair<string, object?>[] With(string name, object value) => [.. Server, new(name, value)];

    private static string NameOf(Opcode opcode) => JsonNamingPolicy.SnakeCaseLower.ConvertName($"{opcode}");
}
