using FastCache.LoadGen.Options;

namespace FastCache.Bench.Options;

/// <summary>The kinds of options that the commands take.</summary>
internal static class BenchOptions
{
    /// <summary>A number of things, such as 5M.</summary>
    public static TextOption<int> Count(string name, string defaultText, int least, int most, string description) => new(
        name, "n", defaultText, $"{least:N0} to {most:N0}", description,
        (string text, out int value) =>
        {
            bool fits = Quantity.TryParseCount(text, out long count) && count >= least && count <= most;
            value = fits ? (int)count : 0;
            return fits;
        });

    /// <summary>A size, such as 4GiB.</summary>
    public static TextOption<long> Bytes(string name, string defaultText, long least, long most, string description) => new(
        name, "size", defaultText, $"{least >> 20} MiB to {most >> 30} GiB", description,
        (string text, out long value) => Quantity.TryParseBytes(text, out value) && value >= least && value <= most);

    /// <summary>A file to write.</summary>
    public static TextOption<string> File(string name, string description) => new(
        name, "file", null, "a file name in a directory that exists", description,
        (string text, out string value) =>
        {
            value = text;
            return text.Length > 0
                && Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(text)))
                && !Directory.Exists(text);
        });
}
