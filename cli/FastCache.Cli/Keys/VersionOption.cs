using System.Globalization;
using FastCache.LoadGen.Options;

namespace FastCache.Cli.Keys;

/// <summary>The condition that an item has a version.</summary>
internal static class VersionOption
{
    public static TextOption<ulong> IfVersion() => new(
        "--if-version", "n", null, "1 to 2^64-1; get --json tells it", "Only if the item has this version.",
        (string text, out ulong value) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value > 0);
}
