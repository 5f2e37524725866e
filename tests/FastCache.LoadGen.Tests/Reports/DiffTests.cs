using FastCache.LoadGen.Reporting.Diffs;
using FastCache.LoadGen.Reporting.Records;

namespace FastCache.LoadGen.Tests.Reports;

/// <summary>Two records beside each other.</summary>
public sealed class DiffTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public void Runs_of_the_same_program_are_within_the_noise(int rounds)
    {
        for (int seed = 1; seed <= 20; seed++)
        {
            IReadOnlyList<FigureDiff> figures = RecordDiff.Of(
                SampleRecords.Run(seed: seed, rounds: rounds), SampleRecords.Run(seed: seed + 100, rounds: rounds));
            Assert.NotEmpty(figures);
            Assert.All(figures, figure => Assert.Equal("within the noise", figure.Word));
        }
    }

    [Theory]
    [InlineData(1, 140, "slower")]
    [InlineData(1, 100, "faster")]
    [InlineData(5, 140, "slower")]
    [InlineData(5, 100, "faster")]
    public void What_a_change_costs_or_brings_is_found(int rounds, double nanos, string word)
    {
        IReadOnlyList<FigureDiff> figures = RecordDiff.Of(
            SampleRecords.Run(120, 1, rounds), SampleRecords.Run(nanos, 2, rounds));
        Assert.Equal(word, Find("server cpu per operation").Word);
        Assert.Equal(word, Find("throughput").Word);
        Assert.Equal("within the noise", Find("resident memory").Word);

        FigureDiff Find(string name) => Assert.Single(figures, figure => figure.Figure.Name == name);
    }

    [Fact]
    public void A_few_stalls_of_the_machine_do_not_hide_a_difference()
    {
        double[] first = [100, 101, 99, 100, 900, 101, 99, 100, 100];
        double[] second = [110, 111, 109, 110, 110, 1_900, 109, 110, 111];
        Assert.InRange(Noise.Allowed(first, second), 2, 9);
    }

    [Fact]
    public void A_noisy_figure_needs_a_large_difference()
    {
        double[] first = [100, 140, 60, 120, 80];
        Assert.InRange(Noise.Allowed(first, first), 100, 200);
    }

    [Fact]
    public void A_kind_other_than_the_first_is_refused_by_name()
    {
        RunRecord run = SampleRecords.Run();
        InvalidDataException refusal = Assert.Throws<InvalidDataException>(() => RecordDiff.Of(run, run with { Kind = "check" }));
        Assert.Contains("kind 'run', the second 'check'", refusal.Message, StringComparison.Ordinal);
        refusal = Assert.Throws<InvalidDataException>(() => RecordDiff.Of(run, run with { Name = "floor" }));
        Assert.Contains("name 'standard', the second 'floor'", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Records_without_a_common_subject_or_enough_values_are_refused()
    {
        RunRecord run = SampleRecords.Run();
        RunRecord other = run with { Subjects = [run.Subjects[0] with { Name = "redis" }] };
        Assert.Contains(
            "redis", Assert.Throws<InvalidDataException>(() => RecordDiff.Of(run, other)).Message, StringComparison.Ordinal);
        RoundRecord brief = run.Subjects[0].Rounds[0] with { Timeline = [] };
        RunRecord few = run with { Subjects = [run.Subjects[0] with { Rounds = [brief, brief] }] };
        Assert.Throws<InvalidDataException>(() => RecordDiff.Of(run, few));
    }

    [Fact]
    public void A_subject_that_only_one_record_has_is_told()
    {
        RunRecord run = SampleRecords.Run();
        RunRecord more = run with { Subjects = [.. run.Subjects, run.Subjects[0] with { Name = "redis", Variant = "depth 1" }] };
        Assert.Equal(["only the first has: redis depth 1"], RecordDiff.Circumstances(more, run));
        Assert.Equal(["only the second has: redis depth 1"], RecordDiff.Circumstances(run, more));
    }

    [Fact]
    public void Other_options_and_machines_are_told()
    {
        RunRecord run = SampleRecords.Run();
        RunRecord other = run with
        {
            Machine = run.Machine with { Cpus = 4 },
            Options = new Dictionary<string, string> { ["depth"] = "16", ["keys"] = "<1M>" },
        };
        string[] lines = [.. RecordDiff.Circumstances(run, other)];
        Assert.Equal(2, lines.Length);
        Assert.Contains("4 processors", lines[0], StringComparison.Ordinal);
        Assert.Equal("depth: 128 | 16", lines[1]);
        using StringWriter table = new();
        DiffTable.Write(run, other, RecordDiff.Of(run, other), table);
        Assert.Contains("differs: depth: 128 | 16", table.ToString(), StringComparison.Ordinal);
        Assert.Contains("within the noise", table.ToString(), StringComparison.Ordinal);
    }
}
