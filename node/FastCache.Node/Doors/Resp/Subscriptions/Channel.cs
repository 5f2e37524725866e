using FastCache.Node.Sessions;

namespace FastCache.Node.Doors.Resp.Subscriptions;

/// <summary>What a name stands for that connections subscribe to.</summary>
internal enum ChannelKind
{
    /// <summary>SUBSCRIBE and PUBLISH.</summary>
    Plain,

    /// <summary>PSUBSCRIBE: all plain channels whose names fit it.</summary>
    Pattern,

    /// <summary>SSUBSCRIBE and SPUBLISH: a channel that belongs to the node with its slot.</summary>
    OfSlot,
}

/// <summary>Who of one shard has subscribed to a channel or a pattern.</summary>
/// <param name="name">Its name.</param>
internal sealed class Channel(byte[] name)
{
    public byte[] Name => name;

    public HashSet<Session> Sessions { get; } = [];
}

/// <summary>The channels and patterns of one connection.</summary>
internal sealed class TalkSubscriptions
{
    private readonly HashSet<Channel>[] _channels = [.. Enum.GetValues<ChannelKind>().Select(_ => new HashSet<Channel>())];
    private readonly int[] _bytes = new int[Enum.GetValues<ChannelKind>().Length];

    /// <summary>Those of a kind.</summary>
    public HashSet<Channel> Of(ChannelKind kind) => _channels[(int)kind];

    /// <summary>What those of a kind take of <see cref="SubscriptionTable.MostConnectionBytes"/>.</summary>
    public ref int BytesOf(ChannelKind kind) => ref _bytes[(int)kind];

    /// <summary>The number that a reply tells: of channels and patterns together, of slots' channels by themselves.</summary>
    public int CountWith(ChannelKind kind) => kind == ChannelKind.OfSlot
        ? Of(kind).Count
        : Of(ChannelKind.Plain).Count + Of(ChannelKind.Pattern).Count;

    /// <summary>Whether there are none at all.</summary>
    public bool IsEmpty => CountWith(ChannelKind.Plain) + CountWith(ChannelKind.OfSlot) == 0;
}
