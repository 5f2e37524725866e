using FastCache.Node.Doors.Resp.ClientCaching;
using FastCache.Node.Doors.Resp.Subscriptions;
using FastCache.Node.Doors.Resp.Transactions;
using FastCache.Node.Sessions;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>What the door of Redis's protocol remembers of one connection.</summary>
internal sealed class RespTalk(CarryPool carries)
{
    /// <summary>Most bytes that are kept of a name: it stands in managed memory, which no budget limits.</summary>
    public const int MostNameBytes = 128;

    /// <summary>How far the next request has been looked at.</summary>
    public RespProgress Progress;

    /// <summary>The connection's number, of which the node gives each once.</summary>
    public long Id { get; private set; }

    /// <summary>Whether replies have the form of version 3.</summary>
    public bool IsVersion3 { get; set; }

    /// <summary>What the client calls itself; null: nothing.</summary>
    public byte[]? Name { get; set; }

    /// <summary>What the client's library is called.</summary>
    public byte[] LibraryName { get; set; } = [];

    public byte[] LibraryVersion { get; set; } = [];

    /// <summary>The place in the table of the command that was executed last; -1: none was.</summary>
    public int LastCommand { get; set; }

    /// <summary>What the connection has subscribed to; null until it did.</summary>
    public TalkSubscriptions? Subscriptions { get; set; }

    /// <summary>Whether only commands for subscribers may be executed: in version 2 their messages look like replies.</summary>
    public bool IsOnlySubscriber => !IsVersion3 && Subscriptions is { IsEmpty: false };

    /// <summary>What the client is told of keys that change; null: nothing.</summary>
    public TalkTracking? Tracking { get; set; }

    /// <summary>What the connection watches, and has asked for since MULTI.</summary>
    public Transaction Transaction { get; } = new(carries);

    /// <summary>Of a command that is executed in parts: the sum of the parts' replies so far, or of the lengths of their texts.</summary>
    public long JoinedSum { get; set; }

    /// <summary>Of such a command: the first error that a part has answered.</summary>
    public byte[]? JoinedError { get; set; }

    /// <summary>Of such a command: the texts of the parts so far.</summary>
    public FrameQueue JoinedText { get; } = new(carries);

    /// <summary>Bytes of connection memory that are held for the connection.</summary>
    public long HeldBytes => Transaction.HeldBytes + JoinedText.HeldBytes;

    /// <summary>Begins with a new connection.</summary>
    /// <param name="id">Its number.</param>
    public void Open(long id)
    {
        Id = id;
        Progress = default;
        Reset();
        (LibraryName, LibraryVersion, LastCommand) = ([], [], -1);
        (JoinedSum, JoinedError) = (0, null);
    }

    /// <summary>Gives back what is held for the connection, which has ended.</summary>
    public void Close()
    {
        Transaction.End();
        JoinedText.Clear();
    }

    /// <summary>As a new connection is, but for its number.</summary>
    public void Reset()
    {
        IsVersion3 = false;
        Name = null;
        Transaction.End();
    }
}
