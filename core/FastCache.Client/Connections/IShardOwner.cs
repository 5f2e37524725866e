using FastCache.Client.Operations;
using FastCache.Client.Replicas;

namespace FastCache.Client.Connections;

/// <summary>Is told by a connection of what is not for the connection to decide.</summary>
internal interface IShardOwner
{
    /// <summary>Whether requests keep their frames until they are answered, so that another node can be asked.</summary>
    bool KeepsFrames { get; }

    /// <summary>What is done with copies; null while no slot has any.</summary>
    CopyTraffic? Copies { get; }

    /// <summary>The node has another number of shards than the connection was told.</summary>
    void OtherShards();

    /// <summary>The connection was lost.</summary>
    void Lost();

    /// <summary>The node says that it does not have the slot of a request, and did not execute it.</summary>
    /// <param name="operation">The request.</param>
    /// <param name="ticket">What claims it.</param>
    /// <param name="epoch">The topology by which the node says so.</param>
    /// <returns>Whether the request was taken over; otherwise its caller is told.</returns>
    bool TryTakeMoved(Operation operation, int ticket, uint epoch);

    /// <summary>Takes a request over that was not sent.</summary>
    /// <param name="operation">The request.</param>
    /// <param name="ticket">What claims it.</param>
    /// <param name="frame">Its frame.</param>
    void TakeUnsent(Operation operation, int ticket, byte[] frame);
}
