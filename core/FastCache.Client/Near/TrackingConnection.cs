using System.Buffers.Binary;
using System.Net.Sockets;
using FastCache.Client.Connections;
using FastCache.Client.Operations;
using FastCache.Client.Telemetry;
using FastCache.Protocol;

namespace FastCache.Client.Near;

/// <summary>Brings the changes of one shard to its feed: one socket after another, on which nothing is asked but whether it is
/// still there.</summary>
/// <remarks>
/// Being another connection than the one that the client writes on, it is told of the client's own changes as well. Every ping
/// carries the time at which it was sent, and brings it back.
/// </remarks>
internal sealed class TrackingConnection : IReplies, IAsyncDisposable
{
    private const int PingsPerStaleness = 3;

    // So long without an answer is the end of a connection, in times of the longest staleness: entries survive a shorter
    // stillness, as they are not served meanwhile and changes come in order.
    private const int PatiencePerStaleness = 3;
    private const int PingBytes = sizeof(long);

    private readonly ShardAddress _address;
    private readonly ChangeFeed _feed;
    private readonly FastCacheClientOptions _options;
    private readonly ClientLog _log;
    private readonly LogThrottle _drops = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _life;
    private TaskCompletionSource<Exception> _ended = new();
    private long _trackedAt;
    private long _lastAnswer;

    /// <summary>Begins to connect, again and again until it is disposed.</summary>
    public TrackingConnection(ShardAddress address, ChangeFeed feed, FastCacheClientOptions options, ClientLog log)
    {
        _address = address;
        _feed = feed;
        _options = options;
        _log = log;
        _life = Task.Run(LiveAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        await _life.ConfigureAwait(false);
        _closing.Dispose();
    }

    Exception? IReplies.Take(in Reply reply)
    {
        if (reply.Status.IsError())
        {
            return Refusal.Of(reply);
        }

        switch (reply.Opcode)
        {
            case Opcode.Invalidate when reply.Argument == 0:
                LogDrop(_feed.Drop(), "the node says that anything may have changed");
                return null;
            case Opcode.Invalidate:
                return TryTakeKeys(reply.Body, reply.Argument) ? null : Nonsense(reply);
            case Opcode.Track:
                _feed.Begin(_trackedAt);
                return null;
            case Opcode.Ping when reply.Body.Length == PingBytes:
                _feed.Confirm(BinaryPrimitives.ReadInt64LittleEndian(reply.Body));
                Volatile.Write(ref _lastAnswer, Environment.TickCount64);
                return null;
            default:
                return Nonsense(reply);
        }
    }

    bool IReplies.EndOfInput() => false;

    void IReplies.Release()
    {
    }

    void IReplies.ReleaseElsewhere()
    {
    }

    void IReplies.Ended(Exception reason)
    {
        // At once: whatever is kept until the loop below has its turn would be served without being told of.
        bool isDropped = _feed.End();
        _ended.TrySetResult(reason);
        LogDrop(isDropped, reason.Message);
    }

    private void LogDrop(bool isDropped, string reason)
    {
        if (isDropped && !_closing.IsCancellationRequested && _drops.TryTakeOneMore(out long drops))
        {
            _log.NearDropped(_address, reason, drops);
        }
    }

    private static InvalidDataException Nonsense(in Reply reply) =>
        new($"a {reply.Opcode} frame with argument {reply.Argument} and {reply.Body.Length} bytes makes no sense");

    private bool TryTakeKeys(ReadOnlySpan<byte> keys, uint count)
    {
        if (!KeyList.Has(keys, count))
        {
            return false;
        }

        while (KeyList.TryRead(ref keys, out ReadOnlySpan<byte> key))
        {
            _feed.Change(key);
        }

        return true;
    }

    private async Task LiveAsync()
    {
        Backoff backoff = new(_options.MaxReconnectPause);
        while (!_closing.IsCancellationRequested)
        {
            try
            {
                using Socket socket = await ConnectAsync().ConfigureAwait(false);
                if (await ServeAsync(socket).ConfigureAwait(false))
                {
                    backoff = new(_options.MaxReconnectPause);
                }
            }
            catch (Exception failure) when (failure is SocketException or CacheException or OperationCanceledException)
            {
                // Nothing is served of this shard until it works again; requests find out by themselves what is wrong.
            }

            await Task.Delay(backoff.Next(), _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<Socket> ConnectAsync()
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
        limit.CancelAfter(_options.ConnectTimeout);
        (Socket socket, HelloReply hello) = await Handshake.ConnectAsync(
            _address.EndPoint, _address.Shard + 1, limit.Token, Features.Push).ConfigureAwait(false);
        if (hello.ShardCount == _address.ShardCount && (hello.Features & (uint)Features.Push) != 0)
        {
            return socket;
        }

        Line.Close(socket);
        throw new CacheConnectionException($"{_address} has other shards, or does not tell of changes.", mayHaveExecuted: false);
    }

    /// <summary>Asks to be told, and goes on asking whether the node is there, until the connection is lost or closed.</summary>
    /// <returns>Whether it was told anything.</returns>
    private async Task<bool> ServeAsync(Socket socket)
    {
        byte[] frame = new byte[FcpLimits.HeaderBytes + PingBytes];
        byte[] time = new byte[PingBytes];
        TimeSpan patience = _options.NearCacheMaxStaleness * PatiencePerStaleness;
        TimeSpan period = _options.NearCacheMaxStaleness / PingsPerStaleness;
        _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        long started = Environment.TickCount64;
        _trackedAt = started;
        _lastAnswer = started;
        new SocketReceiver(socket, this).Start();
        try
        {
            await SendAsync(RequestWriter.Track(frame, 0, on: true)).ConfigureAwait(false);
            while (!_closing.IsCancellationRequested)
            {
                await Task.WhenAny(_ended.Task, Task.Delay(period, _closing.Token)).ConfigureAwait(false);
                long now = Environment.TickCount64;
                if (_ended.Task.IsCompleted || now - Volatile.Read(ref _lastAnswer) > patience.TotalMilliseconds)
                {
                    break;
                }

                BinaryPrimitives.WriteInt64LittleEndian(time, now);
                await SendAsync(RequestWriter.Ping(frame, 0, time)).ConfigureAwait(false);
            }
        }
        finally
        {
            LogDrop(_feed.End(), "the node does not answer");
            Line.Close(socket);
            await _ended.Task.ConfigureAwait(false);
        }

        return _lastAnswer != started;

        async Task SendAsync(int length)
        {
            for (int sent = 0; sent < length;)
            {
                sent += await socket.SendAsync(frame.AsMemory(sent, length - sent), _closing.Token).ConfigureAwait(false);
            }
        }
    }
}
