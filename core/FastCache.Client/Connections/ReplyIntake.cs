using FastCache.Client.Operations;
using FastCache.Client.Replicas;
using FastCache.Protocol;

namespace FastCache.Client.Connections;

/// <summary>Gives the replies of one line to their requests: those that end go to the pump together, and their ids back.</summary>
/// <remarks>All of it belongs to the thread that receives.</remarks>
internal sealed class ReplyIntake(ShardConnection connection, RequestQueue requests, CompletionPump completions, Line line) : IReplies
{
    private readonly int[] _freed = new int[1024];
    private int _freedCount;
    private Operation? _first;
    private Operation? _last;

    Exception? IReplies.Take(in Reply reply)
    {
        if (reply.Status.IsFatal())
        {
            return Refusal.Of(reply);
        }

        if (!ReplyBody.IsSound(reply)
            || !requests.Take(reply.Id, reply.Opcode, out Operation operation, out int ticket, out Purpose purpose))
        {
            return new InvalidDataException(
                $"a {reply.Opcode} reply with id {reply.Id}, argument {reply.Argument} and {reply.Body.Length} bytes "
                + "answers no request");
        }

        connection.Counters.Reply(reply.FrameLength, reply.Status == Status.Moved);
        CopyTraffic? copies = connection.Owner.Copies;
        if (copies is not null && connection.Gauge.TryAnswer(reply.Id, out long latency))
        {
            copies.Sampled(latency);
        }

        bool isTaken = purpose == Purpose.Copy
            ? !copies!.TakeAnswer(connection, operation, ticket, reply)
            : reply.Status == Status.Moved && purpose != Purpose.Background && operation.IsPending(ticket)
                && connection.Owner.TryTakeMoved(operation, ticket, reply.Argument);
        if (!isTaken && operation.TryClaim(ticket))
        {
            if (copies is not null && (purpose < Purpose.Copy || reply.Opcode == Opcode.Get))
            {
                copies.Answered(connection, operation, ticket, reply);
            }

            End(operation, reply);
        }

        _freed[_freedCount++] = (int)reply.Id;
        if (_freedCount == _freed.Length)
        {
            FreeIds();
        }

        return null;
    }

    bool IReplies.EndOfInput()
    {
        FreeIds();
        line.LastInput = Environment.TickCount64;
        if (_first is null)
        {
            return false;
        }

        completions.Add(_first, _last!);
        (_first, _last) = (null, null);
        return true;
    }

    void IReplies.Release() => completions.Run();

    void IReplies.ReleaseElsewhere() => completions.Schedule();

    void IReplies.Ended(Exception reason)
    {
        line.Lose(reason);
        line.ReceiverEnded.TrySetResult();
    }

    /// <summary>A request that was claimed has its reply.</summary>
    private void End(Operation operation, in Reply reply)
    {
        if (operation.IsUnheard)
        {
            operation.EndUnheard();
            return;
        }

        operation.Accept(reply);
        if (_last is null)
        {
            _first = operation;
        }
        else
        {
            _last.Next = operation;
        }

        _last = operation;
    }

    private void FreeIds()
    {
        requests.Free(_freed.AsSpan(0, _freedCount));
        _freedCount = 0;
    }
}
