using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>How many elements of collections commands may look at: each so many, and those of a transaction together not many times that.</summary>
/// <remarks>
/// <code>
/// counts   what
///      1   an element that is walked over, or goes with a range                25 to 250 ns
///      2   one that is looked up, or put together with those of other sets    200 to 750 ns
///      4   one that is written, or removed by its name                        500 to 2,000 ns
/// </code>
/// so that the longest command takes 10 to 30 ms where its collections are in no cache. Of a transaction the bytes of replies count too: they
/// bound commands that have no other bound.
/// </remarks>
internal sealed class LookBudget
{
    /// <summary>Most looks of one command, beside those that a reply is bounded by.</summary>
    public const int MostOfCommand = 65_536;

    /// <summary>Most looks of a transaction, beside what its arguments name (see <see cref="Transactions.Transaction.MaxLooks"/>).</summary>
    public const int MostOfTransaction = 4 * MostOfCommand;

    /// <summary>What an element that is looked up counts.</summary>
    public const int OfLookup = 2;

    /// <summary>What an element that is written or removed by its name counts.</summary>
    public const int OfWrite = 4;

    /// <summary>Bytes of replies, and of values that are copied, that count as a look: four of 1 MiB use a transaction up.</summary>
    public const int BytesOfLook = 16;

    private bool _isInTransaction;
    private long _left;
    private long _looks;

    /// <summary>Most looks of the command that is executed.</summary>
    public int Most => _isInTransaction ? (int)Math.Clamp(_left, 0, MostOfCommand) : MostOfCommand;

    /// <summary>Whether a transaction has looked at so much that no other long command is executed.</summary>
    public bool IsUsedUp => _left <= 0;

    /// <summary>Whether a command may look at so many elements; writes the error if not.</summary>
    /// <param name="looks">All of the command up to now, and those that it goes on with.</param>
    /// <param name="reply">Is written the error.</param>
    public bool Permits(long looks, ref RespReplyWriter reply)
    {
        if (looks > Most)
        {
            WriteTooMany(looks, ref reply);
            return false;
        }

        _looks = Math.Max(_looks, looks);
        return true;
    }

    /// <summary>The same for elements that a call names: of a transaction they are counted when it is put together.</summary>
    public static bool PermitsNamed(long looks, ref RespReplyWriter reply)
    {
        if (looks > MostOfCommand)
        {
            RespErrors.WriteTooManyElements(ref reply);
        }

        return looks <= MostOfCommand;
    }

    /// <summary>From now on commands are of one transaction.</summary>
    public void BeginTransaction() => (_isInTransaction, _left, _looks) = (true, MostOfTransaction, 0);

    /// <summary>Counts what a command has looked at.</summary>
    /// <param name="replyBytes">Bytes of its reply.</param>
    public void EndCommand(int replyBytes)
    {
        _left -= _looks + (replyBytes / BytesOfLook);
        _looks = 0;
    }

    /// <summary>From now on each command stands for itself.</summary>
    public void EndTransaction() => _isInTransaction = false;

    private static void WriteTooMany(long looks, ref RespReplyWriter reply)
    {
        if (looks > MostOfCommand)
        {
            RespErrors.WriteTooManyElements(ref reply);
        }
        else
        {
            RespErrors.WriteTransactionTooLong(ref reply);
        }
    }
}
