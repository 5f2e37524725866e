namespace FastCache.LoadGen.Wire;

/// <summary>The three replies that a run may get; everything else is an error.</summary>
/// <remarks>All values have the same length, so that the line before a value is always the same, too.</remarks>
internal sealed class TextReplies
{
    /// <summary>Most bytes of a line.</summary>
    public const int MaxLineBytes = 16;

    private readonly byte[] _hit;
    private readonly byte[] _miss;
    private readonly byte[] _write;

    /// <param name="hit">The line before a value; as all three with its end.</param>
    /// <param name="miss">The line instead of a value.</param>
    /// <param name="write">The line after a set.</param>
    /// <param name="valueBytes">Bytes of every value.</param>
    /// <exception cref="ArgumentException">A line is too long, or how another one starts.</exception>
    public TextReplies(byte[] hit, byte[] miss, byte[] write, int valueBytes)
    {
        byte[][] lines = [hit, miss, write];
        if (lines.Any(line => line.Length > MaxLineBytes)
            || lines.Any(line => lines.Any(other => other != line && other.AsSpan().StartsWith(line))))
        {
            throw new ArgumentException($"lines have at most {MaxLineBytes} bytes and differ", nameof(hit));
        }

        _hit = hit;
        _miss = miss;
        _write = write;
        ValueBytes = valueBytes;
    }

    public int ValueBytes { get; }

    /// <summary>The line before a value, with its end.</summary>
    public ReadOnlySpan<byte> Hit => _hit;

    /// <summary>The line instead of a value, with its end.</summary>
    public ReadOnlySpan<byte> Miss => _miss;

    /// <summary>The line after a set, with its end.</summary>
    public ReadOnlySpan<byte> Write => _write;
}
