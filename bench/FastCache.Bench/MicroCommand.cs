using System.CommandLine;
using BenchmarkDotNet.Running;

namespace FastCache.Bench;

/// <summary><c>micro</c>: hands its arguments to BenchmarkDotNet.</summary>
internal static class MicroCommand
{
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
            BenchmarkSwitcher.FromAssembly(typeof(MicroCommand).Assembly).Run(parsed.GetValue(arguments));
        });
        return command;
    }
}
