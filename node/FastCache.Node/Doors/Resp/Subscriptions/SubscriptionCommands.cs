using FastCache.Node.Sessions;
using FastCache.Protocol;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Subscriptions;

/// <summary>Subscribing to channels, and publishing to them.</summary>
internal sealed class SubscriptionCommands(DoorShard shard, SubscriptionTable table)
{
    private const string Group = "pubsub";
    private const CommandFlags Flags = CommandFlags.PubSub | CommandFlags.Loading | CommandFlags.Stale;
    private const CommandFlags Subscribing = Flags | CommandFlags.NoScript;

    /// <summary>Most bytes around an element of PUBSUB's replies, with a number behind it.</summary>
    private const int ElementBytes = 48;

    public IEnumerable<Command> Commands =>
    [
        Changing("subscribe", -2, ChannelKind.Plain, Subscribe, "Subscribes to channels."),
        Changing("unsubscribe", -1, ChannelKind.Plain, Unsubscribe, "Ends subscriptions to channels, or to all."),
        Changing("psubscribe", -2, ChannelKind.Pattern, Subscribe, "Subscribes to all channels whose names fit a pattern."),
        Changing("punsubscribe", -1, ChannelKind.Pattern, Unsubscribe, "Ends subscriptions to patterns, or to all."),
        Changing("ssubscribe", -2, ChannelKind.OfSlot, Subscribe, "Subscribes to channels that belong to the nodes with their slots."),
        Changing("sunsubscribe", -1, ChannelKind.OfSlot, Unsubscribe, "Ends subscriptions to such channels, or to all."),
        new("publish", 3, Flags | CommandFlags.Fast, KeyPlaces.None, Publish, Group,
            "Sends a message to all who have subscribed to a channel on this node.", Spread.EachShard, Join.Sum),
        new("spublish", 3, Flags | CommandFlags.Fast, KeyPlaces.None, PublishToSlot, Group,
            "Sends a message to all who have subscribed to a slot's channel.", Spread.EachShard, Join.Sum),
        Containers.Of("pubsub", Group, "Tells of subscriptions.",
        [
            new("pubsub|channels", -2, Flags, KeyPlaces.None, Names, Group, "Returns the channels that are subscribed to.")
            {
                Arguments = "[<pattern>]",
            },
            new("pubsub|numsub", -2, Flags, KeyPlaces.None, Counts, Group, "Counts who has subscribed to channels.")
            {
                Arguments = "[<channel> ...]",
            },
            new("pubsub|numpat", 2, Flags, KeyPlaces.None, CountPatterns, Group, "Counts the patterns that are subscribed to."),
            new("pubsub|shardchannels", -2, Flags, KeyPlaces.None, NamesOfSlots, Group, "Does for slots' channels what CHANNELS does.")
            {
                Arguments = "[<pattern>]",
            },
            new("pubsub|shardnumsub", -2, Flags, KeyPlaces.None, CountsOfSlots, Group, "Does for slots' channels what NUMSUB does.")
            {
                Arguments = "[<channel> ...]",
            },
        ]),
    ];

    private static Command Changing(string name, int arity, ChannelKind kind, ChangingHandler run, string summary) =>
        new(name, arity, Subscribing, KeyPlaces.None, (scoped Call call, ref RespReplyWriter reply) => run(kind, call, ref reply), Group, summary,
            Spread.EachArgument)
        {
            IsForSubscribers = true,
            ChangesTalk = true,
        };

    private void Subscribe(ChannelKind kind, scoped Call call, ref RespReplyWriter reply)
    {
        ReadOnlySpan<byte> name = call.KeyBytes;
        if (kind == ChannelKind.OfSlot && IsElsewhere(name, ref reply))
        {
            return;
        }

        ReadOnlySpan<byte> refusal = table.TrySubscribe(call.Session!, kind, name);
        if (refusal.IsEmpty)
        {
            Confirm(Word(kind, isEnd: false), name, call.Talk.Subscriptions!.CountWith(kind), ref reply);
        }
        else
        {
            reply.WriteError(refusal);
        }
    }

    private void Unsubscribe(ChannelKind kind, scoped Call call, ref RespReplyWriter reply)
    {
        ReadOnlySpan<byte> word = Word(kind, isEnd: true);
        TalkSubscriptions? own = call.Talk.Subscriptions;
        if (call.Count > 1)
        {
            table.Unsubscribe(call.Session!, kind, call.KeyBytes);
            Confirm(word, call.KeyBytes, own?.CountWith(kind) ?? 0, ref reply);
            return;
        }

        if (own is null || own.Of(kind).Count == 0)
        {
            reply.WritePush(3);
            reply.WriteBulk(word);
            reply.WriteNull();
            reply.WriteInteger(own?.CountWith(kind) ?? 0);
            return;
        }

        foreach (Channel channel in own.Of(kind))
        {
            table.Unsubscribe(call.Session!, kind, channel.Name);
            Confirm(word, channel.Name, own.CountWith(kind), ref reply);
        }
    }

