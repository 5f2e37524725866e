using System.Text;
using FastCache.Node.Tests.Fakes;

namespace FastCache.Node.Tests.Examples;

public sealed class NodeLogTests
{
    [Fact]
    public void Lines_are_written_in_order_and_before_the_end()
    {
        using StringWriter output = new();
        using (NodeLog log = new(output))
        {
            for (int i = 0; i < 100; i++)
            {
                log.Write($"line {i}");
            }
        }

        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"line {i}"), LinesOf(output));
    }

    [Fact]
    public void Slow_output_holds_nobody_up_and_what_it_missed_is_counted()
    {
        using SlowWriter output = new();
        using (NodeLog log = new(output))
        {
            log.Write("first");
            Assert.True(output.Started.Wait(TimeSpan.FromSeconds(20)));
            for (int i = 0; i < 1_000; i++)
            {
                log.Write($"line {i}"); // Nobody takes them away: this would never end if it waited.
            }

            output.GoOn.Set();
        }

        List<string> lines = LinesOf(output);
        Assert.Equal("first", lines[0]);
        int told = lines.Count - 2;
        Assert.Equal($"{1_000 - told} more such lines", lines[^1]);
        Assert.Equal(Enumerable.Range(0, told).Select(i => $"line {i}"), lines.Skip(1).SkipLast(1));
    }

    [Fact]
    public void Output_that_fails_ends_nothing()
    {
        using BrokenWriter output = new();
        using NodeLog log = new(output);
        for (int i = 0; i < 10; i++)
        {
            log.Write("nobody reads this");
        }
    }

    [Fact]
    public void Lines_after_the_end_are_harmless()
    {
        using StringWriter output = new();
        NodeLog log = new(output);
        log.Dispose();
        log.Write("too late");
        Assert.Empty(output.ToString());
    }

    private static List<string> LinesOf(StringWriter output) =>
        [.. output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries)];

    private sealed class SlowWriter : StringWriter
    {
        public ManualResetEventSlim Started { get; } = new();

        public ManualResetEventSlim GoOn { get; } = new();

        public override void WriteLine(string? value)
        {
            Started.Set();
            GoOn.Wait();
            base.WriteLine(value);
        }

        protected override void Dispose(bool disposing)
        {
            Started.Dispose();
            GoOn.Dispose();
            base.Dispose(disposing);
        }
    }
}
