using FastCache.Node.Sessions;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Subscriptions;

/// <summary>Which sessions of one shard have subscribed to what, and how a message comes to them.</summary>
internal sealed class SubscriptionTable
{
    /// <summary>Longest name of a channel.</summary>
    public const int MostNameBytes = 1_024;

    /// <summary>Longest pattern: every message to a channel is compared with all.</summary>
    public const int MostPatternBytes = 512;

    /// <summary>Most different patterns of a shard.</summary>
    public const int MostPatterns = 1_024;

    /// <summary>Most bytes that the channels of one kind take of one connection: what an UNSUBSCRIBE from all of them answers.</summary>
    public const int MostConnectionBytes = RequestExecutor.MaxValueBytes;

    /// <summary>What a channel takes of that beside its name.</summary>
    private const int ReplyBytes = 64;

    /// <summary>What a subscription takes of the shard's memory beside the name: places in three sets.</summary>
    private const int SubscriptionBytes = 512;

    private const int MemoryShare = 8;

    private readonly DoorShard _shard;
    private readonly long _mostBytes;
    private readonly Dictionary<byte[], Channel>[] _channels =
        [.. Enum.GetValues<ChannelKind>().Select(_ => new Dictionary<byte[], Channel>(ByName.Comparer))];

    private long _bytes;

    public SubscriptionTable(DoorShard shard)
    {
        _shard = shard;
        _mostBytes = shard.Options.ConnectionMemoryBytes / shard.Options.Shards / MemoryShare;
    }

    /// <summary>Whether nobody has subscribed to anything.</summary>
    public bool IsEmpty => _bytes == 0;

    /// <summary>Subscribes a session; once more than once is as once.</summary>
    /// <returns>Empty, or why not.</returns>
    public ReadOnlySpan<byte> TrySubscribe(Session session, ChannelKind kind, ReadOnlySpan<byte> name)
    {
        if (name.Length > (kind == ChannelKind.Pattern ? MostPatternBytes : MostNameBytes))
        {
            return "ERR the name of a channel has at most 1024 bytes here, and a pattern 512"u8;
        }

        RespTalk talk = (RespTalk)session.Talk!;
        TalkSubscriptions own = talk.Subscriptions ?? new TalkSubscriptions();
        Dictionary<byte[], Channel> channels = _channels[(int)kind];
        bool isThere = channels.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out Channel? channel);
        if (isThere && own.Of(kind).Contains(channel!))
        {
            return default;
        }

        if (!isThere && kind == ChannelKind.Pattern && channels.Count == MostPatterns)
        {
            return "ERR a shard of this node takes at most 1024 different patterns"u8;
        }

        if (own.BytesOf(kind) + ReplyBytes + name.Length > MostConnectionBytes)
        {
            return "ERR too many subscriptions of one connection: their names, with 64 bytes for each, take at most 1 MiB"u8;
        }

        if (_bytes + SubscriptionBytes + name.Length > _mostBytes)
        {
            return "ERR too many subscriptions: their names, with 512 bytes for each, take at most an eighth of --connection-memory"u8;
        }

        if (!isThere)
        {
            channel = new Channel(name.ToArray());
            channels.Add(channel.Name, channel);
        }

        talk.Subscriptions = own;
        own.Of(kind).Add(channel!);
        own.BytesOf(kind) += ReplyBytes + name.Length;
        _bytes += SubscriptionBytes + name.Length;
        channel!.Sessions.Add(session);
        session.IsListening = true;
        _shard.Channels.Add(_shard.Topology.Shard, kind, channel.Name);
        return default;
    }

    /// <summary>Ends a subscription, if it is there.</summary>
    public void Unsubscribe(Session session, ChannelKind kind, ReadOnlySpan<byte> name)
    {
        if (((RespTalk)session.Talk!).Subscriptions is TalkSubscriptions own
            && _channels[(int)kind].GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out Channel? channel)
            && own.Of(kind).Contains(channel))
        {
            Remove(session, own, kind, channel);
        }
    }

    /// <summary>Ends all subscriptions of a session.</summary>
    public void Leave(Session session)
    {
        if (((RespTalk)session.Talk!).Subscriptions is not TalkSubscriptions own)
        {
            return;
        }

        foreach (ChannelKind kind in Enum.GetValues<ChannelKind>())
        {
            foreach (Channel channel in own.Of(kind))
            {
                // Removing is what may be done to a set while it is gone through.
                Remove(session, own, kind, channel);
            }
        }
    }

    /// <summary>Pushes a message to those of this shard who have subscribed to its channel.</summary>
    /// <param name="isOfSlot">Whether it is a slot's channel.</param>
    /// <param name="channel">Its name, at most <see cref="MostNameBytes"/>.</param>
    /// <param name="message">At most <see cref="RequestExecutor.MaxValueBytes"/>.</param>
    /// <param name="scratch">Room for a frame with the message, its channel, a pattern and some 100 bytes; it is overwritten.</param>
    /// <returns>To how many; twice to who has subscribed to a channel and to a pattern.</returns>
    public int Publish(bool isOfSlot, ReadOnlySpan<byte> channel, ReadOnlySpan<byte> message, Span<byte> scratch)
    {
        int receivers = 0;
        ChannelKind kind = isOfSlot ? ChannelKind.OfSlot : ChannelKind.Plain;
        if (_channels[(int)kind].GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(channel, out Channel? own))
        {
            RespReplyWriter frame = new(scratch, isVersion3: true);
            frame.WritePush(3);
            frame.WriteBulk(isOfSlot ? "smessage"u8 : "message"u8);
            frame.WriteBulk(channel);
            frame.WriteBulk(message);
            receivers += Push(own, scratch[..frame.Length]);
        }

        if (isOfSlot || _channels[(int)ChannelKind.Pattern].Count == 0)
        {
            return receivers;
        }

        foreach (Channel pattern in _channels[(int)ChannelKind.Pattern].Values)
        {
            if (RespPattern.Matches(pattern.Name, channel))
            {
                RespReplyWriter frame = new(scratch, isVersion3: true);
                frame.WritePush(4);
                frame.WriteBulk("pmessage"u8);
                frame.WriteBulk(pattern.Name);
                frame.WriteBulk(channel);
                frame.WriteBulk(message);
                receivers += Push(pattern, scratch[..frame.Length]);
            }
        }

        return receivers;
    }

    private int Push(Channel channel, Span<byte> frame)
    {
        foreach (Session session in channel.Sessions)
        {
            // A push is an array to those who do not know pushes.
            frame[0] = ((RespTalk)session.Talk!).IsVersion3 ? (byte)'>' : (byte)'*';
            _shard.Pushes.Add(session, frame);
        }

        return channel.Sessions.Count;
    }

    private void Remove(Session session, TalkSubscriptions own, ChannelKind kind, Channel channel)
    {
        own.Of(kind).Remove(channel);
        own.BytesOf(kind) -= ReplyBytes + channel.Name.Length;
        _bytes -= SubscriptionBytes + channel.Name.Length;
        channel.Sessions.Remove(session);
        if (channel.Sessions.Count == 0)
        {
            _channels[(int)kind].Remove(channel.Name);
        }

        _shard.Channels.Remove(_shard.Topology.Shard, kind, channel.Name);
        session.IsListening = !own.IsEmpty;
    }
}
