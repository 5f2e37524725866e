namespace FastCache.Protocol;

/// <summary>The texts of errors that no single frame shows: they depend on what came before, or on the node.</summary>
public static class SessionFault
{
    /// <summary>Text for <see cref="Status.HandshakeRequired"/>: the first frame is something else than a
    /// hello.</summary>
    public const string HandshakeRequired = "the first frame of a connection must be Hello (opcode 0x01)";

    /// <summary>Text for <see cref="Status.Malformed"/>: a second hello.</summary>
    public const string RepeatedHello = "Hello is allowed only as the first frame of a connection";

    /// <summary>Text for <see cref="Status.Malformed"/>: a hello that wants a shard that is not there.</summary>
    public static string NoSuchShard(int wish, int count) =>
        $"shard of Hello is {wish}; allowed are 0 (any) and 1 to {count}, the shards of this node";

    /// <summary>Text for <see cref="Status.ShuttingDown"/>.</summary>
    public const string ShuttingDown = "the node is shutting down; use another one";

    /// <summary>Text for <see cref="Status.OutOfMemory"/>.</summary>
    public const string OutOfMemory = "the shard has no memory that it may take for this item";

    /// <summary>Text for <see cref="Status.OutOfMemory"/>: a frame that is to go to another shard, or its reply.</summary>
    public const string NoMemoryBetweenShards =
        "the node has no memory now to hand this request to the shard that owns the key; connect to that shard";

    /// <summary>Text for <see cref="Status.ValueTooLarge"/>. Allocates: keep the result.</summary>
    public static string ValueTooLarge(in ProtocolLimits limits) =>
        $"the value is larger than {limits.MaxValueBytes} bytes, the most that this node stores";
}
