using System.CommandLine;
using System.CommandLine.Parsing;
using FastCache.Bench.Options;
using FastCache.LoadGen.Options;

namespace FastCache.Bench.Fuzz;

/// <summary><c>fuzz</c>: mutated conversations, for the decoders and for whole sessions.</summary>
internal static class FuzzCommand
{
    private const string Targets = "decoder, reply-decoder or session";
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);

    public static Command Create()
    {
        TextOption<string> target = new("--target", "name", "session", Targets, "What is fuzzed.", TryReadTarget);
        TextOption<TimeSpan> duration = LoadOptions.Duration("--duration", "30s", Shortest, TimeSpan.FromDays(30), "How long.");
        TextOption<long> executions = new(
            "--executions", "n", null, "1 to 1T", "End after so many executions instead.",
            (string text, out long value) => Quantity.TryParseCount(text, out value) && value is >= 1 and <= 1_000_000_000_000);
        TextOption<ulong> seed = LoadOptions.Seed(null, "What the random numbers start from; a random one without it.");
        TextOption<TimeSpan> reportEvery = LoadOptions.Duration(
            "--report-every", "10s", Shortest, TimeSpan.FromHours(1), "Time between two lines.");
        TextOption<string> input = BenchOptions.File("--input", "Run the input of this file alone, as a failure has written it, 100 times or as often as --executions says.");
        TextOption<string> failure = BenchOptions.File("--failure", "Where an input that fails is written to; by default fuzz-TARGET-SEED.txt.");
        Command command = new(
            "fuzz",
            """
            Mutates conversations and runs them: through the decoder of requests, the one of replies, or the whole loop of a
            shard with several connections over a backend in memory, which cuts bytes and blocks sends at random. What reaches
            an answer that was not seen before is mutated further.

            Exit code 1 for an exception, an answer that the protocol does not allow, a connection beside it that is not
            served exactly, or anything that a session leaves behind. A read outside of a decoder's input, and a loop that does
            not come back within a minute, end the process. The seed that is printed first repeats a run of a decoder exactly,
            and one of sessions but for what depends on the time of day; an input that fails is made small, printed, and
            written to a file that repeats it alone:
              fuzz --target session --seed 7 --executions 12345
              fuzz --target session --input fuzz-session-7.txt
            """);
        foreach (ITextOption option in new ITextOption[] { target, duration, executions, seed, reportEvery, input, failure })
        {
            option.AddTo(command);
        }

        command.SetAction(parsed =>
        {
            SymbolResult given = parsed.CommandResult;
            ulong from = seed.IsGiven(given) ? seed.Of(given) : (ulong)Random.Shared.NextInt64(1_000_000_000);
            FuzzOptions options = new()
            {
                Target = target.Of(given)!,
                Seed = from,
                Duration = duration.Of(given),
                Executions = executions.Of(given),
                ReportEvery = reportEvery.Of(given),
                InputPath = input.Of(given),
                FailurePath = failure.Of(given) ?? $"fuzz-{target.Of(given)}-{from}.txt",
            };
            return GuardedRun.ExitCode(parsed, () =>
            {
                using IFuzzTarget fuzzed = Open(options.Target);
                return new FuzzRun(options, fuzzed, parsed.InvocationConfiguration.Output).Run();
            });
        });
        return command;
    }

    private static IFuzzTarget Open(string target) => target switch
    {
        "decoder" => new RequestDecoderTarget(),
        "reply-decoder" => new ReplyDecoderTarget(),
        _ => new SessionTarget(),
    };

    private static bool TryReadTarget(string text, out string value)
    {
        value = text;
        return text is "decoder" or "reply-decoder" or "session";
    }
}
