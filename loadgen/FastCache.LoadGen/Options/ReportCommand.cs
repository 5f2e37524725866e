using System.CommandLine;
using System.CommandLine.Parsing;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Reporting.Diffs;
using FastCache.LoadGen.Reporting.Micro;
using FastCache.LoadGen.Reporting.Pages;
using FastCache.LoadGen.Reporting.Records;
using FastCache.LoadGen.Runs;

namespace FastCache.LoadGen.Options;

/// <summary>The command <c>report</c>: what can be done with the records that runs write.</summary>
internal static class ReportCommand
{
    private const string Overview = """
        Shows, compares and collects the records that runs write.

        Examples:
          report page run.json --out run.html                  a page to look at
          report summary run.json                              the same in Markdown
          report diff before.json after.json --fail-on-slower  which differences exceed the noise measured in them
          report index perf-reports                            perf-reports/index.html from perf-reports/records/*.json
          report add-micro check.json --out check-record.json  results of the bench as a record

        Exit code: 0; 1 for a file that cannot be read or written, or records that cannot be compared; 2 from
        diff --fail-on-slower when something became slower.
        """;

    public static Command Create() => new("report", Overview) { Page(), Summary(), Diff(), Index(), AddMicro() };

    private static Command Page()
    {
        Argument<string[]> records = new("record")
        {
            Description = "Files that runs wrote.",
            Arity = ArgumentArity.OneOrMore,
        };
        records.Validators.Add(RefuseEmpty);
        Option<string> file = Out("The page; one file that needs no other.");
        Command command = new("page", "Writes a page to look at.") { records, file };
        command.SetAction(parsed => Guarded(() =>
        {
            string path = parsed.GetRequiredValue(file);
            RunPage.Write([.. parsed.GetRequiredValue(records).Select(RecordFile.Read)], path);
            Console.WriteLine($"  page: {path}");
            return CommandFrame.Success;
        }));
        return command;
    }

    private static Command Summary()
    {
        Argument<string> record = Record("record");
        Command command = new("summary", "Prints a record in Markdown.") { record };
        command.SetAction(parsed => Guarded(() =>
        {
            SummaryText.Write(RecordFile.Read(parsed.GetRequiredValue(record)), Console.Out);
            return CommandFrame.Success;
        }));
        return command;
    }

    private static Command Diff()
    {
        Argument<string> first = Record("first");
        Argument<string> second = Record("second");
        Option<bool> fails = new("--fail-on-slower") { Description = "Exit code 2 when something became slower." };
        Command command = new("diff", $"Compares two records of the same kind and name. {RecordDiff.Rule}") { first, second, fails };
        command.SetAction(parsed => Guarded(() =>
        {
            RunRecord a = RecordFile.Read(parsed.GetRequiredValue(first));
            RunRecord b = RecordFile.Read(parsed.GetRequiredValue(second));
            IReadOnlyList<FigureDiff> figures = RecordDiff.Of(a, b);
            DiffTable.Write(a, b, figures, Console.Out);
            bool isSlower = figures.Any(figure => figure.Change == Change.Slower);
            return isSlower && parsed.GetValue(fails) ? CommandFrame.Missed : CommandFrame.Success;
        }));
        return command;
    }

    private static Command Index()
    {
        Argument<string> directory = new("directory")
        {
            Description = "Has the records in its folder 'records'; gets index.html.",
            DefaultValueFactory = _ => "perf-reports",
        };
        directory.Validators.Add(RefuseEmpty);
        Command command = new("index", "Writes the page of trends over commits.") { directory };
        command.SetAction(parsed => Guarded(() =>
        {
            int count = TrendPage.Write(parsed.GetRequiredValue(directory));
            Console.WriteLine($"  {count} records, page: {Path.Combine(parsed.GetRequiredValue(directory), TrendPage.Page)}");
            return CommandFrame.Success;
        }));
        return command;
    }

    private static Command AddMicro()
    {
        Argument<string> results = new("file")
        {
            Description = "What 'bench micro -- --exporters json' or 'bench check --json' wrote.",
        };
        results.Validators.Add(RefuseEmpty);
        Option<string> file = Out("The record.");
        Command command = new("add-micro", "Turns results of the bench into a record, for the trends.") { results, file };
        command.SetAction(parsed => Guarded(() =>
        {
            MachineDescription here = MachineDescription.Read(CpuAffinity.OfCallingThread());
            RunRecord record = MicroRecord.Read(parsed.GetRequiredValue(results), Revision.Read(), here);
            RecordFile.Write(record, parsed.GetRequiredValue(file));
            return CommandFrame.Success;
        }));
        return command;
    }

    private static Argument<string> Record(string name)
    {
        Argument<string> record = new(name) { Description = "A file that a run wrote." };
        record.Validators.Add(RefuseEmpty);
        return record;
    }

    private static Option<string> Out(string description)
    {
        Option<string> file = new("--out") { Description = description, HelpName = "file", Required = true };
        file.Validators.Add(RefuseEmpty);
        return file;
    }

    private static void RefuseEmpty(SymbolResult result)
    {
        if (result.Tokens.Any(token => token.Value.Length == 0))
        {
            result.AddError("A file name is ''; allowed: any that is not empty.");
        }
    }

    /// <summary>Says what went wrong with a file; returns the exit code.</summary>
    private static int Guarded(Func<int> work)
    {
        try
        {
            return work();
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"error: {exception.Message}");
            return CommandFrame.Failure;
        }
    }
}
