using FastCache.Core;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>How commands come by the collection of their key; where they do not, they have answered.</summary>
internal sealed class Collections(DoorShard shard)
{
    /// <summary>Most elements that one command looks at to find some by what they are, or takes apart: the shard does nothing else meanwhile.</summary>
    public const int MostElements = 65_536;

    private readonly CollectionStore _store = shard.Shard.Collections;

    /// <summary>Opens a collection to look at it.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="kind">What the command is for.</param>
    /// <param name="reply">Is written the error when the key has something else.</param>
    /// <param name="collection">Open when the answer says so.</param>
    /// <returns>Open, Absent (nothing is written: each command has its own reply), or WrongKind (the error is written).</returns>
    public CollectionAnswer Open(scoped in LookupKey key, CollectionKind kind, scoped ref RespReplyWriter reply, out CollectionView collection) =>
        Answer(_store.Open(key, kind, out collection), ref reply);

    /// <summary>Opens a collection to add to it, a new one if there is none: give it an element, or <see cref="CollectionView.RemoveIfEmpty"/>.</summary>
    /// <inheritdoc cref="Open"/>
    /// <returns>Whether it is open; otherwise the error is written.</returns>
    public bool TryOpenOrCreate(scoped in LookupKey key, CollectionKind kind, scoped ref RespReplyWriter reply, out CollectionView collection) =>
        Answer(_store.OpenOrCreate(key, kind, out collection), ref reply) == CollectionAnswer.Open;

    /// <summary>Writes that a command would have to look at more than <see cref="MostElements"/>.</summary>
    public static void WriteTooMany(ref RespReplyWriter reply)
    {
        Line line = new(stackalloc byte[160]);
        line.Add("ERR a command looks at most at "u8);
        line.Add(MostElements);
        line.Add(" elements here, and this one would have to look at more; ask for fewer at a time"u8);
        reply.WriteError(line.Text);
    }

    /// <summary>Writes what became of a change that was not done.</summary>
    /// <param name="outcome">Neither Done nor NotFound.</param>
    /// <param name="reply">Where it goes.</param>
    public static void WriteFailure(WriteOutcome outcome, ref RespReplyWriter reply) => reply.WriteError(
        outcome == WriteOutcome.ValueTooLarge
            ? "ERR a list, hash, set or sorted set takes at most a quarter of its shard's memory (--memory), and this one has that"u8
            : RespErrors.OutOfMemory);

    private static CollectionAnswer Answer(CollectionAnswer answer, scoped ref RespReplyWriter reply)
    {
        if (answer is CollectionAnswer.WrongKind or CollectionAnswer.OutOfMemory)
        {
            reply.WriteError(answer == CollectionAnswer.WrongKind ? RespErrors.WrongKind : RespErrors.OutOfMemory);
        }

        return answer;
    }
}
