using System.Globalization;
using System.Text.RegularExpressions;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace FastCache.LoadGen.Reporting.Pages;

/// <summary>Points of one line of a chart, with its name in the legend.</summary>
internal sealed record ChartLine(string Name, IReadOnlyList<(double X, double Y)> Points);

/// <summary>A small chart as SVG inside a page, whose style sheet gives it its colours.</summary>
/// <remarks>Colours stand in the plot as marks, which become references to the page's own: so it is light or dark with it.</remarks>
internal sealed partial class Chart
{
    /// <summary>More lines than there are colours are several charts.</summary>
    public const int MostLines = 8;

    private const double WidthPixels = 420;
    private const double HeightPixels = 250;
    private const double FontPixels = 12;

    /// <summary>Room for labels in fonts wider than the one that they were measured with.</summary>
    private const double SpareRoom = 22;

    /// <summary>How far axes that start at 0 go beyond the largest value.</summary>
    private const double HeadRoom = 1.1;

    /// <summary>Where the axis of percentiles ends: 99.999%.</summary>
    private const double MostNines = 5;

    /// <summary>From this ratio on, the smallest value could not be read on an axis from 0.</summary>
    private const double FarApart = 20;

    /// <summary>So few points are marked, as a line of one is none.</summary>
    private const int FewPoints = 12;

    private static readonly OxyColor Text = OxyColor.FromRgb(1, 1, 1);
    private static readonly OxyColor Grid = OxyColor.FromRgb(1, 1, 2);

    private readonly PlotModel _plot = new()
    {
        Background = OxyColors.Undefined,
        DefaultFont = "sans-serif",
        DefaultFontSize = FontPixels,
        TextColor = Text,
        PlotAreaBorderColor = Grid,
        Padding = new(SpareRoom, 8, 14, 2),
    };

    private readonly string _title;
    private readonly IReadOnlyList<ChartLine> _lines;

    private Chart(string title, IReadOnlyList<ChartLine> lines)
    {
        _title = title;
        _lines = [.. lines.Where(line => line.Points.Count > 0)];
    }

    /// <summary>Whether there is anything to see.</summary>
    public bool IsEmpty => _lines.Count == 0;

    /// <summary>Latency in microseconds by percentile, both axes logarithmic: the horizontal one in nines.</summary>
    public static Chart OfPercentiles(string title, IReadOnlyList<ChartLine> lines)
    {
        Chart chart = new(title, lines);
        chart.Add(AxisPosition.Bottom, new LinearAxis
        {
            Minimum = 0,
            Maximum = MostNines,
            MajorStep = 1,
            MinorTickSize = 0,
            LabelFormatter = NinesLabel,
        });
        chart.Add(AxisPosition.Left, LatencyAxis());
        return chart;
    }

    /// <summary>Latency in microseconds over seconds.</summary>
    public static Chart OfLatencies(string title, IReadOnlyList<ChartLine> lines)
    {
        Chart chart = new(title, lines);
        chart.Add(AxisPosition.Bottom, new LinearAxis { LabelFormatter = second => Format.Invariant($"{second:0.##} s") });
        chart.Add(AxisPosition.Left, LatencyAxis());
        return chart;
    }

    /// <summary>Anything that starts at 0, over seconds.</summary>
    public static Chart OfSeconds(string title, Func<double, string> label, IReadOnlyList<ChartLine> lines)
    {
        Chart chart = new(title, lines);
        chart.Add(AxisPosition.Bottom, new LinearAxis { LabelFormatter = second => Format.Invariant($"{second:0.##} s") });
        chart.Add(AxisPosition.Left, FromZero(label, chart._lines));
        return chart;
    }

    /// <summary>Anything over the numbers of records: from 0 on, or on a logarithmic axis where values are far apart.</summary>
    public static Chart OfRecords(string title, Func<double, string> label, IReadOnlyList<ChartLine> lines)
    {
        Chart chart = new(title, lines);
        chart.Add(AxisPosition.Bottom, new LinearAxis
        {
            MinimumMajorStep = 1,
            MinorTickSize = 0,
            LabelFormatter = number => Format.Invariant($"{number:0}"),
            MinimumPadding = 0.05,
            MaximumPadding = 0.05,
        });
        chart.Add(AxisPosition.Left, AreFarApart(chart._lines) ? Logarithmic(label) : FromZero(label, chart._lines));
        return chart;
    }

