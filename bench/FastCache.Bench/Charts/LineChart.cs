using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace FastCache.Bench.Charts;

/// <summary>Lines over one common horizontal axis, in panels one below the other, as an SVG picture.</summary>
internal sealed class LineChart
{
    private const double WidthPixels = 1200;
    private const double PanelPixels = 260;
    private const double FramePixels = 90;

    /// <summary>Room for viewers whose font is wider than the one that text was measured with.</summary>
    private const double SpareRoom = 24;

    /// <summary>The same for the legend, which cuts what is wider.</summary>
    private const string SpareText = "                    ";

    /// <summary>Share of a panel's height that stays empty below it.</summary>
    private const double Gap = 0.08;

    /// <summary>Colours that stay apart for the colour-blind (Okabe and Ito 2008).</summary>
    private static readonly OxyColor[] Colours =
    [
        OxyColor.FromRgb(0x00, 0x72, 0xB2), OxyColor.FromRgb(0xD5, 0x5E, 0x00), OxyColor.FromRgb(0x00, 0x9E, 0x73),
        OxyColor.FromRgb(0xCC, 0x79, 0xA7), OxyColor.FromRgb(0xE6, 0x9F, 0x00), OxyColor.FromRgb(0x56, 0xB4, 0xE9),
        OxyColor.FromRgb(0x77, 0x77, 0x77), OxyColor.FromRgb(0x00, 0x00, 0x00),
    ];

    private readonly PlotModel _plot;
    private readonly List<Axis> _panels = [];
    private int _lines;

    /// <param name="title">Above the picture.</param>
    /// <param name="xTitle">What the horizontal axis shows, with its unit.</param>
    public LineChart(string title, string xTitle)
    {
        _plot = new PlotModel { Title = title, Background = OxyColors.White, DefaultFont = "Arial, sans-serif" };
        _plot.Axes.Add(new LinearAxis
        {
            Position = AxisPosition.Bottom,
            Title = xTitle,
            AxisTitleDistance = SpareRoom / 2,
            MajorGridlineStyle = LineStyle.Dot,
        });
        _plot.Legends.Add(new Legend
        {
            LegendPlacement = LegendPlacement.Outside,
            LegendPosition = LegendPosition.RightTop,
            LegendLineSpacing = 6,
        });
    }

    /// <summary>Begins a panel below those that there are; lines go to the last one.</summary>
    /// <param name="yTitle">What its axis shows, with the unit.</param>
    /// <param name="isLogarithmic">Then only values above 0 are drawn.</param>
    /// <param name="least">Where the axis starts, or NaN for the least value.</param>
    /// <param name="most">Where it ends, or NaN for the largest.</param>
    public LineChart Panel(string yTitle, bool isLogarithmic = false, double least = double.NaN, double most = double.NaN)
    {
        string key = $"panel {_panels.Count}";
        Axis axis = isLogarithmic ? new LogarithmicAxis() : new LinearAxis();
        axis.Position = AxisPosition.Left;
        axis.Key = key;
        axis.Title = yTitle;
        axis.MajorGridlineStyle = LineStyle.Dot;
        axis.Minimum = isLogarithmic && !(least > 0) ? double.NaN : least;
        axis.Maximum = most;
        axis.AxisTitleDistance = SpareRoom;
        _plot.Axes.Add(axis);
        _panels.Add(axis);
        return this;
    }

    /// <summary>Adds a line to the last panel.</summary>
    public LineChart Line(string name, IEnumerable<(double X, double Y)> points)
    {
        Axis panel = _panels[^1];
        LineSeries line = new()
        {
            Title = name + SpareText,
            Color = Colours[_lines % Colours.Length],
            LineStyle = _lines < Colours.Length ? LineStyle.Solid : LineStyle.Dash,
            StrokeThickness = 1.5,
            YAxisKey = panel.Key,
        };
        _lines++;
        foreach ((double x, double y) in points)
        {
            if (panel is not LogarithmicAxis || y > 0)
            {
                line.Points.Add(new DataPoint(x, y));
            }
        }

        _plot.Series.Add(line);
        return this;
    }

    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file must not be written.</exception>
    public void WriteSvg(string path)
    {
        for (int panel = 0; panel < _panels.Count; panel++)
        {
            // Axis positions count from the bottom.
            _panels[panel].EndPosition = 1 - ((double)panel / _panels.Count);
            _panels[panel].StartPosition = 1 - ((panel + 1 - (panel < _panels.Count - 1 ? Gap : 0)) / _panels.Count);
        }

        SvgExporter exporter = new()
        {
            Width = WidthPixels,
            Height = FramePixels + (PanelPixels * _panels.Count),
            UseVerticalTextAlignmentWorkaround = true, // Not all viewers know dominant-baseline.
        };
        using FileStream file = File.Create(path);
        exporter.Export(_plot, file);
    }
}
