using FastCache.Client.Tests.EndToEnd;

namespace FastCache.Client.Tests.Examples;

/// <summary>That the load of the failure tests notices what it looks for.</summary>
public sealed class CountLedgerTests
{
    private readonly CountLedger _ledger = new(life: 1);

    public CountLedgerTests()
    {
        Assert.Null(_ledger.Acknowledged(1, 1));
        Assert.Null(_ledger.Acknowledged(1, 2));
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(4, false)]
    [InlineData(2, false)]
    [InlineData(1, false)]
    public void Without_a_failure_there_is_one_count(ulong count, bool isRight) =>
        Assert.Equal(isRight, _ledger.Acknowledged(1, count) is null);

    [Theory]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(4, true)]
    [InlineData(5, false)]
    public void One_that_may_have_been_executed_counts_once_or_not(ulong count, bool isRight)
    {
        _ledger.MayHaveExecuted(1);
        Assert.Equal(isRight, _ledger.Acknowledged(1, count) is null);
    }

    [Fact]
    public void A_node_that_was_started_again_counts_what_failed_since_and_nothing_else()
    {
        for (int i = 0; i < 8; i++)
        {
            Assert.Null(_ledger.Acknowledged(1, 3 + (ulong)i));
        }

        _ledger.MayHaveExecuted(1);
        Assert.NotNull(_ledger.Acknowledged(2, 2));
        _ledger.MayHaveExecuted(2);
        Assert.NotNull(_ledger.Acknowledged(2, 3));
        Assert.Null(_ledger.Acknowledged(2, 2));
        Assert.Null(_ledger.Acknowledged(2, 3));
        Assert.NotNull(_ledger.Acknowledged(2, 6));
    }
}
