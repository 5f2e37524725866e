using System.Globalization;

namespace FastCache.Bench.Simulate.Reference;

/// <summary>One trace and capacity of a reference, with the hit ratios that are to be reproduced.</summary>
/// <param name="Trace">Name of the trace.</param>
/// <param name="Capacity">In objects.</param>
/// <param name="Percent">Hit ratios in the order of the table's columns.</param>
internal sealed record ReferenceRow(string Trace, long Capacity, IReadOnlyList<double> Percent);

/// <summary>A markdown table of hit ratios: trace, size, and a column for each policy that was measured elsewhere.</summary>
internal sealed class ReferenceTable
{
    private const string TraceHead = "trace";
    private const string SizeHead = "size";
    private static readonly string[] Extensions = [".trace.gz", ".trace", ".gz", ".txt", ""];

    private readonly string _path;

    private ReferenceTable(string path, IReadOnlyList<string> columns, IReadOnlyList<ReferenceRow> rows)
    {
        _path = path;
        Columns = columns;
        Rows = rows;
    }

    /// <summary>Heads of the columns with hit ratios.</summary>
    public IReadOnlyList<string> Columns { get; }

    public IReadOnlyList<ReferenceRow> Rows { get; }

    /// <exception cref="BadInputException">The file cannot be read or has no such table.</exception>
    public static ReferenceTable Read(string path)
    {
        try
        {
            return Parse(path, File.ReadAllLines(path));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"Cannot read the reference '{path}': {failure.Message}");
        }
    }

    /// <summary>Index in <see cref="Columns"/> of a head.</summary>
    /// <exception cref="BadInputException">There is none.</exception>
    public int ColumnOf(string head)
    {
        int column = Columns.ToList().IndexOf(head);
        return column >= 0 ? column : throw new BadInputException($"The reference '{_path}' has no column '{head}'.");
    }

    /// <summary>The file of a trace, beside the table.</summary>
    /// <exception cref="BadInputException">There is none.</exception>
    public string PathOf(string trace)
    {
        string directory = Path.GetDirectoryName(Path.GetFullPath(_path))!;
        return Extensions.Select(extension => Path.Combine(directory, trace + extension)).FirstOrDefault(File.Exists)
            ?? throw new BadInputException(
                $"The reference '{_path}' names the trace '{trace}', but there is no {trace}.trace.gz beside it.");
    }

    private static ReferenceTable Parse(string path, string[] lines)
    {
        List<ReferenceRow> rows = [];
        string[]? heads = null;
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].Trim();
            if (!line.StartsWith('|') || line.Trim('|', '-', ':', ' ').Length == 0)
            {
                continue;
            }

            string[] cells = line.Trim('|').Split('|', StringSplitOptions.TrimEntries);
            if (heads is not null)
            {
                rows.Add(ParseRow(cells, heads.Length) ?? throw new BadInputException(
                    $"The reference '{path}': line {i + 1} is no row of trace, size and {heads.Length - 2} hit ratios."));
            }
            else if (cells is [TraceHead, SizeHead, ..])
            {
                heads = cells;
            }
        }

        return rows.Count > 0
            ? new ReferenceTable(path, heads![2..], rows)
            : throw new BadInputException(
                $"The reference '{path}' has no markdown table whose first columns are {TraceHead} and {SizeHead}.");
    }

    private static ReferenceRow? ParseRow(string[] cells, int columns)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        if (cells.Length != columns
            || !long.TryParse(cells[1], NumberStyles.None, culture, out long capacity)
            || capacity < 1)
        {
            return null;
        }

        double[] percent = new double[columns - 2];
        for (int column = 0; column < percent.Length; column++)
        {
            if (!double.TryParse(cells[column + 2], NumberStyles.AllowDecimalPoint, culture, out percent[column]))
            {
                return null;
            }
        }

        return new ReferenceRow(cells[0], capacity, percent);
    }
}
