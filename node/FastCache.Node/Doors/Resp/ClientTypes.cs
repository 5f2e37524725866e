using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>What CLIENT KILL and CLIENT LIST tell connections apart by.</summary>
internal enum ClientType : byte
{
    Any,
    Normal,
    Subscriber,
    Replica,
}

/// <summary>The types in Redis's words.</summary>
internal static class ClientTypes
{
    /// <summary>What a connection is.</summary>
    public static ClientType Of(RespTalk talk) => talk.Subscriptions is { IsEmpty: false } ? ClientType.Subscriber : ClientType.Normal;

    /// <summary>Whether a connection is of a type.</summary>
    public static bool IsOf(this RespTalk talk, ClientType type) => type == ClientType.Any || Of(talk) == type;

    /// <summary>Reads a word; no connection here is a master or a replica.</summary>
    public static bool TryParse(ReadOnlySpan<byte> word, out ClientType type)
    {
        type = RespWord.Is(word, "normal"u8) ? ClientType.Normal
            : RespWord.Is(word, "pubsub"u8) ? ClientType.Subscriber
            : RespWord.Is(word, "master"u8) || RespWord.Is(word, "replica"u8) || RespWord.Is(word, "slave"u8) ? ClientType.Replica
            : ClientType.Any;
        return type != ClientType.Any;
    }
}
