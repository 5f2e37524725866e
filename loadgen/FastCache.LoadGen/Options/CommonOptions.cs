using System.Globalization;
using System.Net;
using FastCache.Io;

namespace FastCache.LoadGen.Options;

/// <summary>Options that several commands have, each declared once.</summary>
internal static class CommonOptions
{
    public static TextOption<DnsEndPoint> Connect() => new(
        "--connect", "host:port", null, "host:port, port 1 to 65535",
        "Load this node instead of starting one.", OptionReaders.ReadEndPoint);

    public static TextOption<TimeSpan> WarmUp(string defaultText) => new(
        "--warmup", "time", defaultText, "0s to 1h", "The same load before it, not measured.",
        OptionReaders.Duration(TimeSpan.Zero, TimeSpan.FromHours(1)));

    public static TextOption<CpuList> NodeCpus(string whose = "the node that is started") => new(
        "--node-cpus", "list", "0", "processors such as 0 or 0,2-3", $"Processors of {whose}.",
        CpuList.TryParse);

    public static TextOption<CpuList> LoadCpus() => new(
        "--load-cpus", "list", "1", "processors such as 1 or 1,4-5", "Processors of the load generator.",
        CpuList.TryParse);

    public static TextOption<IoBackend> Io() => new(
        "--io", IoBackendNames.Choices, "auto", IoBackendNames.Allowed,
        "How the node that is started, or the byte-moving program, reaches its sockets.", IoBackendNames.TryParse);

    public static TextOption<ulong> Seed() => new(
        "--seed", "n", "1", "0 to 2^64-1", "Same seed, same requests.",
        (string text, out ulong value) =>
            ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value));

    public static TextOption<string> Memory(string? defaultText, string whose = "the node that is started") => new(
        "--memory", "size", defaultText, "a size such as 512MiB or 1GiB", $"Memory of {whose}.",
        OptionReaders.Text(text => Quantity.TryParseBytes(text, out long bytes) && bytes > 0));

    public static TextOption<string> Page() => File("--page", "Write a page to look at, too.");

    /// <summary>An option that names a file to be written.</summary>
    public static TextOption<string> File(string name, string description, string? alias = null) => new(
        name, "file", null, "a file name in a directory that exists", description, OptionReaders.Text(IsWritablePath), alias);

    private static bool IsWritablePath(string text)
    {
        string? directory = text.Length > 0 ? Path.GetDirectoryName(Path.GetFullPath(text)) : null;
        return directory is not null && Directory.Exists(directory) && !Directory.Exists(text);
    }
}
