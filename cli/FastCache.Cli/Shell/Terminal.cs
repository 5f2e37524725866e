using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Spectre.Console;

namespace FastCache.Cli.Shell;

/// <summary>What a command reads from and writes to.</summary>
internal sealed class Terminal
{
    /// <summary>Columns where no terminal says how many it has: no table is folded in files and pipes.</summary>
    private const int EndlessWidth = 1_000;

    /// <summary>Blanks between columns; on a terminal, which may be narrow, one.</summary>
    private const int Gap = 2;

    /// <summary>Standard input.</summary>
    public required Stream Input { get; init; }

    /// <summary>Standard output for bytes.</summary>
    public required Stream Output { get; init; }

    /// <summary>Standard output for text.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Standard error: what is wrong, and progress.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Whether standard output is shown to somebody.</summary>
    public bool IsOutputShown { get; init; }

    /// <summary>Whether standard error is.</summary>
    public bool IsErrorShown { get; init; }

    /// <summary>Reads an environment variable.</summary>
    public Func<string, string?> Variable { get; init; } = _ => null;

    public static Terminal OfProcess() => new()
    {
        Input = Console.OpenStandardInput(),
        Output = Console.OpenStandardOutput(),
        Out = Console.Out,
        Error = Console.Error,
        IsOutputShown = !Console.IsOutputRedirected,
        IsErrorShown = !Console.IsErrorRedirected,
        Variable = Environment.GetEnvironmentVariable,
    };

    /// <summary>Standard output for tables.</summary>
    public IAnsiConsole Tables() => ConsoleOn(Out, IsOutputShown);

    /// <summary>Standard error for progress.</summary>
    public IAnsiConsole Progress() => ConsoleOn(Error, IsErrorShown);

    /// <summary>A table whose first column is text and whose other columns are figures.</summary>
    public Table NewTable(params ReadOnlySpan<string> heads)
    {
        Table table = new Table().Border(TableBorder.None);
        for (int i = 0; i < heads.Length; i++)
        {
            TableColumn column = new(new Text(heads[i], new Style(decoration: Decoration.Bold))) { NoWrap = true, Padding = new Padding(0, 0, IsOutputShown ? 1 : Gap, 0) };
            table.AddColumn(i == 0 ? column : column.RightAligned());
        }

        return table;
    }

    /// <summary>Prints a table.</summary>
    public void Show(Table table) => Tables().Write(table);

    /// <summary>Prints one JSON object as a line.</summary>
    public void ShowJson(Action<Utf8JsonWriter> write)
    {
        using MemoryStream line = new();
        using (Utf8JsonWriter writer = new(line, JsonOptions))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        Out.WriteLine(Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length));
    }

    /// <summary>Text stays as it is: the output goes to terminals and files, not into web pages.</summary>
    public static JsonWriterOptions JsonOptions => new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static IAnsiConsole ConsoleOn(TextWriter writer, bool isShown)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = isShown ? AnsiSupport.Detect : AnsiSupport.No,
            Interactive = isShown ? InteractionSupport.Detect : InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
        });
        if (!isShown)
        {
            console.Profile.Width = EndlessWidth;
        }

        return console;
    }
}
