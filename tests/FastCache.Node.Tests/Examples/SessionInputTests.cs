using FastCache.Node.Sessions;
using FastCache.Node.Tests.Fakes;

namespace FastCache.Node.Tests.Examples;

public sealed class SessionInputTests
{
    /// <summary>What was decoded may be used on as long as nothing has moved: a request of many keys is not read anew for each group.</summary>
    [Fact]
    public void A_commit_moves_nothing_unless_it_gives_something_back()
    {
        using HandDrivenIo io = new(listener: 0, bufferBytes: 100);
        io.Receive(io.Connect(), new string('x', 200));
        using CarryPool carries = new(1 << 20);
        SessionInput input = new(new ReceivePath(io, receiveBuffers: 2, carries));
        input.Append(0, 100);
        input.Append(1, 100);
        Assert.Equal(100, input.Unread().Length);
        int moves = input.Moves;
        input.Position.Offset = 60;
        input.Commit();
        Assert.Equal(moves, input.Moves);

        // Gathered bytes lie elsewhere; behind that, they lie still until the last of them is done with.
        Assert.True(input.TryGather(80));
        Assert.NotEqual(moves, input.Moves);
        moves = input.Moves;
        input.Position.Offset = 79;
        input.Commit();
        Assert.Equal(moves, input.Moves);
        input.Position.Offset = 80;
        input.Commit();
        Assert.NotEqual(moves, input.Moves);

        Assert.Equal(60, input.Unread().Length);
        moves = input.Moves;
        input.Position.Offset = 100;
        input.Commit();
        Assert.NotEqual(moves, input.Moves);
        Assert.True(input.Unread().IsEmpty);
    }
}
