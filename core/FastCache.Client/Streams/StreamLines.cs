using System.Net.Sockets;
using System.Text;
using FastCache.Client.Connections;
using FastCache.Client.Operations;
using FastCache.Client.Replicas;
using FastCache.Client.Routing;
using FastCache.Protocol;

namespace FastCache.Client.Streams;

/// <summary>The connections of a client's streams: opens each at the shard that has the key.</summary>
internal sealed class StreamLines(Router router) : IDisposable
{
    private readonly HashSet<StreamLine> _open = [];
    private volatile bool _isClosed;

    /// <summary>Writes the frame that opens a stream under <see cref="StreamLine.StreamId"/>.</summary>
    public delegate int Write(Span<byte> frame);

    public FastCacheClientOptions Options => router.Options;

    /// <summary>What is done with the copies of written keys; null: there are none.</summary>
    public CopyTraffic? Copies => router.Copies;

    /// <summary>An error of the node as its exception.</summary>
    public static CacheRequestException Refused(in StreamFrame frame) => new(frame.Status, Encoding.UTF8.GetString(frame.Value.Span));

    /// <summary>Opens a stream; where its key is now, if a node says that it is elsewhere, as other requests do.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="write">Writes the frame that opens it.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <returns>The line, to be disposed, and what the node answered: an Ok, or a condition that was not met.</returns>
    /// <exception cref="CacheException">There is no connection, a limit is reached, or the node refused.</exception>
    public async Task<(StreamLine Line, StreamFrame Opening)> OpenAsync(
        ReadOnlyMemory<byte> key, Write write, CancellationToken cancellationToken)
    {
        StreamLine line = NewLine();
        try
        {
            long outageEnd = Environment.TickCount64 + (long)Options.OutageWait.TotalMilliseconds;
            int? shard = null; // As a node has named it.
            for (int attempt = 1; ; attempt++)
            {
                ShardAddress address = router.Routes.ForWrite(key.Span, out _).Address;
                try
                {
                    await ConnectAsync(line, address, shard ?? address.Shard, cancellationToken).ConfigureAwait(false);
                    StreamFrame opening = await AskAsync(line, write, cancellationToken).ConfigureAwait(false);
                    if (!opening.Status.IsError())
                    {
                        return (line, opening);
                    }

                    if (attempt >= MovedAnswer.MostAttempts || opening.Status is not (Status.Moved or Status.WrongShard))
                    {
                        throw Refused(opening);
                    }

                    shard = opening.Status == Status.WrongShard ? (int)opening.Argument : null;
                    Learn(opening, address);
                }
                catch (CacheConnectionException) when (!_isClosed && Environment.TickCount64 < outageEnd)
                {
                    shard = null;
                }
                catch (CacheRequestException refused) when (refused.Status == Status.WrongShard && attempt < MovedAnswer.MostAttempts)
                {
                    shard = null; // The node has other shards now; the connections for requests learn them.
                }

                await Task.Delay(MovedAnswer.PauseMillis(attempt), cancellationToken).ConfigureAwait(false);
            }
        }
        catch
        {
            line.Dispose();
            throw;
        }
    }

    /// <summary>Opens a stream that reads.</summary>
    /// <returns>Null if the key is not there.</returns>
    public async Task<CacheValueStream?> ReadAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken)
    {
        (StreamLine line, StreamFrame opening) = await OpenAsync(
            key, frame => RequestWriter.GetStream(frame, StreamLine.StreamId, key.Span, CacheValueStream.WindowBytes), cancellationToken)
            .ConfigureAwait(false);
        if (opening is { Opcode: Opcode.GetStream, Status: Status.Ok, Value.Length: ReplyBody.NumberBytes }
            && (long)ReplyBody.Number(opening.Value.Span) is >= 0 and long length)
        {
            return new(line, opening.Version, length);
        }

        line.Dispose();
        return opening.Status == Status.NotFound
            ? null
            : throw new CacheConnectionException($"The opening of a stream makes no sense: {opening}.", mayHaveExecuted: false);
    }

    /// <summary>A node does not have the slot of a key any more: learns who has.</summary>
    public void Learn(in StreamFrame moved, ReadOnlyMemory<byte> key) => Learn(moved, router.Routes.ForWrite(key.Span, out _).Address);

    /// <summary>A line was disposed.</summary>
    public void Ended(StreamLine line)
    {
        lock (_open)
        {
            _open.Remove(line);
        }
    }

    /// <summary>Fails all that are open.</summary>
    public void Dispose()
    {
        lock (_open)
        {
            _isClosed = true;
            foreach (StreamLine line in _open)
            {
                line.Abort();
            }
        }
    }

    private StreamLine NewLine()
    {
        lock (_open)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(FastCacheClient));
            if (_open.Count >= Options.MaxStreams)
            {
                throw new CacheLimitException($"{Options.MaxStreams} values are being streamed, as many as MaxStreams allows.");
            }

            StreamLine line = new(this);
            _open.Add(line);
            return line;
        }
    }

    private async Task ConnectAsync(StreamLine line, ShardAddress address, int shard, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Options.ConnectTimeout);
        try
        {
            (Socket socket, _) = await Handshake.ConnectAsync(address.EndPoint, shard + 1, limit.Token).ConfigureAwait(false);
            line.Use(address, socket);
        }
        catch (SocketException failure)
        {
            throw new CacheConnectionException($"Cannot connect to {address}: {failure.Message}", mayHaveExecuted: false, failure);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CacheTimeoutException($"{address} did not answer within {Options.ConnectTimeout.TotalSeconds} s.", mayHaveExecuted: false);
        }

        if (_isClosed)
        {
            throw new CacheConnectionException("The client was closed.", mayHaveExecuted: false);
        }
    }

    private static async Task<StreamFrame> AskAsync(StreamLine line, Write write, CancellationToken cancellationToken)
    {
        byte[] frame = new byte[FcpLimits.MaxSetOverheadBytes + sizeof(ulong) + FcpLimits.MaxKeyBytes];
        int length = write(frame);
        await line.SendAsync(frame.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
        return await line.ReceiveAsync(cancellationToken).ConfigureAwait(false);
    }

    private void Learn(in StreamFrame refusal, ShardAddress from)
    {
        if (refusal.Status == Status.Moved && refusal.Argument > router.Routes.Epoch)
        {
            router.Learning.Learn(from.EndPoint);
        }
    }
}
