using System.Globalization;

namespace FastCache.Protocol.Tests;

/// <summary>One line of docs/protocol-vectors.txt.</summary>
/// <param name="Name">Unique.</param>
/// <param name="IsRequest">Its direction.</param>
/// <param name="Frame">The bytes.</param>
/// <param name="Expected">ok, need-more N, value-too-large N, or for a fatal one the status (of a reply:
/// fatal).</param>
/// <param name="Meaning">What it decodes to, or the error's text.</param>
internal sealed record Vector(string Name, bool IsRequest, byte[] Frame, string Expected, string Meaning)
{
    public static IReadOnlyDictionary<string, Vector> All { get; } = File
        .ReadLines(Path.Combine(AppContext.BaseDirectory, "protocol-vectors.txt"))
        .Where(line => line.Length > 0 && line[0] != '#')
        .Select(Parse)
        .ToDictionary(vector => vector.Name);

    public bool IsOk => Expected == "ok";

    private static Vector Parse(string line)
    {
        string[] column = line.Split('|', 5, StringSplitOptions.TrimEntries);
        return new(column[0], column[1] == "request", [.. Bytes(column[2])], column[3], column[4]);
    }

    /// <summary>Hex digits with spaces anywhere between bytes; 61*250 repeats the byte before the star.</summary>
    private static IEnumerable<byte> Bytes(string hex) => hex
        .Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .Select(word => word.Split('*'))
        .SelectMany(part => part.Length == 1
            ? Convert.FromHexString(part[0])
            : Enumerable.Repeat(Convert.FromHexString(part[0])[0], int.Parse(part[1], CultureInfo.InvariantCulture)));
}
