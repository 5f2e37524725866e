using HdrHistogram;
using HdrHistogram.Iteration;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace FastCache.Bench.Growth;

/// <summary>Draws the latencies of passes.</summary>
internal static class LatencyChart
{
    private const int BarWidth = 40;
    private const int LeastPower = 6;

    /// <summary>The exporter clips a legend to what its text measures in a narrow font; other fonts need more.</summary>
    private const string RoomForWideFonts = "\u00A0\u00A0\u00A0\u00A0\u00A0\u00A0\u00A0\u00A0";

    /// <summary>A line for every doubling of latency, its bar as long as the logarithm of its count.</summary>
    public static void WriteText(TextWriter output, GrowthPass growing, GrowthPass grown)
    {
        long[] counts = CountsByPower(growing.Latencies);
        long[] control = CountsByPower(grown.Latencies);
        int last = Math.Max(Array.FindLastIndex(counts, count => count > 0), Array.FindLastIndex(control, count => count > 0));
        double longest = Math.Log2(1 + counts.Max());
        output.WriteLine($"  {"latency",10}  {growing.Name,15}  {grown.Name,15}  {growing.Name}, logarithmic");
        int first = Math.Min(Array.FindIndex(counts, count => count > 0), Array.FindIndex(control, count => count > 0));
        for (int power = first; power <= last; power++)
        {
            string bar = new('#', (int)Math.Ceiling(BarWidth * Math.Log2(1 + counts[power]) / longest));
            output.WriteLine($"  {"< " + Nanos(1L << power),10}  {counts[power],15:N0}  {control[power],15:N0}  {bar}".TrimEnd());
        }
    }

    /// <summary>For every latency the share of sets that took longer, both on logarithmic axes.</summary>
    public static void WriteSvg(string path, IEnumerable<GrowthPass> passes)
    {
        PlotModel model = new() { Title = "Sets that took longer", Background = OxyColors.White };
        model.Legends.Add(new Legend { LegendPosition = LegendPosition.TopRight, LegendLineSpacing = 8 });
        model.Axes.Add(new LogarithmicAxis
        {
            Position = AxisPosition.Bottom,
            Title = "microseconds",
            MajorGridlineStyle = LineStyle.Solid,
            MajorGridlineColor = OxyColors.LightGray,
        });
        model.Axes.Add(new LogarithmicAxis
        {
            Position = AxisPosition.Left,
            Title = "share of sets",
            AxisTitleDistance = 16,
            MajorGridlineStyle = LineStyle.Solid,
            MajorGridlineColor = OxyColors.LightGray,
        });
        foreach (GrowthPass pass in passes)
        {
            LineSeries line = new() { Title = pass.Name + RoomForWideFonts };
            long longer = pass.Latencies.TotalCount;
            foreach (HistogramIterationValue value in pass.Latencies.RecordedValues())
            {
                line.Points.Add(new DataPoint(value.ValueIteratedTo / 1e3, longer / (double)pass.Latencies.TotalCount));
                longer -= value.CountAtValueIteratedTo;
            }

            model.Series.Add(line);
        }

        using FileStream file = File.Create(path);
        new SvgExporter { Width = 900, Height = 500, UseVerticalTextAlignmentWorkaround = true }.Export(model, file);
    }

    public static string Nanos(double nanos) => nanos switch
    {
        >= 1e9 => $"{nanos / 1e9:0.##} s",
        >= 1e6 => $"{nanos / 1e6:0.##} ms",
        >= 1e3 => $"{nanos / 1e3:0.#} us",
        _ => $"{nanos:0} ns",
    };

    private static long[] CountsByPower(LongHistogram latencies)
    {
        long[] counts = new long[64];
        foreach (HistogramIterationValue value in latencies.RecordedValues())
        {
            counts[Math.Max(LeastPower, (int)Math.Log2(value.ValueIteratedTo) + 1)] += value.CountAtValueIteratedTo;
        }

        return counts;
    }
}
