using FastCache.Client.Routing;
using FastCache.Protocol;

namespace FastCache.Client.Batches;

/// <summary>Puts requests that no node has executed on the lines of the nodes that have their slots by now, and fails what was
/// lost.</summary>
/// <remarks>
/// Once all lines have sent and received what they can, a request of a line is
/// <code>
///   answered                   left alone
///   answered with Moved        repeated, as <see cref="MovedAnswer"/> says; all of one round wait for the longest pause of any
///   sent, and its line lost    failed: nobody knows whether it was executed
///   not sent, its line lost    sent, if another node has its slot by a newer topology; otherwise failed
/// </code>
/// A node of no topology that says Moved has become a member of a cluster: the reply stays, and the next batch knows the cluster.
/// </remarks>
internal sealed class BatchRepeats(BatchRoutes routes, BatchPlaces places, TimeSpan limit)
{
    private readonly List<Stray> _strays = [];
    private int _rounds;
    private long _end;

    /// <summary>Begins to count rounds and time.</summary>
    public void Begin() => (_rounds, _end) = (0, Environment.TickCount64 + (long)limit.TotalMilliseconds);

    /// <summary>Settles all lines.</summary>
    /// <returns>Why a request fails, of the first that does; null: none does.</returns>
    public CacheException? Settle()
    {
        _rounds++;
        _strays.Clear();
        CacheException? first = Collect();
        foreach (BatchLine line in routes.Lines)
        {
            line.Settle();
        }

        bool isMember = routes.HasTopology;
        Learn();
        if (!isMember)
        {
            _strays.RemoveAll(stray => stray.Answer is not null);
        }

        int pauseMillis = 0;
        foreach (Stray stray in _strays)
        {
            BatchLine line = routes.Lines[routes.LineOf(places[stray.Index].Slot)];
            if (Refuse(stray, line) is CacheException failure)
            {
                places.Fail(stray.Index, failure);
                first ??= failure;
                continue;
            }

            if (stray.Answer?.Next(routes.Epoch, line.Node == stray.Node) is MovedStep.AskAgain or MovedStep.Learn)
            {
                pauseMillis = MovedAnswer.PauseMillis(_rounds);
            }
        }

        if (pauseMillis > 0)
        {
            Thread.Sleep(pauseMillis);
        }

        return first;
    }

    private CacheException? Collect()
    {
        CacheException? first = null;
        for (int i = 0; i < places.Count; i++)
        {
            Place place = places[i];
            if (place.Line == Place.Nowhere || !routes.Lines[place.Line].IsUnsettled)
            {
                continue;
            }

            BatchLine line = routes.Lines[place.Line];
            if (line.TryGetReply(place.Number, out Reply reply))
            {
                if (reply.Status == Status.Moved)
                {
                    MovedAnswer answer = new(line.Node.Name, line.Node.EndPoint, reply.Argument, place.Slot);
                    _strays.Add(new(i, line.Node, line.FrameOf(place.Number).ToArray(), answer, null));
                }
            }
            else if (line.TryGetLoss(place.Number, out CacheException? loss))
            {
                places.Fail(i, loss);
                first ??= loss;
            }
            else
            {
                _strays.Add(new(i, line.Node, line.FrameOf(place.Number).ToArray(), null, line.NotSent()));
            }
        }

        return first;
    }

    private void Learn()
    {
        foreach (Stray stray in _strays)
        {
            if (stray.Answer is MovedAnswer answer && answer.Epoch > routes.Epoch && !routes.TryLearn(answer.EndPoint))
            {
                return; // Once a round; the next comes after a pause.
            }
        }
    }

    /// <summary>Puts a request on a line.</summary>
    /// <returns>Null, or why it is not to be sent there.</returns>
    private CacheException? Refuse(Stray stray, BatchLine line)
    {
        if (stray.Answer is not MovedAnswer answer)
        {
            if (line.Node == stray.Node || _rounds >= MovedAnswer.MostAttempts)
            {
                return stray.NotSent;
            }
        }
        else if (_rounds >= MovedAnswer.MostAttempts)
        {
            return answer.TooOften(routes.Epoch, routes.LearningFailure);
        }
        else if (Environment.TickCount64 >= _end)
        {
            return answer.TooLate(routes.Epoch, routes.LearningFailure);
        }

        try
        {
            places.Move(stray.Index, line.Number, line.AddAgain(stray.Frame));
            return null;
        }
        catch (CacheLimitException full)
        {
            return full;
        }
    }

    /// <summary>A request that no node has executed.</summary>
    /// <param name="Index">Its index in the batch.</param>
    /// <param name="Node">The node that did not.</param>
    /// <param name="Frame">Its frame.</param>
    /// <param name="Answer">What the node said; null: it was not asked.</param>
    /// <param name="NotSent">Why it was not asked.</param>
    private sealed record Stray(int Index, BatchNode Node, byte[] Frame, MovedAnswer? Answer, CacheException? NotSent);
}
