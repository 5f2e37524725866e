using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FastCache.Cluster;

/// <summary>A topology as JSON: what <c>--topology</c> names, and what a node answers to Cluster.</summary>
/// <remarks>
/// <code>
/// {
///   "epoch": 1,
///   "nodes": [ { "name": "a", "address": "10.0.0.1:7600", "zone": "eu-1a", "region": "eu-1" }, ... ],
///   "slots": [ { "range": "0-8191", "primary": "a", "replicas": [ "b" ] }, ... ]
/// }
/// </code>
/// zone, region and replicas may be left out; a property that is not listed is an error, since it is most likely a slip.
/// </remarks>
public static class TopologyDocument
{
    /// <summary>Longest document in bytes; 4,096 nodes with a range for every slot stay below it.</summary>
    public const int MaxBytes = 4 << 20;

    /// <summary>Reads a document.</summary>
    /// <exception cref="TopologyException">It is no such document, or its topology breaks a rule.</exception>
    public static ClusterTopology Read(ReadOnlySpan<byte> json)
    {
        if (json.Length > MaxBytes)
        {
            throw new TopologyException($"The document has {json.Length} bytes; allowed are {MaxBytes}.");
        }

        Document document;
        try
        {
            document = JsonSerializer.Deserialize(json, DocumentContext.Default.Document)
                ?? throw new TopologyException("The document is null.");
        }
        catch (JsonException invalid)
        {
            throw new TopologyException($"The document is not as it should be: {invalid.Message}", invalid);
        }

        if (document.Nodes.Any(IsNull) || document.Slots.Any(IsNull) || document.Slots.Any(slots => slots.Replicas?.Any(IsNull) ?? false))
        {
            throw new TopologyException("A node, a range or a replica is null.");
        }

        ClusterNode[] nodes = [.. document.Nodes.Select(ToNode)];
        Dictionary<string, int> byName = new(StringComparer.Ordinal);
        for (int i = 0; i < nodes.Length; i++)
        {
            byName.TryAdd(nodes[i].Name, i);
        }

        return new(document.Epoch, nodes, document.Slots.Select(slots => ToRange(slots, byName)));
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="TopologyException">It cannot be read, is no such document, or its topology breaks a rule; the
    /// message names the file.</exception>
    public static ClusterTopology ReadFile(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            byte[] json = file.Length <= MaxBytes
                ? new byte[file.Length]
                : throw new TopologyException($"it has {file.Length} bytes; allowed are {MaxBytes}.");
            file.ReadExactly(json);
            return Read(json);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or TopologyException)
        {
            throw new TopologyException($"{path}: {failure.Message}", failure);
        }
    }

    /// <summary>Writes a document, for people and programs alike: a line for each node and each range.</summary>
    public static byte[] Write(ClusterTopology topology)
    {
        using MemoryStream stream = new();
        using StreamWriter text = new(stream) { NewLine = "\n" };
        text.WriteLine("{");
        text.WriteLine($"  \"epoch\": {topology.Epoch},");
        text.WriteLine("  \"nodes\": [");
        WriteLines(text, topology.Nodes.Select(node => JsonSerializer.Serialize(
            new NodeEntry(node.Name, node.Address, node.Zone, node.Region), DocumentContext.Default.NodeEntry)));
        text.WriteLine("  ],");
        text.WriteLine("  \"slots\": [");
        WriteLines(text, topology.Ranges.Select(range => JsonSerializer.Serialize(
            new SlotEntry(
                range.First == range.Last ? $"{range.First}" : $"{range.First}-{range.Last}",
                topology.Nodes[range.Primary].Name,
                range.Copies.Count == 1 ? null : [.. range.Copies.Skip(1).Select(copy => topology.Nodes[copy].Name)]),
            DocumentContext.Default.SlotEntry)));
        text.WriteLine("  ]");
        text.WriteLine("}");
        text.Flush();
        return stream.ToArray();
    }

    private static bool IsNull(object? entry) => entry is null;

    private static void WriteLines(TextWriter text, IEnumerable<string> lines)
    {
        string? before = null;
        foreach (string line in lines)
        {
            if (before is not null)
            {
                text.WriteLine($"    {before},");
            }

            before = line;
        }

        text.WriteLine($"    {before}");
    }

    private static ClusterNode ToNode(NodeEntry node) => ClusterNode.TryParseAddress(node.Address, out string host, out int port)
        ? new(node.Name, host, port, node.Zone, node.Region)
        : throw new TopologyException(
            $"Node {node.Name} has the address '{node.Address}'; it must be host:port, with a port of 1 to 65535.");

    private static SlotRange ToRange(SlotEntry slots, Dictionary<string, int> byName)
    {
        string[] ends = slots.Range.Split('-');
        if (ends.Length > 2 || !TryParse(ends[0], out int first) || !TryParse(ends[^1], out int last))
        {
            throw new TopologyException(
                $"The range '{slots.Range}' must be two slots of 0 to 16383 with a hyphen between them, such as 0-8191, or one.");
        }

        List<int> copies = [IndexOf(slots.Primary)];
        copies.AddRange((slots.Replicas ?? []).Select(IndexOf));
        return new(first, last, copies);

        int IndexOf(string name) => byName.TryGetValue(name, out int index)
            ? index
            : throw new TopologyException($"Slots {slots.Range} name node '{name}', which is not among the nodes.");

        static bool TryParse(string text, out int slot) =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out slot);
    }

    internal sealed record Document(uint Epoch, NodeEntry[] Nodes, SlotEntry[] Slots);

    internal sealed record NodeEntry(string Name, string Address, string? Zone = null, string? Region = null);

    internal sealed record SlotEntry(string Range, string Primary, string[]? Replicas = null);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowTrailingCommas = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TopologyDocument.Document))]
internal sealed partial class DocumentContext : JsonSerializerContext;
