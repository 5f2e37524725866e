using System.Net;

namespace FastCache.Client.Connections;

/// <summary>One shard of one node.</summary>
/// <param name="EndPoint">Where the node listens.</param>
/// <param name="Shard">Number of the shard, from 0; -1: any of them.</param>
/// <param name="ShardCount">How many the node has.</param>
internal sealed record ShardAddress(EndPoint EndPoint, int Shard, int ShardCount)
{
    public override string ToString() => Shard < 0 || ShardCount == 1 ? $"{EndPoint}" : $"shard {Shard} of {EndPoint}";
}
