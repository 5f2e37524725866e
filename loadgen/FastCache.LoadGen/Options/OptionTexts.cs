using System.CommandLine.Parsing;

namespace FastCache.LoadGen.Options;

/// <summary>Options as they are typed, for records. Those that say where output goes are left out: they change nothing that is measured.</summary>
internal static class OptionTexts
{
    private static readonly string[] Outputs = ["json", "record", "page", "chart"];

    /// <summary>Every option that has a value, given or default.</summary>
    public static IReadOnlyDictionary<string, string> Of(SymbolResult result, IEnumerable<ITextOption> options) =>
        options.Where(option => option.TextOf(result) is not null && !Outputs.Contains(option.Name))
            .ToDictionary(option => option.Name, option => option.TextOf(result)!);

    /// <summary>The same with values that follow from others.</summary>
    public static IReadOnlyDictionary<string, string> With(
        this IReadOnlyDictionary<string, string> texts, params (string Name, string Text)[] further)
    {
        Dictionary<string, string> all = new(texts);
        foreach ((string name, string text) in further)
        {
            all.TryAdd(name, text);
        }

        return all;
    }

    /// <summary>The words of a command line without outputs.</summary>
    public static IEnumerable<string> Measuring(IReadOnlyList<string> arguments)
    {
        for (int i = 0; i < arguments.Count; i++)
        {
            string[] parts = arguments[i].Split(['=', ':'], 2); // The parser takes both, and a path must not stay.
            if (parts[0].StartsWith("--", StringComparison.Ordinal) && Outputs.Contains(parts[0][2..]))
            {
                i += parts.Length > 1 ? 0 : 1;
                continue;
            }

            yield return arguments[i];
        }
    }
}
