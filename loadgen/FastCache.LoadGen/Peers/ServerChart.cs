using System.Net;
using System.Text;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;

namespace FastCache.LoadGen.Peers;

/// <summary>A comparison as an SVG picture of bars.</summary>
/// <remarks>
/// <code>
///                 CPU of the server per operation      throughput
///   depth 1       ▂▅▄▆  ▂▅▄▆  ▃▆▅▇                     ▆▂▃▂  ▆▂▃▂  ▅▂▃▂     groups: value sizes; bars: servers
///   depth 16      ...                                  ...                  each panel has its own scale
/// </code>
/// </remarks>
internal static class ServerChart
{
    private const int PanelWidth = 560;
    private const int PanelHeight = 190;
    private const int BarsHeight = 120;
    private const int LeftMargin = 80;
    private const int TopMargin = 70;
    private const int PanelGap = 30;
    private const double GroupFill = 0.86;

    /// <summary>Colours that stay apart for the colour-blind (Okabe and Ito 2008).</summary>
    private static readonly string[] Colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"];

    public static string Draw(ServerComparison comparison)
    {
        int width = LeftMargin + (2 * (PanelWidth + PanelGap));
        int height = TopMargin + (comparison.Depths.Count * PanelHeight);
        StringBuilder svg = new();
        svg.Append(Format.Invariant(
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" font-family=\"Arial, sans-serif\" font-size=\"13\">\n"));
        svg.Append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        WriteLegend(svg, comparison.Servers);
        int secondLeft = LeftMargin + PanelWidth + PanelGap;
        Text(svg, LeftMargin, TopMargin - 12, "CPU of the server per operation, in ns: less is better", "font-weight=\"bold\"");
        Text(svg, secondLeft, TopMargin - 12, "operations a second: more is better", "font-weight=\"bold\"");
        for (int row = 0; row < comparison.Depths.Count; row++)
        {
            int depth = comparison.Depths[row];
            int top = TopMargin + (row * PanelHeight);
            Text(svg, 8, top + (BarsHeight / 2), $"depth {depth}", "font-weight=\"bold\"");
            WritePanel(svg, comparison, depth, LeftMargin, top, line => line.CpuNanos, cpu => Format.Invariant($"{cpu:0}"));
            WritePanel(svg, comparison, depth, secondLeft, top, line => line.Throughput, Quantity.FormatCount);
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static void WriteLegend(StringBuilder svg, IReadOnlyList<string> servers)
    {
        int left = LeftMargin;
        for (int i = 0; i < servers.Count; i++)
        {
            Box(svg, left, 14, 14, 14, Colours[i % Colours.Length]);
            Text(svg, left + 20, 26, servers[i]);
            left += 60 + (8 * servers[i].Length);
        }
    }

    private static void WritePanel(
        StringBuilder svg,
        ServerComparison comparison,
        int depth,
        int left,
        int top,
        Func<ServerLine, double> figure,
        Func<double, string> label)
    {
        ServerLine[][] groups =
        [
            .. comparison.ValueSizes.Select(valueBytes =>
                comparison.Servers.Select(server => comparison.Line(server, valueBytes, depth)).ToArray()),
        ];
        double most = groups.SelectMany(group => group).Max(figure);
        int bottom = top + 16 + BarsHeight;
        double groupWidth = PanelWidth / (double)groups.Length;
        for (int i = 0; i < groups.Length; i++)
        {
            double start = left + (groupWidth * (i + ((1 - GroupFill) / 2)));
            double barWidth = groupWidth * GroupFill / groups[i].Length;
            for (int bar = 0; bar < groups[i].Length; bar++)
            {
                double value = figure(groups[i][bar]);
                double barHeight = most > 0 ? BarsHeight * value / most : 0;
                double x = start + (bar * barWidth);
                Box(svg, x, bottom - barHeight, barWidth - 2, barHeight, Colours[bar % Colours.Length]);
                Text(svg, x + ((barWidth - 2) / 2), bottom - barHeight - 3, label(value), "text-anchor=\"middle\" font-size=\"10\"");
            }

            double middle = left + (groupWidth * (i + 0.5));
            Text(svg, middle, bottom + 16, $"{groups[i][0].ValueBytes} B", "text-anchor=\"middle\"");
        }

        Box(svg, left, bottom, PanelWidth, 1, "#777777");
    }

    private static void Box(StringBuilder svg, double x, double y, double width, double height, string colour) =>
        svg.Append(Format.Invariant(
            $"<rect x=\"{x:0.0}\" y=\"{y:0.0}\" width=\"{width:0.0}\" height=\"{height:0.0}\" fill=\"{colour}\"/>\n"));

    private static void Text(StringBuilder svg, double x, double y, string text, string attributes = "") =>
        svg.Append(Format.Invariant(
            $"<text x=\"{x:0.0}\" y=\"{y:0.0}\" {attributes}>{WebUtility.HtmlEncode(text)}</text>\n"));
}
