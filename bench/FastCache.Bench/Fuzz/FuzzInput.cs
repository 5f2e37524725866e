using System.Globalization;

namespace FastCache.Bench.Fuzz;

/// <summary>One execution's input: what each connection sends, frame by frame, and what decides everything else.</summary>
/// <param name="Seed">Decides how the bytes are cut, and what else a target draws.</param>
/// <param name="Conversations">Frames; those that were mutated may be any bytes.</param>
internal sealed record FuzzInput(int Seed, byte[][][] Conversations)
{
    private const string SeedWord = "seed ";
    private const string NoBytes = "-";

    public int Frames => Conversations.Sum(conversation => conversation.Length);

    /// <summary>Reads what <see cref="ToText"/> has written.</summary>
    /// <exception cref="InvalidOperationException">A line is neither a frame nor a seed.</exception>
    public static FuzzInput Parse(IEnumerable<string> lines)
    {
        int seed = 0;
        List<byte[][]> conversations = [];
        List<byte[]> frames = [];
        foreach (string line in lines.Where(line => !line.StartsWith('#')).Append(""))
        {
            if (line.StartsWith(SeedWord, StringComparison.Ordinal))
            {
                seed = int.Parse(line.AsSpan(SeedWord.Length), CultureInfo.InvariantCulture);
            }
            else if (line.Length > 0)
            {
                frames.Add(line == NoBytes ? [] : ParseFrame(line));
            }
            else if (frames.Count > 0)
            {
                conversations.Add([.. frames]);
                frames.Clear();
            }
        }

        return new(seed, [.. conversations]);
    }

    /// <summary>A line a frame, a dash for one without bytes; a blank line ends a conversation.</summary>
    public string ToText() => string.Create(CultureInfo.InvariantCulture, $"{SeedWord}{Seed}\n")
        + string.Concat(Conversations.Select(
            conversation => "\n" + string.Concat(conversation.Select(frame => (frame.Length == 0 ? NoBytes : FrameText.Format(frame)) + "\n"))));

    private static byte[] ParseFrame(string line)
    {
        try
        {
            return FrameText.Parse(line);
        }
        catch (FormatException)
        {
            throw new InvalidOperationException($"'{line}' is no frame in hex.");
        }
    }
}
