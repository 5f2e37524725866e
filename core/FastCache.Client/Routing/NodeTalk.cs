using System.Net;
using System.Net.Sockets;
using FastCache.Client.Connections;
using FastCache.Protocol;

namespace FastCache.Client.Routing;

/// <summary>Asks a node what it knows of itself and of its cluster, on a connection for that alone.</summary>
internal static class NodeTalk
{
    /// <summary>Failures that are the node's, not this program's.</summary>
    public static bool IsFailure(Exception failure) => failure is SocketException or CacheException or OperationCanceledException;

    /// <summary>What to say of such a failure.</summary>
    public static string ReasonOf(Exception failure) =>
        failure is OperationCanceledException ? "no answer in time" : failure.Message;

    /// <summary>Asks for the node's shards and for the topology of its cluster.</summary>
    /// <returns>The topology is null if the node is no member of a cluster.</returns>
    /// <exception cref="SocketException">Nobody answers there.</exception>
    /// <exception cref="CacheException">The node refused, or is none.</exception>
    /// <exception cref="OperationCanceledException">It did not answer in time.</exception>
    public static Task<(NodeLayout Layout, KnownTopology? Topology)> AskAllAsync(
        EndPoint endPoint, FastCacheClientOptions options, CancellationToken cancellationToken) =>
        AskAsync(
            endPoint,
            options,
            async (socket, limit) =>
            {
                NodeLayout layout = await AskLayoutAsync(socket, limit).ConfigureAwait(false);
                return (layout, await AskTopologyAsync(socket, null, limit).ConfigureAwait(false));
            },
            cancellationToken);

    /// <summary>Asks for the node's shards.</summary>
    /// <inheritdoc cref="AskAllAsync"/>
    public static Task<NodeLayout> AskLayoutAsync(
        EndPoint endPoint, FastCacheClientOptions options, CancellationToken cancellationToken) =>
        AskAsync(endPoint, options, AskLayoutAsync, cancellationToken);

    /// <summary>Asks nodes for their shards, all at the same time.</summary>
    /// <returns>Null for those that do not answer.</returns>
    /// <inheritdoc cref="AskAllAsync"/>
    public static async Task<NodeLayout?[]> AskLayoutsAsync(
        IEnumerable<EndPoint> endPoints, FastCacheClientOptions options, CancellationToken cancellationToken)
    {
        Task<NodeLayout>[] layouts = [.. endPoints.Select(endPoint => AskLayoutAsync(endPoint, options, cancellationToken))];
        await ((Task)Task.WhenAll(layouts)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (layouts.Length > 0 && !layouts.Any(layout => layout.IsCompletedSuccessfully))
        {
            // All have failed: the first one's reason stands for the others'.
            await layouts[0].ConfigureAwait(false);
        }

        return [.. layouts.Select(layout => layout.IsCompletedSuccessfully ? layout.Result : null)];
    }

    /// <summary>Asks for a topology that is newer than the known one.</summary>
    /// <returns>Null if the node has none.</returns>
    /// <inheritdoc cref="AskAllAsync"/>
    public static Task<KnownTopology?> AskTopologyAsync(
        EndPoint endPoint, KnownTopology? known, FastCacheClientOptions options, CancellationToken cancellationToken) =>
        AskAsync(endPoint, options, (socket, limit) => AskTopologyAsync(socket, known, limit), cancellationToken);

    /// <summary>Which node to ask about the others: one that is connected, if there is any.</summary>
    /// <param name="connected">Those that are.</param>
    /// <param name="others">All addresses that are known.</param>
    public static EndPoint OneOf(IEnumerable<EndPoint> connected, IEnumerable<EndPoint> others)
    {
        EndPoint[] candidates = [.. connected];
        if (candidates.Length == 0)
        {
            candidates = [.. others];
        }

        return candidates[Random.Shared.Next(candidates.Length)];
    }

    private static async Task<T> AskAsync<T>(
        EndPoint endPoint,
        FastCacheClientOptions options,
        Func<Socket, CancellationToken, Task<T>> ask,
        CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.ConnectTimeout);
        (Socket socket, _) = await Handshake.ConnectAsync(endPoint, 0, limit.Token).ConfigureAwait(false);
        using (socket)
        {
            return await ask(socket, limit.Token).ConfigureAwait(false);
        }
    }

    private static async Task<NodeLayout> AskLayoutAsync(Socket socket, CancellationToken cancellationToken)
    {
        Answer answer = await Handshake.AskAsync(
            socket, frame => RequestWriter.Topology(frame, 1), Opcode.Topology, cancellationToken).ConfigureAwait(false);
        return NodeLayout.Read(answer.Body);
    }

    private static async Task<KnownTopology?> AskTopologyAsync(
        Socket socket, KnownTopology? known, CancellationToken cancellationToken)
    {
        TopologyPieces pieces = new(known);
        while (true)
        {
            try
            {
                Answer answer = await Handshake.AskAsync(
                    socket, frame => RequestWriter.Cluster(frame, 2, pieces.Offset), Opcode.Cluster, cancellationToken)
                    .ConfigureAwait(false);
                if (pieces.Take(answer))
                {
                    return pieces.Result;
                }
            }
            catch (CacheRequestException refused) when (refused.Status == Status.NotFound)
            {
                return null;
            }
            catch (CacheRequestException refused) when (refused.Status == Status.RangeOutOfValue)
            {
                pieces.BeginAnew();
            }
        }
    }
}
