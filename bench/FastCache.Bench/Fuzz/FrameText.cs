using System.Globalization;
using System.Text;

namespace FastCache.Bench.Fuzz;

/// <summary>Frames as text: hex, spaces anywhere between bytes, <c>61*250</c> for byte 61 two hundred and fifty times.</summary>
internal static class FrameText
{
    private const int ShortestRun = 9;
    private static readonly Range[] HeaderFields = [new(0, 1), new(1, 2), new(2, 3), new(3, 4), new(4, 8), new(8, 12), new(12, 16)];

    /// <exception cref="FormatException">It is no such text.</exception>
    public static byte[] Parse(string text)
    {
        List<byte> bytes = [];
        foreach (string word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            int star = word.IndexOf('*', StringComparison.Ordinal);
            byte[] once = Convert.FromHexString(star < 0 ? word : word[..star]);
            bytes.AddRange(star < 0 ? once : Enumerable.Repeat(once[0], int.Parse(word.AsSpan(star + 1), CultureInfo.InvariantCulture)));
        }

        return [.. bytes];
    }

    /// <summary>Writes a frame with the fields of its header apart; fewer bytes than a header as they are.</summary>
    public static string Format(ReadOnlySpan<byte> frame)
    {
        StringBuilder line = new();
        int at = 0;
        if (frame.Length >= HeaderFields[^1].End.Value)
        {
            foreach (Range field in HeaderFields)
            {
                line.Append(Convert.ToHexString(frame[field])).Append(' ');
            }

            at = HeaderFields[^1].End.Value;
        }

        while (at < frame.Length)
        {
            int run = frame[at..].IndexOfAnyExcept(frame[at]);
            run = run < 0 ? frame.Length - at : run;
            line.Append(run >= ShortestRun ? $" {frame[at]:X2}*{run} " : Convert.ToHexString(frame.Slice(at, run)));
            at += run;
        }

        return line.Replace("  ", " ").ToString().Trim();
    }
}
