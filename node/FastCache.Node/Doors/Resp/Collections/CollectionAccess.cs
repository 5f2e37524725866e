using FastCache.Core;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Node.Doors.Resp.Waiting;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>How commands come by the collection of their key; where they do not, they have answered.</summary>
internal sealed class CollectionAccess(DoorShard shard)
{
    private readonly CollectionStore _store = shard.Shard.Collections;

    /// <summary>Opens a collection to look at it.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="kind">What the command is for.</param>
    /// <param name="reply">Is written the error when the key has something else.</param>
    /// <param name="collection">Open when the answer says so.</param>
    /// <returns>Open, Absent (nothing is written: each command has its own reply), or WrongKind (the error is written).</returns>
    public CollectionAnswer Open(scoped in LookupKey key, CollectionKind kind, scoped ref RespReplyWriter reply, out CollectionView collection) =>
        Answer(_store.Open(key, kind, out collection), ref reply);

    /// <summary>Opens the collection of one of the keys of a command that takes from the first that there is.</summary>
    /// <param name="call">The call.</param>
    /// <param name="argument">The argument that is the key.</param>
    /// <param name="kind">What the command is for.</param>
    /// <param name="reply">Is written the error when the key has something else.</param>
    /// <param name="collection">Open when the answer says so.</param>
    /// <returns>As <see cref="Open"/>; Absent also for a key from which a call that has waited does not take, see <see cref="Waits.MayTakeFrom"/>.</returns>
    public CollectionAnswer OpenToTake(
        scoped Call call, int argument, CollectionKind kind, scoped ref RespReplyWriter reply, out CollectionView collection)
    {
        collection = default;
        if (!shard.Waits.MayTakeFrom(argument))
        {
            return CollectionAnswer.Absent;
        }

        if (argument == call.KeyIndex)
        {
            return Open(call.Key, kind, ref reply, out collection); // Its item has been loaded.
        }

        LookupKey key = shard.Shard.Prepare(call[argument]);
        return Open(key, kind, ref reply, out collection);
    }

    /// <summary>Opens a collection to add to it, a new one if there is none: give it an element, or <see cref="CollectionView.RemoveIfEmpty"/>.</summary>
    /// <inheritdoc cref="Open"/>
    /// <returns>Whether it is open; otherwise the error is written.</returns>
    public bool TryOpenOrCreate(scoped in LookupKey key, CollectionKind kind, scoped ref RespReplyWriter reply, out CollectionView collection) =>
        Answer(_store.OpenOrCreate(key, kind, out collection), ref reply) == CollectionAnswer.Open;

    /// <summary>Executes a call that removes fields or members: all its arguments behind the key.</summary>
    public void Remove(scoped Call call, CollectionKind kind, KeyEvent what, ref RespReplyWriter reply)
    {
        if (!LookBudget.PermitsNamed(LookBudget.OfWrite * (call.Count - 2L), ref reply))
        {
            return;
        }

        CollectionAnswer answer = Open(call.Key, kind, ref reply, out CollectionView collection);
        if (answer == CollectionAnswer.WrongKind)
        {
            return;
        }

        int removed = 0;
        for (int i = 2; i < call.Count && answer == CollectionAnswer.Open; i++)
        {
            removed += collection.Remove(call[i]) ? 1 : 0;
        }

        if (removed > 0)
        {
            shard.NoteTaken(call.KeyBytes, what);
        }

        reply.WriteInteger(removed);
    }

    /// <summary>Executes a call that asks how many elements there are.</summary>
    public void WriteCount(scoped Call call, CollectionKind kind, ref RespReplyWriter reply)
    {
        CollectionAnswer answer = Open(call.Key, kind, ref reply, out CollectionView collection);
        if (answer != CollectionAnswer.WrongKind)
        {
            reply.WriteInteger(answer == CollectionAnswer.Open ? collection.Count : 0);
        }
    }

    /// <summary>Whether an element of a list was written; otherwise the error is written.</summary>
    public static bool IsWritten(WriteOutcome outcome, scoped ReadOnlySpan<byte> element, ref RespReplyWriter reply)
    {
        if (outcome != WriteOutcome.Done)
        {
            RespErrors.WriteElementFailure(outcome, default, element, ref reply);
        }

        return outcome == WriteOutcome.Done;
    }

    /// <summary>Reads how many elements are taken: what may stand behind the key, 1 without it; writes the error if it is none.</summary>
    public static bool TryReadCount(scoped Call call, ref RespReplyWriter reply, out long count)
    {
        count = 1;
        if (call.Count > 3)
        {
            reply.WriteError(RespErrors.Syntax);
            return false;
        }

        if (call.Count == 3 && (!RespNumber.TryParse(call[2], out count) || count < 0))
        {
            reply.WriteError(RespErrors.NegativeCount);
            return false;
        }

        return true;
    }

    /// <summary>Whether a command may look at so many elements; writes the error if not.</summary>
    /// <param name="looks">See <see cref="LookBudget.Permits"/>.</param>
    /// <param name="reply">Is written the error.</param>
    /// <param name="start">Where the reply begins whose place the error takes; below 0: nothing is written yet.</param>
    public bool Permits(long looks, ref RespReplyWriter reply, int start = -1)
    {
        if (start >= 0 && looks > shard.Looks.Most)
        {
            reply.CutTo(start);
        }

        return shard.Looks.Permits(looks, ref reply);
    }

    private static CollectionAnswer Answer(CollectionAnswer answer, ref RespReplyWriter reply)
    {
        if (answer is CollectionAnswer.WrongKind or CollectionAnswer.OutOfMemory)
        {
            reply.WriteError(answer == CollectionAnswer.WrongKind ? RespErrors.WrongKind : RespErrors.OutOfMemory);
        }

        return answer;
    }
}
