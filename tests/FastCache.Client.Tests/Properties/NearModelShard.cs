using System.Diagnostics.CodeAnalysis;
using System.Net;
using FastCache.Client.Connections;
using FastCache.Client.Near;

namespace FastCache.Client.Tests.Properties;

/// <summary>A value that says where and what it is.</summary>
internal sealed record NearModelValue(int Shard, int Key, long Version)
{
    public static NearModelValue Read(ReadOnlySpan<byte> bytes) => new(bytes[0], bytes[1], BitConverter.ToInt64(bytes[2..]));

    public byte[] Bytes() => [(byte)Shard, (byte)Key, .. BitConverter.GetBytes(Version)];
}

/// <summary>A write of the client with the near cache.</summary>
internal sealed class NearOwnWrite
{
    /// <summary>What it made; larger than any version until it was executed.</summary>
    public long Version { get; set; }

    /// <summary>Whether its caller has its result.</summary>
    public bool IsEnded { get; set; }

    public Action<long> Execute { get; set; } = _ => { };
}

/// <summary>A read with its ticket, or a write.</summary>
internal sealed record NearModelRequest(int Key, NearTicket Ticket, NearOwnWrite? Write);

/// <summary>One shard of a node, the connections to it, and all that was ever in it.</summary>
internal sealed class NearModelShard(int number)
{
    private const int MaxConnections = 2;

    private readonly Queue<NearModelRequest>[] _requests = [.. Enumerable.Range(0, MaxConnections).Select(_ => new Queue<NearModelRequest>())];
    private readonly Queue<(NearModelRequest, NearModelValue?)>[] _replies = [.. Enumerable.Range(0, MaxConnections).Select(_ => new Queue<(NearModelRequest, NearModelValue?)>())];
    private readonly List<(int Key, long Version, long Time, bool IsDelete)> _history = [];
    private readonly Dictionary<int, long> _told = [];

    // The tracking connection: questions on their way to the node, and what comes back.
    private readonly Queue<long> _questions = new();
    private readonly Queue<Message> _messages = new();
    private ChangeFeed? _feed;
    private bool _isTracking;
    private bool _hasForgotten;

    /// <summary>Whether the client has a feed that is on.</summary>
    public bool IsTold { get; private set; }

    /// <summary>Whether nothing arrives on the tracking connection, at either end.</summary>
    public bool IsHalted { get; set; }

    public static ShardAddress AddressOf(int number) => new(new IPEndPoint(IPAddress.Loopback, 1), number, 3);

    public IAsyncDisposable Connect(ChangeFeed feed)
    {
        _feed = feed;
        return new Source(this, feed);
    }

    /// <summary>Executes a write, and pushes it.</summary>
    public void Write(int key, long version, long now, bool isDelete)
    {
        _history.Add((key, version, now, isDelete));
        if (!_isTracking)
        {
            return;
        }

        if (!_hasForgotten)
        {
            _messages.Enqueue(new(MessageKind.Push, version, key));
        }
    }

    /// <summary>Pushes are too many for a while: the node says once that anything may have changed.</summary>
    public void ForgetPushes()
    {
        if (_isTracking && !_hasForgotten)
        {
            _hasForgotten = true;
        }
        else if (_hasForgotten)
        {
            EndForgetting();
        }
    }

    public void Send(int connection, NearModelRequest request) => _requests[connection].Enqueue(request);

    /// <summary>Executes the next request of some connection.</summary>
    public void Execute(Random random, long now)
    {
        int connection = random.Next(MaxConnections);
        if (!_requests[connection].TryDequeue(out NearModelRequest? request))
        {
            return;
        }

        request.Write?.Execute(now);
        int last = _history.FindLastIndex(change => change.Key == request.Key);
        bool isFound = request.Write is null && last >= 0 && !_history[last].IsDelete;
        _replies[connection].Enqueue((request, isFound ? new(number, request.Key, _history[last].Version) : null));
    }

    public bool TryTakeReply(Random random, [NotNullWhen(true)] out NearModelRequest? request, out NearModelValue? value)
    {
        bool isTaken = _replies[random.Next(MaxConnections)].TryDequeue(out (NearModelRequest Request, NearModelValue? Value) reply);
        (request, value) = reply;
        return isTaken;
    }

    /// <summary>The client asks, at first to be told, then whether the shard is there.</summary>
    public void Ask(long now)
    {
        if (_feed is not null)
        {
            _questions.Enqueue(now);
        }
    }

    /// <summary>Something arrives on the tracking connection, at the node or at the client.</summary>
    public void HearTracker(Random random)
    {
        if (IsHalted)
        {
            return;
        }

        if (random.Next(2) == 0 && _questions.TryDequeue(out long askedAt))
        {
            EndForgetting();
            _messages.Enqueue(new(_isTracking ? MessageKind.Answer : MessageKind.Begun, askedAt, _history.Count));
            _isTracking = true;
        }
        else if (_messages.TryDequeue(out Message message))
        {
            Hear(message);
        }
    }

    /// <summary>The tracking connection is lost, with all that is on it.</summary>
    public void LoseTracker()
    {
        _questions.Clear();
        _messages.Clear();
        (_isTracking, _hasForgotten, IsTold) = (false, false, false);
        _feed?.End();
    }

    /// <summary>The version that the client has been told of, at least.</summary>
    public long Told(int key) => _told.GetValueOrDefault(key);

    /// <summary>When a value was changed; the end of time if it was not.</summary>
    public long SupersededAt(NearModelValue value)
    {
        int next = _history.FindIndex(change => change.Key == value.Key && change.Version > value.Version);
        return next < 0 ? long.MaxValue : _history[next].Time;
    }

    private void EndForgetting()
    {
        if (_hasForgotten)
        {
            _hasForgotten = false;
            _messages.Enqueue(new(MessageKind.Drop, 0, _history.Count));
        }
    }

    private void Hear(Message message)
    {
        ChangeFeed feed = _feed!;
        switch (message.Kind)
        {
            case MessageKind.Push:
                feed.Change([(byte)(message.Detail + 1)]);
                _told[message.Detail] = Math.Max(Told(message.Detail), message.Number);
                break;
            case MessageKind.Answer:
                feed.Confirm(message.Number);
                break;
            case MessageKind.Begun:
                feed.Begin(message.Number);
                IsTold = true;
                HearAll(message.Detail);
                break;
            default:
                feed.Drop();
                HearAll(message.Detail);
                break;
        }
    }

    /// <summary>All that had happened until then counts as told.</summary>
    private void HearAll(int historyLength)
    {
        foreach ((int key, long version, _, _) in _history.Take(historyLength))
        {
            _told[key] = Math.Max(Told(key), version);
        }
    }

    private enum MessageKind
    {
        Push,
        Answer,
        Begun,
        Drop,
    }

    /// <param name="Kind">What it is.</param>
    /// <param name="Number">The version that was pushed, or when was asked.</param>
    /// <param name="Detail">The key that was pushed, or how much had happened.</param>
    private readonly record struct Message(MessageKind Kind, long Number, int Detail);

    private sealed class Source(NearModelShard shard, ChangeFeed feed) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            if (shard._feed == feed)
            {
                shard.LoseTracker();
                shard._feed = null;
            }

            return ValueTask.CompletedTask;
        }
    }
}