    private void Publish(scoped Call call, ref RespReplyWriter reply) => Publish(isOfSlot: false, call, ref reply);

    private void PublishToSlot(scoped Call call, ref RespReplyWriter reply)
    {
        if (!IsElsewhere(call[1], ref reply))
        {
            Publish(isOfSlot: true, call, ref reply);
        }
    }

    private void Publish(bool isOfSlot, scoped Call call, ref RespReplyWriter reply)
    {
        if (call[2].Length > shard.Limits.MaxValueBytes)
        {
            RespErrors.WriteTooLong(ref reply);
            return;
        }

        // Nobody has subscribed to a channel with a longer name, and a longer one fits no pattern but by its stars.
        int receivers = table.IsEmpty || call[1].Length > SubscriptionTable.MostNameBytes
            ? 0
            : table.Publish(isOfSlot, call[1], call[2], reply.Rest);
        reply.WriteInteger(receivers);
    }

    private void Names(scoped Call call, ref RespReplyWriter reply) => Names(ChannelKind.Plain, call, ref reply);

    private void NamesOfSlots(scoped Call call, ref RespReplyWriter reply) => Names(ChannelKind.OfSlot, call, ref reply);

    private void Names(ChannelKind kind, scoped Call call, ref RespReplyWriter reply)
    {
        if (call.Count > 3)
        {
            Line line = new(stackalloc byte[200]);
            line.Add("ERR unknown subcommand or wrong number of arguments for '"u8);
            line.AddShown(call[1], 128);
            line.Add("'. Try PUBSUB HELP."u8);
            reply.WriteError(line.Text);
            return;
        }

        if (call.Count == 3 && call[2].Length > SubscriptionTable.MostPatternBytes)
        {
            reply.WriteError("ERR a pattern of channels has at most 512 bytes here"u8);
            return;
        }

        List<byte[]> found = [];
        long bytes = 0;
        foreach (byte[] name in shard.Channels.Names(kind))
        {
            if (call.Count == 2 || RespPattern.Matches(call[2], name))
            {
                found.Add(name);
                bytes += ElementBytes + name.Length;
            }
        }

        if (bytes > RequestExecutor.MaxValueBytes)
        {
            reply.WriteError("ERR there are more channels than a reply has room for; ask for those that fit a pattern"u8);
            return;
        }

        reply.WriteArray(found.Count);
        foreach (byte[] name in found)
        {
            reply.WriteBulk(name);
        }
    }

    private void Counts(scoped Call call, ref RespReplyWriter reply) => Counts(ChannelKind.Plain, call, ref reply);

    private void CountsOfSlots(scoped Call call, ref RespReplyWriter reply) => Counts(ChannelKind.OfSlot, call, ref reply);

    private void Counts(ChannelKind kind, scoped Call call, ref RespReplyWriter reply)
    {
        long bytes = 0;
        for (int i = 2; i < call.Count; i++)
        {
            bytes += ElementBytes + call[i].Length;
        }

        if (bytes > RequestExecutor.MaxValueBytes)
        {
            reply.WriteError("ERR more channels are asked for than a reply has room for"u8);
            return;
        }

        reply.WriteArray(2 * (call.Count - 2));
        for (int i = 2; i < call.Count; i++)
        {
            reply.WriteBulk(call[i]);
            reply.WriteInteger(shard.Channels.Count(kind, call[i]));
        }
    }

    private void CountPatterns(scoped Call call, ref RespReplyWriter reply) =>
        reply.WriteInteger(shard.Channels.CountNames(ChannelKind.Pattern));

    private bool IsElsewhere(scoped ReadOnlySpan<byte> name, ref RespReplyWriter reply)
    {
        int slot = shard.Topology.Slots is null ? 0 : KeySlot.Of(name);
        if (shard.Topology.Slots is not { } slots || slots.Serves(slot, isForCopy: false))
        {
            return false;
        }

        shard.Counters.Moved++;
        RespErrors.WriteMoved(slot, slots, shard.Doors.RespPortDistance, ref reply);
        return true;
    }

    private static void Confirm(scoped ReadOnlySpan<byte> word, scoped ReadOnlySpan<byte> name, int count, ref RespReplyWriter reply)
    {
        reply.WritePush(3);
        reply.WriteBulk(word);
        reply.WriteBulk(name);
        reply.WriteInteger(count);
    }

    private static ReadOnlySpan<byte> Word(ChannelKind kind, bool isEnd) => (kind, isEnd) switch
    {
        (ChannelKind.Plain, false) => "subscribe"u8,
        (ChannelKind.Plain, true) => "unsubscribe"u8,
        (ChannelKind.Pattern, false) => "psubscribe"u8,
        (ChannelKind.Pattern, true) => "punsubscribe"u8,
        (ChannelKind.OfSlot, false) => "ssubscribe"u8,
        _ => "sunsubscribe"u8,
    };

    private delegate void ChangingHandler(ChannelKind kind, scoped Call call, ref RespReplyWriter reply);
}
