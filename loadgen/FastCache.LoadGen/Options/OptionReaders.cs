using System.Globalization;
using System.Net;

namespace FastCache.LoadGen.Options;

/// <summary>The kinds of values that options take.</summary>
internal static class OptionReaders
{
    public static TextReader<long> Count(long least, long most) =>
        (string text, out long value) => Quantity.TryParseCount(text, out value) && value >= least && value <= most;

    public static TextReader<int> Number(int least, int most) => (string text, out int value) =>
    {
        bool fits = Quantity.TryParseCount(text, out long count) && count >= least && count <= most;
        value = fits ? (int)count : 0;
        return fits;
    };

    public static TextReader<int> Bytes(int least, int most) => (string text, out int value) =>
    {
        bool fits = Quantity.TryParseBytes(text, out long bytes) && bytes >= least && bytes <= most;
        value = fits ? (int)bytes : 0;
        return fits;
    };

    /// <summary>Values with commas between them; each once.</summary>
    public static TextReader<IReadOnlyList<T>> List<T>(TextReader<T> read) => (string text, out IReadOnlyList<T> values) =>
    {
        List<T> list = [];
        bool areAllowed = true;
        foreach (string part in text.Split(','))
        {
            areAllowed &= read(part.Trim(), out T value) && !list.Contains(value);
            list.Add(value);
        }

        values = list;
        return areAllowed;
    };

    public static TextReader<double> Decimal(double least, double most) => (string text, out double value) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value)
        && value >= least && value <= most;

    public static TextReader<TimeSpan> Duration(TimeSpan least, TimeSpan most) => (string text, out TimeSpan value) =>
        Quantity.TryParseDuration(text, out value) && value >= least && value <= most;

    /// <summary>The name of one of an enumeration's members, in any case.</summary>
    public static TextReader<TEnum> Name<TEnum>()
        where TEnum : struct, Enum => (string text, out TEnum value) =>
        Enum.TryParse(text, ignoreCase: true, out value) && text.All(char.IsAsciiLetter);

    public static TextReader<string> Text(Func<string, bool> isAllowed) => (string text, out string value) =>
    {
        value = text;
        return isAllowed(text);
    };

    public static bool ReadEndPoint(string text, out DnsEndPoint value)
    {
        int colon = text.LastIndexOf(':');
        string host = colon > 0 ? text[..colon].Trim('[', ']') : "";
        bool hasPort = int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int port);
        bool isEndPoint = host.Length > 0 && hasPort && port is > 0 and <= IPEndPoint.MaxPort;
        value = isEndPoint ? new(host, port) : new("localhost", 0);
        return isEndPoint;
    }
}
