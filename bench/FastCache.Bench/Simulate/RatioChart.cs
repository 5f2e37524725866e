using FastCache.Bench.Simulate.Policies;
using FastCache.LoadGen.Options;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace FastCache.Bench.Simulate;

/// <summary>The hit ratios of one trace over capacity as an SVG picture, one line a policy.</summary>
internal static class RatioChart
{
    private const double WidthPixels = 900;
    private const double HeightPixels = 520;

    /// <summary>Room for viewers whose font is wider than the one that text was measured with.</summary>
    private const double SpareRoom = 24;

    /// <summary>Colours that stay apart for the colour-blind (Okabe and Ito 2008); the optimum is grey.</summary>
    private static readonly Dictionary<string, OxyColor> Colours = new()
    {
        [PolicyCatalog.FastCache] = OxyColor.FromRgb(0xD5, 0x5E, 0x00),
        [PolicyCatalog.ClockPro] = OxyColor.FromRgb(0xE6, 0x9F, 0x00),
        [PolicyCatalog.Lru] = OxyColor.FromRgb(0x00, 0x72, 0xB2),
        [PolicyCatalog.Clock] = OxyColor.FromRgb(0x56, 0xB4, 0xE9),
        [PolicyCatalog.S3Fifo] = OxyColor.FromRgb(0x00, 0x9E, 0x73),
        [PolicyCatalog.WTinyLfu] = OxyColor.FromRgb(0xCC, 0x79, 0xA7),
        [PolicyCatalog.Optimum] = OxyColors.Gray,
    };

    /// <exception cref="BadInputException">The file cannot be written.</exception>
    public static void Write(Simulation simulation, string path)
    {
        try
        {
            using FileStream file = File.Create(path);
            SvgExporter exporter = new()
            {
                Width = WidthPixels,
                Height = HeightPixels,
                UseVerticalTextAlignmentWorkaround = true, // Not all viewers know dominant-baseline.
            };
            exporter.Export(Plot(simulation), file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"Cannot write the chart '{path}': {failure.Message}");
        }
    }

    private static PlotModel Plot(Simulation simulation)
    {
        bool hasSizes = simulation.Trace.HasSizes;
        PlotModel plot = new()
        {
            Title = simulation.Trace.Name,
            Background = OxyColors.White,
            DefaultFont = "Arial, sans-serif",
        };
        plot.Legends.Add(new Legend
        {
            LegendPlacement = LegendPlacement.Outside,
            LegendPosition = LegendPosition.RightTop,
            LegendPadding = SpareRoom,
        });
        plot.Axes.Add(new LogarithmicAxis
        {
            Position = AxisPosition.Bottom,
            Title = hasSizes ? "capacity in bytes" : "capacity in objects",
            AxisTitleDistance = SpareRoom,
            MajorGridlineStyle = LineStyle.Dot,
            LabelFormatter = capacity => Quantity.FormatCount(Math.Round(capacity)),
        });
        plot.Axes.Add(new LinearAxis
        {
            Position = AxisPosition.Left,
            Title = hasSizes ? "hit ratio in percent, of requests solid, of bytes dashed" : "hit ratio in percent",
            AxisTitleDistance = SpareRoom,
            Minimum = 0,
            MajorGridlineStyle = LineStyle.Dot,
        });
        for (int policy = 0; policy < simulation.Policies.Count; policy++)
        {
            if (!PolicyCatalog.CanRun(simulation.Policies[policy], simulation.Trace))
            {
                continue;
            }

            plot.Series.Add(Line(simulation, policy, counts => counts.Percent, LineStyle.Solid));
            if (hasSizes)
            {
                plot.Series.Add(Line(simulation, policy, counts => counts.BytePercent, LineStyle.Dash));
            }
        }

        return plot;
    }

    private static LineSeries Line(Simulation simulation, int policy, Func<HitCounts, double> ratioOf, LineStyle style)
    {
        string name = simulation.Policies[policy];
        LineSeries line = new()
        {
            Title = style == LineStyle.Solid ? name : null,
            Color = Colours[name],
            LineStyle = style,
            MarkerType = MarkerType.Circle,
            MarkerSize = 3,
        };
        for (int capacity = 0; capacity < simulation.Capacities.Count; capacity++)
        {
            line.Points.Add(new DataPoint(simulation.Capacities[capacity], ratioOf(simulation[capacity, policy]!.Value)));
        }

        return line;
    }
}
