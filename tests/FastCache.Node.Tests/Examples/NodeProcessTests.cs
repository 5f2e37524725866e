using FastCache.Node.Tests.Fakes;

namespace FastCache.Node.Tests.Examples;

public sealed class NodeProcessTests
{
    [Fact]
    public void Thread_that_fails_ends_the_process_with_a_diagnosis_before_anything_is_taken_down()
    {
        using StringWriter diagnosis = new();
        List<string> order = [];
        NodeProcess.Guard(
            "shard 3",
            () =>
            {
                try
                {
                    throw new InvalidDataException("the index points nowhere");
                }
                finally
                {
                    order.Add("taken down"); // May wait for ever for what is broken: the process must be over by then.
                }
            },
            diagnosis,
            code => order.Add($"exit {code}"));
        Assert.Equal(["exit 70", "taken down"], order);
        Assert.Contains("shard 3 failed", diagnosis.ToString(), StringComparison.Ordinal);
        Assert.Contains("InvalidDataException: the index points nowhere", diagnosis.ToString(), StringComparison.Ordinal);
        Assert.Contains(nameof(NodeProcessTests), diagnosis.ToString(), StringComparison.Ordinal); // Where it was.
    }

    [Fact]
    public void Diagnosis_that_cannot_be_written_does_not_keep_the_process_alive()
    {
        using BrokenWriter broken = new();
        int? exitCode = null;
        NodeProcess.Guard("shard 0", () => throw new InvalidOperationException(), broken, code => exitCode = code);
        Assert.Equal(NodeProcess.Crash, exitCode);
    }

    [Fact]
    public void Thread_that_ends_well_ends_nothing_else()
    {
        using StringWriter diagnosis = new();
        NodeProcess.Guard("shard 0", () => { }, diagnosis, _ => Assert.Fail("exit"));
        Assert.Equal("", diagnosis.ToString());
    }
}
