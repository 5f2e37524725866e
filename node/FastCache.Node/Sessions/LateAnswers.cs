using FastCache.Node.Doors.Resp.Waiting;
using FastCache.Node.Shards;

namespace FastCache.Node.Sessions;

/// <summary>Answers calls that were held back: sessions of this shard through the outbox, others by parcel.</summary>
/// <param name="home">This shard.</param>
/// <param name="sessions">Its conversations.</param>
/// <param name="replies">Where its replies go.</param>
/// <param name="counters">Where waits are counted.</param>
/// <param name="service">The way to other shards; null when there are none.</param>
internal sealed class LateAnswers(int home, SessionTable sessions, ReplyPath replies, NodeCounters counters, ForeignService? service)
{
    /// <summary>Finds out whether a call can be answered now; then <see cref="End"/> must follow, unless the wait was abandoned.</summary>
    /// <param name="waiter">Who waits.</param>
    /// <param name="room">Where the reply goes: at least <see cref="RequestExecutor.MaxReplyBytes"/>.</param>
    public bool TryBegin(in Waiter waiter, out Span<byte> room)
    {
        if (waiter.Home != home)
        {
            return service!.TryBeginLate(waiter.Home, out room);
        }

        bool mayAnswer = sessions.Find(waiter.Connection) is Session session && replies.Allowance(session) > 0;
        room = mayAnswer ? replies.Room : default;
        return mayAnswer;
    }

    /// <summary>Sends the reply that stands at the start of the room.</summary>
    public void End(in Waiter waiter, int bytes)
    {
        if (waiter.Home != home)
        {
            service!.AnswerLate(waiter.Home, waiter.Connection, bytes);
            return;
        }

        Session session = sessions.Find(waiter.Connection)!;
        replies.Stage(session, bytes);
        session.EndWait(counters);
        // Its next requests are executed in the next pass: what a session is sent in one pass lies in one piece.
        replies.Postpone(session);
    }
}
