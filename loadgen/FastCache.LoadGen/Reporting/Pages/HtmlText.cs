using System.Net;
using System.Text;

namespace FastCache.LoadGen.Reporting.Pages;

/// <summary>A page of its own: everything that it needs is in it, and everything that is not ours is escaped.</summary>
internal sealed class HtmlText
{
    private const string Style = """
        :root { color-scheme: light dark; --paper: #fff; --ink: #1d2025; --soft: #5d6570; --grid: #d9dde2; --good: #12703f; --bad: #b3261e;
          --line0: #0072b2; --line1: #d55e00; --line2: #009e73; --line3: #b0508a; --line4: #b87d00; --line5: #2f9bd6; --line6: #777; --line7: #5a4fcf; }
        @media (prefers-color-scheme: dark) { :root { --paper: #14171b; --ink: #e4e7eb; --soft: #98a2ae; --grid: #333a42; --good: #5fcf92; --bad: #ff8a80;
          --line0: #4aa8e0; --line1: #f0813a; --line2: #2fc79b; --line3: #dd8cbd; --line4: #e6ad33; --line5: #86cdf5; --line6: #a5a5a5; --line7: #a59cff; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; padding: 1rem; max-width: 84rem; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
        h1 { font-size: 1.5rem; line-height: 1.25; margin: .3rem 0; } h2 { font-size: 1.15rem; margin: 1.8rem 0 .5rem; } h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
        p { margin: .3rem 0; overflow-wrap: anywhere; } .soft { color: var(--soft); } code { font-size: .9em; overflow-wrap: anywhere; }
        .wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th, td { padding: .25rem .7rem .25rem 0; border-bottom: 1px solid var(--grid); text-align: left; vertical-align: top; }
        th { color: var(--soft); font-weight: 500; } .n { text-align: right; white-space: nowrap; }
        .met { color: var(--good); font-weight: 600; } .missed { color: var(--bad); font-weight: 600; }
        .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1rem; margin-top: .8rem; }
        figure { margin: 0; min-width: 0; max-width: 40rem; } figcaption { font-weight: 600; } svg { width: 100%; height: auto; display: block; }
        .legend { font-size: .85rem; color: var(--soft); } .legend span { display: inline-block; margin-right: .8rem; overflow-wrap: anywhere; }
        .legend i { display: inline-block; width: .8rem; height: .25rem; margin-right: .35rem; vertical-align: middle; border-radius: 2px; }
        """;

    private readonly StringBuilder _text = new();
    private int _charts;

    public HtmlText(string title)
    {
        Raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        Raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>").Text(title);
        Raw($"</title>\n<style>\n{Style}\n</style>\n</head>\n<body>\n");
        Raw("<h1>").Text(title).Raw("</h1>\n");
    }

    /// <summary>Adds what is HTML already.</summary>
    public HtmlText Raw(string html)
    {
        _text.Append(html);
        return this;
    }

    /// <summary>Adds text.</summary>
    public HtmlText Text(string text) => Raw(WebUtility.HtmlEncode(text));

    public HtmlText Heading(string text) => Raw("<h2>").Text(text).Raw("</h2>\n");

    public HtmlText Soft(string text) => Raw("<p class=\"soft\">").Text(text).Raw("</p>\n");

    /// <summary>Adds a table; nothing without rows.</summary>
    /// <param name="heads">Of its columns; one that starts with # is a column of numbers.</param>
    /// <param name="rows">A cell <c>met</c> or <c>missed</c> has its colour.</param>
    public HtmlText Table(string[] heads, IEnumerable<string[]> rows)
    {
        string[][] all = [.. rows];
        if (all.Length == 0)
        {
            return this;
        }

        Raw("<div class=\"wide\"><table>\n<tr>");
        foreach (string head in heads)
        {
            Raw(head.StartsWith('#') ? "<th class=\"n\">" : "<th>").Text(head.TrimStart('#')).Raw("</th>");
        }

        Raw("</tr>\n");
        foreach (string[] row in all)
        {
            Raw("<tr>");
            for (int i = 0; i < row.Length; i++)
            {
                string kind = row[i] is "met" or "missed" ? row[i] : heads[i].StartsWith('#') ? "n" : "";
                Raw(kind.Length > 0 ? $"<td class=\"{kind}\">" : "<td>").Text(row[i]).Raw("</td>");
            }

            Raw("</tr>\n");
        }

        return Raw("</table></div>\n");
    }

    /// <summary>Adds charts side by side, or one below the other where there is no room; empty ones are left out.</summary>
    public HtmlText Charts(IEnumerable<Chart> charts)
    {
        Raw("<div class=\"charts\">\n");
        foreach (Chart chart in charts)
        {
            chart.WriteTo(this, _charts++);
        }

        return Raw("</div>\n");
    }

    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(string path) => File.WriteAllText(path, ToString());

    public override string ToString() => $"{_text}</body>\n</html>\n";
}
