using System.Net;
using FastCache.Protocol;

namespace FastCache.Client.Routing;

/// <summary>What a client does about a <see cref="MovedAnswer"/>.</summary>
internal enum MovedStep
{
    /// <summary>It learns the topology from that node first.</summary>
    Learn,

    /// <summary>It asks the node that has the slot, at once.</summary>
    AskOther,

    /// <summary>It asks the same node again, after a pause.</summary>
    AskAgain,
}

/// <summary>A node's answer that a slot is not its own, and what follows from it.</summary>
/// <remarks>
/// <code>
///   the epoch of the answer              the step
///   higher than ours                     Learn
///   ours or a lower one, and by ours
///     the slot is another node's         AskOther
///     the slot is this node's            AskAgain: with a lower epoch the node is late; with the same its topology has
///                                        other content
/// </code>
/// Pauses grow from 1 to 256 ms. A request that was moved for the 16th time, about two seconds of pauses later, fails.
/// </remarks>
/// <param name="Node">Name of the node.</param>
/// <param name="EndPoint">Where it is.</param>
/// <param name="Epoch">The epoch by which it said so.</param>
/// <param name="Slot">The slot.</param>
internal readonly record struct MovedAnswer(string Node, EndPoint EndPoint, uint Epoch, int Slot)
{
    /// <summary>How often a request is moved at most.</summary>
    public const int MostAttempts = 16;

    /// <summary>The longest pause.</summary>
    public const int LongestPauseMillis = 1 << LongestPauseExponent;

    private const int LongestPauseExponent = 8;

    /// <summary>The pause after an answer.</summary>
    /// <param name="attempts">How often the request was moved, from 1.</param>
    public static int PauseMillis(int attempts) => 1 << Math.Min(attempts - 1, LongestPauseExponent);

    /// <summary>What to do.</summary>
    /// <param name="ownEpoch">The client's epoch.</param>
    /// <param name="isOwner">Whether by that epoch the slot is this node's.</param>
    public MovedStep Next(uint ownEpoch, bool isOwner) =>
        Epoch > ownEpoch ? MovedStep.Learn : isOwner ? MovedStep.AskAgain : MovedStep.AskOther;

    /// <summary>How a request ends that was moved too often.</summary>
    /// <inheritdoc cref="Explain"/>
    public CacheRequestException TooOften(uint ownEpoch, Exception? learningFailure) =>
        new(Status.Moved, $"{Explain(ownEpoch, learningFailure)}, after {MostAttempts} attempts.");

    /// <summary>How a request ends whose time is over.</summary>
    /// <inheritdoc cref="Explain"/>
    public CacheTimeoutException TooLate(uint ownEpoch, Exception? learningFailure) => TooLate(Explain(ownEpoch, learningFailure));

    /// <summary>How a request ends whose time is over.</summary>
    /// <param name="why">What it was held up by.</param>
    public static CacheTimeoutException TooLate(string why) => new($"No node has executed it in time: {why}", false);

    /// <summary>Says what the two do not agree on.</summary>
    /// <param name="ownEpoch">The client's epoch.</param>
    /// <param name="learningFailure">Why the client could not learn a topology, if it could not.</param>
    public string Explain(uint ownEpoch, Exception? learningFailure)
    {
        string difference = Epoch > ownEpoch
            ? $"could not learn it: {learningFailure?.Message ?? "it was not there in time"}"
            : Epoch == ownEpoch
                ? "has another topology of the same epoch: load one with a higher epoch everywhere"
                : "has a newer one";
        return $"node {Node} at {EndPoint} says by epoch {Epoch} that slot {Slot} is not its own; this client, at epoch {ownEpoch}, {difference}";
    }
}
