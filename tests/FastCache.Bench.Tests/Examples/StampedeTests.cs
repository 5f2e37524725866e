using System.CommandLine;
using FastCache.Bench.Stampede;

namespace FastCache.Bench.Tests.Examples;

/// <summary>Stampedes: what is counted, and the command as a whole with real processes.</summary>
public sealed class StampedeTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private static readonly StampedeOptions Options = new()
    {
        Processes = 2,
        Callers = 10,
        Keys = 2,
        Rounds = 2,
        SourceDelay = Second,
        TimeToLive = 10 * Second,
    };

    [Fact]
    public void A_call_while_the_last_answer_lives_is_of_the_same_life()
    {
        SourceLives lives = new(2, 10 * Second);
        lives.Asked(0, 0 * Second, 1 * Second);
        lives.Asked(1, 0 * Second, 1 * Second);
        lives.Asked(0, 9 * Second, 10 * Second);
        Assert.Equal((3, 2, 1, 2), (lives.Calls, lives.Count, lives.Least, lives.Most));
        lives.Asked(1, 11 * Second, 12 * Second);
        Assert.Equal((4, 3, 1, 2), (lives.Calls, lives.Count, lives.Least, lives.Most));
    }

    [Theory]
    [InlineData(true, "", 0, 0, 20, 20)]
    [InlineData(false, "asked 2 times for a key in one life", 0, 0, 20, 20, 25)]
    [InlineData(false, "3 values were asked for; 4 had expired", 0, 0, 20)]
    public void Judges_one_call_for_each_key_and_life_as_right(bool isRight, string said, params int[] seconds)
    {
        SourceLives lives = new(2, 10 * Second);
        for (int i = 0; i < seconds.Length; i++)
        {
            lives.Asked(i % 2, seconds[i] * Second, (seconds[i] + 1) * Second);
        }

        using StringWriter output = new();
        Assert.Equal(isRight, new StampedeRun(Options, output).Judge(lives));
        Assert.Contains(said, output.ToString(), StringComparison.Ordinal);
        Assert.Equal(isRight, output.ToString().Length == 0);
    }

    [Fact]
    public void Leases_keep_the_calls_of_the_source_to_one_and_nothing_else_does()
    {
        (int exitCode, string output, string error) = Run(
            "--processes", "2", "--callers", "50", "--keys", "3", "--rounds", "2", "--source-delay", "100ms", "--ttl", "2s");
        Assert.Equal((0, ""), (exitCode, error));
        string[][] rows = [.. output.Split('\n').Select(line => line.Split("  ", StringSplitOptions.RemoveEmptyEntries))];
        string[] leases = Assert.Single(rows, row => row.Length == 9 && row[0].Trim() == "with GetOrFillAsync");
        Assert.Equal(["600", "6", "1", "1"], leases[1..5].Select(cell => cell.Trim()));
        string[] plain = Assert.Single(rows, row => row.Length == 9 && row[0].Trim() == "with get, source, set");
        Assert.Equal("600", plain[1].Trim());
        Assert.True(int.Parse(plain[2], System.Globalization.CultureInfo.InvariantCulture) > 6, output);
    }

    [Theory]
    [InlineData("--callers is '0'; allowed: 1 to 100,000", "--callers", "0")]
    [InlineData("--processes is '33'; allowed: 1 to 32", "--processes", "33")]
    [InlineData("--keys is 'x'; allowed: 1 to 1,000", "--keys", "x")]
    [InlineData("--rounds is '101'; allowed: 1 to 100", "--rounds", "101")]
    [InlineData("--source-delay is '11s'; allowed: 1ms to 10s", "--source-delay", "11s")]
    [InlineData("--ttl is '99ms'; allowed: 100ms to 60s", "--ttl", "99ms")]
    [InlineData("--callers times --keys is 10,000,000; allowed: up to 1,048,576", "--callers", "100K", "--keys", "100")]
    public void Refuses_what_is_out_of_range(string expected, params string[] args)
    {
        (int exitCode, string output, string error) = Run(args);
        Assert.Equal(1, exitCode);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.DoesNotContain("round 1", output, StringComparison.Ordinal);
    }

    private static (int ExitCode, string Output, string Error) Run(params string[] args)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        RootCommand root = new("test") { StampedeCommand.Create() };
        int exitCode = root.Parse(["stampede", .. args]).Invoke(new InvocationConfiguration { Output = output, Error = error });
        return (exitCode, output.ToString(), error.ToString());
    }
}
