using FastCache.Io;
using FastCache.Node.Doors;
using FastCache.Node.Sessions;
using FastCache.Node.Shards;

namespace FastCache.Node.Tests.Examples;

/// <summary>A connection that owes its owner too much for long replies has its requests put aside, and nobody else.</summary>
public sealed class ReplyDebtTests : IDisposable
{
    private const int Most = 10_000;
    private static readonly ConnectionId One = new(1, 1);
    private static readonly ConnectionId Another = new(2, 1);
    private readonly CarryPool _carries = new(budgetBytes: 4 << 20);
    private readonly ReplyDebts _debts;

    public ReplyDebtTests() => _debts = new ReplyDebts(_carries, Most);

    public void Dispose() => _carries.Dispose();

    [Fact]
    public void Short_replies_are_free()
    {
        for (int i = 0; i < 100; i++)
        {
            _debts.Owe(0, One, ReplyDebts.LongBytes);
        }

        Assert.Equal(0, _debts.Count);
        Assert.True(_debts.MayExecute(0, One, out _));
    }

    [Fact]
    public void Who_owes_too_much_waits_until_it_has_paid_and_others_do_not()
    {
        _debts.Owe(0, One, Most + 1);
        Assert.False(_debts.MayExecute(0, One, out ReplyDebts.Debtor debtor));
        Assert.True(_debts.TryPutAside(debtor, EntryOf(One), [1, 2, 3]));
        Assert.True(_debts.MayExecute(0, Another, out _));
        Assert.True(_debts.MayExecute(1, One, out _));
        Assert.True(_debts.Ready.IsEmpty);
        _debts.Pay(0, One, 1);
        Assert.Same(debtor, Assert.Single(_debts.Ready.ToArray()));
        // What waits goes first, whatever is owed.
        Assert.False(_debts.MayExecute(0, One, out _));
        debtor.Waiting.RemoveFirst();
        _debts.EndReady();
        Assert.True(_debts.Ready.IsEmpty && _debts.MayExecute(0, One, out _));
        Assert.Equal(1, _debts.Count);
        _debts.Pay(0, One, Most);
        Assert.Equal((0, 0L), (_debts.Count, _carries.LentBytes));
    }

    [Fact]
    public void Requests_that_find_no_room_are_executed_behind_those_that_wait()
    {
        _debts.Owe(0, One, 2 * Most);
        Assert.False(_debts.MayExecute(0, One, out ReplyDebts.Debtor debtor));
        Assert.False(_debts.TryPutAside(debtor, EntryOf(One), new byte[8 * Most]));
        Assert.True(debtor.Waiting.IsEmpty && _debts.Ready.IsEmpty);
        Assert.True(_debts.TryPutAside(debtor, EntryOf(One), new byte[7 * Most]));
        Assert.False(_debts.TryPutAside(debtor, EntryOf(One), new byte[2 * Most]));
        Assert.True(debtor.MayGoOn);
        Assert.Same(debtor, Assert.Single(_debts.Ready.ToArray()));
        debtor.Waiting.RemoveFirst();
        _debts.EndReady();
        Assert.False(_debts.MayExecute(0, One, out _));
        Assert.True(_debts.TryPutAside(debtor, EntryOf(One), [1]));
        Assert.False(debtor.MayGoOn);
    }

    private static ParcelEntry EntryOf(ConnectionId connection) => new(connection, 3, BatchPlace.None, DoorKind.Fcp);
}
