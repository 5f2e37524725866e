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
            if (arguments[i].StartsWith("--", StringComparison.Ordinal) && Outputs.Contains(arguments[i][2..].Split('=')[0]))
            {
                i += arguments[i].Contains('=', StringComparison.Ordinal) ? 0 : 1;
                continue;
            }

            yield return arguments[i];
        }
    }
}
