using FastCache.Bench.Fuzz;

namespace FastCache.Bench.Tests.Examples;

/// <summary>What the fuzzer does with an input that fails, and what it writes about it.</summary>
public sealed class FuzzTests
{
    [Fact]
    public void Input_comes_back_from_its_text()
    {
        byte[] frame = [0xFC, .. Enumerable.Range(1, 40).Select(i => (byte)i), .. Enumerable.Repeat((byte)7, 300), 1, 2];
        FuzzInput written = new(-5, [[frame, [], [0xFC]], [[]]]);
        FuzzInput read = FuzzInput.Parse(written.ToText().Split('\n'));
        Assert.Equal(written.Seed, read.Seed);
        Assert.Equal(written.Conversations, read.Conversations);
    }

    [Fact]
    public void Failing_input_is_made_small_and_its_file_fails_alone()
    {
        using TemporaryFolder folder = new();
        string path = folder["failure.txt"];
        StringWriter output = new();
        using PickyTarget target = new();
        Assert.False(new FuzzRun(Options(path, input: null), target, output).Run());
        FuzzInput smallest = FuzzInput.Parse(File.ReadLines(path));
        Assert.Equal(1, smallest.Frames);
        Assert.Contains($"--input {path}", output.ToString(), StringComparison.Ordinal);
        Assert.False(new FuzzRun(Options(path, input: path), target, output).Run());
    }

    [Fact]
    public void Same_seed_runs_the_decoder_over_the_same_inputs()
    {
        Assert.Equal(Sum(7), Sum(7));
        Assert.NotEqual(Sum(7), Sum(8));
    }

    [Theory]
    [InlineData("decoder", "3000")]
    [InlineData("reply-decoder", "3000")]
    [InlineData("session", "60")]
    public void Every_target_runs_from_the_command_line(string target, string executions) =>
        Assert.Equal(0, FuzzCommand.Create().Parse(["--target", target, "--seed", "1", "--executions", executions]).Invoke(
            new() { Output = TextWriter.Null }));

    private static long Sum(ulong seed)
    {
        using CountingTarget target = new();
        Assert.True(new FuzzRun(Options("", null) with { Seed = seed, Executions = 500 }, target, TextWriter.Null).Run());
        return target.Sum;
    }

    private static FuzzOptions Options(string failurePath, string? input) => new()
    {
        Target = "decoder",
        Seed = 3,
        Duration = TimeSpan.FromMinutes(1),
        Executions = 100_000,
        ReportEvery = TimeSpan.FromMinutes(1),
        InputPath = input,
        FailurePath = failurePath,
    };

    /// <summary>Fails for an append.</summary>
    private sealed class PickyTarget : IFuzzTarget
    {
        public FuzzCorpus Corpus { get; } = FuzzCorpus.OfRequests();

        public int MostConversations => 3;

        public void Run(FuzzInput input, Discoveries discoveries) => FuzzFaultException.Require(
            !input.Conversations.Any(frames => frames.Any(frame => frame.Length > 1 && frame[1] == 0x1A)), "an append");

        public void Dispose()
        {
        }
    }

    /// <summary>Adds up what the decoder's target sees.</summary>
    private sealed class CountingTarget : IFuzzTarget
    {
        private readonly RequestDecoderTarget _decoder = new();

        public FuzzCorpus Corpus => _decoder.Corpus;

        public int MostConversations => 1;

        public long Sum { get; private set; }

        public void Run(FuzzInput input, Discoveries discoveries)
        {
            _decoder.Run(input, discoveries);
            Sum = (Sum * 31) + input.Conversations.Sum(frames => frames.Sum(frame => frame.Sum(one => (long)one)));
        }

        public void Dispose() => _decoder.Dispose();
    }
}
