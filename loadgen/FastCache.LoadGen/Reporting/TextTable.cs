namespace FastCache.LoadGen.Reporting;

/// <summary>Rows of cells in aligned columns.</summary>
internal sealed class TextTable(params string[] heads)
{
    private const string Gap = "  ";

    private readonly List<string[]> _rows = [heads];
    private readonly HashSet<int> _right = [];

    /// <summary>Aligns columns to the right.</summary>
    public TextTable Right(params ReadOnlySpan<int> columns)
    {
        foreach (int column in columns)
        {
            _right.Add(column);
        }

        return this;
    }

    public void Add(params string[] cells) => _rows.Add(cells);

    public void WriteTo(TextWriter output)
    {
        int[] widths = [.. Enumerable.Range(0, heads.Length).Select(column => _rows.Max(row => row[column].Length))];
        foreach (string[] row in _rows)
        {
            output.WriteLine((Gap + string.Join(Gap, row.Select(Pad))).TrimEnd());
        }

        string Pad(string cell, int column) =>
            _right.Contains(column) ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column]);
    }
}
