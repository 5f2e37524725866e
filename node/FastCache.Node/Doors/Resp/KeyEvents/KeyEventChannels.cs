using FastCache.Node.Doors.Resp.Subscriptions;

namespace FastCache.Node.Doors.Resp.KeyEvents;

/// <summary>Publishes what happens to the keys of a shard on the channels of keys and of events, to the subscribers of all shards.</summary>
internal sealed class KeyEventChannels(DoorShard shard, SubscriptionTable table, ShardNotices notices)
{
    private const int MaxKeyBytes = 256;
    private const int MaxNameBytes = 64;
    private const int MaxFrameBytes = 2_048;

    private static ReadOnlySpan<byte> OfKey => "__keyspace@0__:"u8;

    private static ReadOnlySpan<byte> OfEvent => "__keyevent@0__:"u8;

    /// <summary>Tells that something has happened to a key, to those who want to know.</summary>
    public void Tell(ReadOnlySpan<byte> key, KeyEvent what)
    {
        EventClasses classes = shard.Events.Classes;
        if ((classes & what.Class) == 0 || (classes & (EventClasses.ByKey | EventClasses.ByEvent)) == 0)
        {
            return;
        }

        Publish(key, what.Name, classes);
        if (shard.Foreign is null)
        {
            return;
        }

        Span<byte> contents = stackalloc byte[1 + MaxNameBytes + MaxKeyBytes];
        contents[0] = (byte)what.Name.Length;
        what.Name.CopyTo(contents[1..]);
        key.CopyTo(contents[(1 + what.Name.Length)..]);
        for (int to = 0; to < shard.Topology.ShardCount; to++)
        {
            if (to != shard.Topology.Shard && shard.Channels.IsAnyOf(to))
            {
                // More than may wait are lost, as messages to nobody are.
                notices.TrySend(to, NoticeKind.KeyEvent, contents[..(1 + what.Name.Length + key.Length)]);
            }
        }
    }

    /// <summary>Takes what the <see cref="Tell"/> of another shard has sent.</summary>
    public void Take(ReadOnlySpan<byte> contents) =>
        Publish(contents[(1 + contents[0])..], contents.Slice(1, contents[0]), shard.Events.Classes);

    private void Publish(ReadOnlySpan<byte> key, ReadOnlySpan<byte> name, EventClasses classes)
    {
        if (table.IsEmpty)
        {
            return;
        }

        Span<byte> scratch = stackalloc byte[MaxFrameBytes];
        Span<byte> channel = stackalloc byte[OfKey.Length + MaxKeyBytes];
        if ((classes & EventClasses.ByKey) != 0)
        {
            OfKey.CopyTo(channel);
            key.CopyTo(channel[OfKey.Length..]);
            table.Publish(isOfSlot: false, channel[..(OfKey.Length + key.Length)], name, scratch);
        }

        if ((classes & EventClasses.ByEvent) != 0)
        {
            OfEvent.CopyTo(channel);
            name.CopyTo(channel[OfEvent.Length..]);
            table.Publish(isOfSlot: false, channel[..(OfEvent.Length + name.Length)], key, scratch);
        }
    }
}
