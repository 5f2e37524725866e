using System.CommandLine;
using BenchmarkDotNet.Running;

namespace FastCache.Bench;

/// <summary><c>micro</c>: hands its arguments to BenchmarkDotNet.</summary>
internal static class MicroCommand
{
    /// <summary>What BenchmarkDotNet answers without running anything; where it refuses its arguments it only prints why.</summary>
    private static readonly string[] Questions = ["--help", "--version", "--info", "--list"];

    public static Command Create()
    {
        Argument<string[]> arguments = new("arguments")
        {
            Description = "BenchmarkDotNet's own arguments, after --, for example: micro -- --filter '*Lookup*' --job short",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Command command = new("micro", "Runs the BenchmarkDotNet micro-benchmarks.") { arguments };
        command.SetAction(parsed =>
        {
            string[] given = parsed.GetValue(arguments) ?? [];
            bool hasRun = BenchmarkSwitcher.FromAssembly(typeof(MicroCommand).Assembly).Run(given).Any();
            return hasRun || given.Intersect(Questions).Any() ? 0 : 1;
        });
        return command;
    }
}
