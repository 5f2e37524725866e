using System.Text.Json;
using System.Text.Unicode;

namespace FastCache.Cli.Shell;

/// <summary>Bytes in JSON: text if they are UTF-8, otherwise base64 under another name, as in the lines of load and dump.</summary>
internal static class JsonBytes
{
    /// <summary>What is behind the name of a property whose text is base64.</summary>
    public const string Suffix = "Base64";

    public static void Write(Utf8JsonWriter writer, string name, ReadOnlySpan<byte> bytes)
    {
        if (Utf8.IsValid(bytes))
        {
            writer.WriteString(name, bytes);
        }
        else
        {
            writer.WriteBase64String(name + Suffix, bytes);
        }
    }

    /// <summary>Versions are text: they have 64 bits, and many readers of JSON keep only 53 of a number.</summary>
    public static void WriteVersion(this Utf8JsonWriter writer, ulong version) =>
        writer.WriteString("version", version.ToString(System.Globalization.CultureInfo.InvariantCulture));
}
