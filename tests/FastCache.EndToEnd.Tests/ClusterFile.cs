using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests;

/// <summary>A topology file of the nodes a, b and c, of which tests start only a.</summary>
internal sealed class ClusterFile : IDisposable
{
    /// <summary>The first slot that is not in the lower half.</summary>
    public const int Half = KeySlot.Count / 2;

    /// <summary>Ranges that give a all slots.</summary>
    public const string AllOfA = "0-16383 a";

    /// <summary>Ranges that give a the lower half, and b the upper.</summary>
    public static readonly string[] LowerOfA = ["0-8191 a", "8192-16383 b"];

    public string Path { get; } = System.IO.Path.GetTempFileName();

    /// <summary>Writes a topology.</summary>
    /// <param name="epoch">Its number.</param>
    /// <param name="ranges">"first-last primary replica replica".</param>
    public void Write(uint epoch, params IEnumerable<string> ranges) => Write(epoch, AddressOf("a"), ranges);

    /// <summary>The same with an address for a; with none, a is not in the cluster.</summary>
    public void Write(uint epoch, string? address, IEnumerable<string> ranges)
    {
        string[] nodes =
        [
            .. address is null ? Array.Empty<string>() : [Node("a", address)],
            Node("b", AddressOf("b")),
            Node("c", AddressOf("c")),
        ];
        WriteText($$"""{ "epoch": {{epoch}}, "nodes": [{{string.Join(", ", nodes)}}], "slots": [{{string.Join(",\n", ranges.Select(Range))}}] }""");
    }

    public void WriteText(string text) => File.WriteAllText(Path, text);

    public static string AddressOf(string node) => $"10.0.0.{node[0] - 'a' + 1}:7600";

    /// <summary>Starts the node a on a free port.</summary>
    public RunningNode Start(int shards = 1) => RunningNode.Start("--topology", Path, "--node", "a", "--shards", $"{shards}");

    /// <summary>The same for one that speaks Redis's protocol as well.</summary>
    public RunningNode StartWithResp(int shards) => RunningNode.StartWithResp(shards, "--topology", Path, "--node", "a");

    /// <summary>So many keys of the lower half of the slots, or of the upper one.</summary>
    public static string[] Keys(int count, bool isUpper) =>
    [
        .. Enumerable.Range(0, int.MaxValue).Select(i => $"key {i}")
            .Where(key => KeySlot.Of(TestClient.Key(key)) >= Half == isUpper).Take(count),
    ];

    public void Dispose() => File.Delete(Path);

    private static string Node(string name, string address) => $$"""{ "name": "{{name}}", "address": "{{address}}" }""";

    private static string Range(string text)
    {
        string[] parts = text.Split(' ');
        string replicas = string.Join(", ", parts[2..].Select(replica => $"\"{replica}\""));
        return $$"""{ "range": "{{parts[0]}}", "primary": "{{parts[1]}}", "replicas": [{{replicas}}] }""";
    }
}