    /// <summary>The chart with title and legend.</summary>
    /// <param name="page">Takes it.</param>
    /// <param name="number">Tells its inner names from those of the page's other charts.</param>
    public void WriteTo(HtmlText page, int number)
    {
        if (IsEmpty)
        {
            return;
        }

        page.Raw("<figure><figcaption>").Text(_title).Raw("</figcaption>\n");
        if (_lines.Count > 1 || _lines[0].Name.Length > 0)
        {
            page.Raw("<p class=\"legend\">");
            for (int i = 0; i < _lines.Count; i++)
            {
                page.Raw($"<span><i style=\"background:var(--line{i % MostLines})\"></i>").Text(_lines[i].Name).Raw("</span> ");
            }

            page.Raw("</p>\n");
        }

        page.Raw(Svg(number)).Raw("</figure>\n");
    }

    /// <summary>How far a share is up the axis of nines: 0.9 at 1, 0.99 at 2.</summary>
    public static double Nines(double share) => -Math.Log10(1 - share);

    private static string NinesLabel(double nines) =>
        (100 * (1 - Math.Pow(10, -nines))).ToString("0.######", CultureInfo.InvariantCulture) + "%";

    private static LogarithmicAxis LatencyAxis() => Logarithmic(LatencyLabel);

    private static LogarithmicAxis Logarithmic(Func<double, string> label) => new()
    {
        LabelFormatter = label,
        MinimumPadding = 0.05,
        MaximumPadding = 0.05,
    };

    private static bool AreFarApart(IReadOnlyList<ChartLine> lines)
    {
        double[] values = [.. lines.SelectMany(line => line.Points).Select(point => point.Y)];
        return values.Length > 0 && values.Min() > 0 && values.Max() > FarApart * values.Min();
    }

    private static LinearAxis FromZero(Func<double, string> label, IReadOnlyList<ChartLine> lines)
    {
        double most = lines.SelectMany(line => line.Points).Select(point => point.Y).DefaultIfEmpty().Max();
        return new()
        {
            LabelFormatter = label,
            Minimum = 0,
            Maximum = most > 0 ? HeadRoom * most : 1,
        };
    }

    private static string LatencyLabel(double micros) => micros switch
    {
        >= 1e6 => Format.Invariant($"{micros / 1e6:0.##} s"),
        >= 1e3 => Format.Invariant($"{micros / 1e3:0.##} ms"),
        _ => Format.Invariant($"{micros:0.##} us"),
    };

    private void Add(AxisPosition position, Axis axis)
    {
        axis.Position = position;
        axis.TicklineColor = Grid;
        axis.MinorTicklineColor = Grid;
        axis.MajorGridlineStyle = LineStyle.Solid;
        axis.MajorGridlineColor = Grid;
        axis.IsZoomEnabled = false;
        _plot.Axes.Add(axis);
    }

    private string Svg(int number)
    {
        for (int i = 0; i < _lines.Count; i++)
        {
            OxyColor colour = OxyColor.FromRgb(2, 2, (byte)(i % MostLines));
            LineSeries line = new() { Color = colour, StrokeThickness = 2 };
            line.MarkerType = _lines[i].Points.Count <= FewPoints ? MarkerType.Circle : MarkerType.None;
            line.MarkerFill = colour;
            line.Points.AddRange(_lines[i].Points.Select(point => new DataPoint(point.X, point.Y)));
            _plot.Series.Add(line);
        }

        SvgExporter exporter = new()
        {
            Width = WidthPixels,
            Height = HeightPixels,
            IsDocument = false,
            UseVerticalTextAlignmentWorkaround = true, // Not all viewers know dominant-baseline.
        };
        string svg = exporter.ExportToString(_plot);
        string head = Format.Invariant($"<svg viewBox=\"0 0 {WidthPixels} {HeightPixels}\" role=\"img\">");
        svg = Head().Replace(svg, head, 1);
        svg = ClipName().Replace(svg, $"clip{number}-$1");
        svg = svg.Replace("rgb(1,1,1)", "var(--ink)", StringComparison.Ordinal)
            .Replace("rgb(1,1,2)", "var(--grid)", StringComparison.Ordinal);
        return LineColour().Replace(svg, "var(--line$1)");
    }

    /// <summary>Inside a page an SVG needs no name space, which is an address.</summary>
    [GeneratedRegex("<svg [^>]*>")]
    private static partial Regex Head();

    [GeneratedRegex("clipPath(\\d+)")]
    private static partial Regex ClipName();

    [GeneratedRegex("rgb\\(2,2,(\\d)\\)")]
    private static partial Regex LineColour();
}
