using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using FastCache.Bench.Micro.Operations;
using FastCache.Bench.Options;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;

namespace FastCache.Bench.Check;

/// <summary><c>check</c>: the micro-benchmarks that a commit must not make worse.</summary>
internal static class CheckCommand
{
    private const int MostTries = 3;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Command Create()
    {
        TextOption<int> items = BenchOptions.Count(
            "--items", "2M", 10_000, 50_000_000, "Items of 128 bytes in each table.");
        TextOption<int> rounds = BenchOptions.Count(
            "--rounds", "9", 5, 101, "Rounds of each comparison, of which the median counts.");
        TextOption<string> json = BenchOptions.File("--json", "Write the table for programs, too.");
        TextOption<string> only = BenchOptions.Text("--only", "Only the comparisons whose operation's name has this in it.");
        Command command = new("check", "Holds the engine's operations to bands: each is measured in turn with a baseline, and the "
            + "ratio of their times must stay below the end of its band. Takes half a minute. Exits with 1 when a ratio is "
            + $"outside its band, or an operation allocates managed memory, in each of {MostTries} tries. Goals are what the engine "
            + "is meant to reach; they decide nothing.");
        items.AddTo(command);
        rounds.AddTo(command);
        only.AddTo(command);
        json.AddTo(command);
        command.SetAction(parsed => Run(
            items.Of(parsed.CommandResult),
            rounds.Of(parsed.CommandResult),
            only.Of(parsed.CommandResult) ?? "",
            json.Of(parsed.CommandResult)));
        return command;
    }

    private static int Run(int items, int rounds, string only, string? jsonPath)
    {
        long start = Stopwatch.GetTimestamp();
        Comparison[] chosen = [.. Comparison.All.Where(each => each.Name.Contains(only, StringComparison.Ordinal))];
        if (chosen.Length == 0)
        {
            Console.Error.WriteLine($"No operation has '{only}' in its name.");
            return 1;
        }

        List<CheckResult> results = [];
        using (CheckSubjects subjects = new(items))
        {
            foreach (Comparison comparison in chosen)
            {
                results.Add(Measure(comparison, subjects, rounds));
            }
        }

        TextTable table = new("operation", "ns", "baseline", "ns", "ratio", "band", "goal", "B/op", "verdict", "");
        table.Right(1, 3, 4, 5, 6, 7);
        foreach (CheckResult result in results)
        {
            table.Add(result.Cells);
        }

        table.WriteTo(Console.Out);
        bool isMet = results.All(result => result.IsMet);
        Console.WriteLine($"  {results.Count(result => result.IsMet)} of {results.Count} bands met; {items:N0} items of {Shards.ItemBytes} bytes; "
            + $"medians of {rounds} rounds; {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s");
        foreach (string fault in results.SelectMany(result => result.Faults))
        {
            Console.Error.WriteLine(fault);
        }

        if (jsonPath is not null)
        {
            JsonObject json = new()
            {
                ["items"] = items,
                ["rounds"] = rounds,
                ["met"] = isMet,
                ["comparisons"] = new JsonArray([.. results.Select(result => result.ToJson())]),
            };
            File.WriteAllText(jsonPath, json.ToJsonString(Indented) + "\n");
        }

        return isMet ? 0 : 1;
    }

    private static CheckResult Measure(Comparison comparison, CheckSubjects subjects, int rounds)
    {
        Operation operation = comparison.Operation(subjects);
        Operation baseline = comparison.BaselineOperation(subjects);
        for (int tries = 1; ; tries++)
        {
            CheckResult result = new(comparison, AlternatingRounds.Measure(operation, baseline, rounds), tries);
            if (result.IsMet || tries == MostTries)
            {
                return result;
            }
        }
    }
}
