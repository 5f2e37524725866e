using FastCache.LoadGen.Workload;
using FastCache.Protocol;

namespace FastCache.LoadGen.Options;

/// <summary>Options of the load itself, for the commands that have a mix of gets and sets; each declared once.</summary>
internal static class LoadOptions
{
    public static TextOption<int> Keys() => new(
        "--keys", "n", "1M", "1 to 500M", "Keys that are stored before the measured phase.",
        OptionReaders.Number(1, KeySpace.MaxKeys));

    public static TextOption<int> KeySize() => new(
        "--key-size", "bytes", "16", $"{KeySpace.MinKeyBytes} to {FcpLimits.MaxKeyBytes}", "Bytes of a key.",
        OptionReaders.Bytes(KeySpace.MinKeyBytes, FcpLimits.MaxKeyBytes));

    public static TextOption<double> Reads() => new(
        "--reads", "fraction", "0.9", "0 to 1", "Reads among all operations; the others are writes.",
        OptionReaders.Decimal(0, 1));

    public static TextOption<double> Misses() => new(
        "--misses", "fraction", "0.05", "0 to 1", "Reads of keys that were never stored, among all reads.",
        OptionReaders.Decimal(0, 1));

    public static TextOption<int> Connections() => new(
        "--connections", "n", "32", "1 to 10K", "Connections.", OptionReaders.Number(1, 10_000));

    public static TextOption<TimeSpan> Duration(string defaultText) => new(
        "--duration", "time", defaultText, "100ms to 24h", "Length of the measured phase.",
        OptionReaders.Duration(TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(24)));

    public static TextOption<long> Rate() => new(
        "--rate", "per second", "0", "0 or 100 to 100M",
        "Open loop: requests due a second, such as 2.3M. 0: closed loop, each connection sends when all is answered.",
        (string text, out long value) =>
            Quantity.TryParseCount(text, out value) && value is 0 or (>= 100 and <= 100_000_000));

    public static TextOption<int> Rounds(string description) => new(
        "--rounds", "n", "3", "1 to 100", description, OptionReaders.Number(1, 100));

    /// <summary>What is wrong with keys of a size; empty if nothing is.</summary>
    public static string CheckKeySize(RunOptions options) => KeySpace.Fits(options.Keys, options.KeySize)
        ? ""
        : $"--key-size is {options.KeySize}, too small for {options.Keys} stored keys and as many absent ones; " +
          $"allowed: {KeySpace.LeastKeyBytes(options.Keys)} to {FcpLimits.MaxKeyBytes}.";
}
