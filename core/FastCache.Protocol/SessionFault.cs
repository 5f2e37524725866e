namespace FastCache.Protocol;

/// <summary>The texts of errors that no single frame shows: they depend on what came before, or on the node.</summary>
public static class SessionFault
{
    /// <summary>Text for <see cref="Status.HandshakeRequired"/>: the first frame is something else than a
    /// hello.</summary>
    public const string HandshakeRequired = "the first frame of a connection must be Hello (opcode 0x01)";

    /// <summary>Text for <see cref="Status.Malformed"/>: a second hello.</summary>
    public const string RepeatedHello = "Hello is allowed only as the first frame of a connection";

    /// <summary>Text for <see cref="Status.ShuttingDown"/>.</summary>
    public const string ShuttingDown = "the node is shutting down; use another one";

    /// <summary>Text for <see cref="Status.OutOfMemory"/>.</summary>
    public const string OutOfMemory = "the shard has no memory that it may take for this item";

    /// <summary>Text for <see cref="Status.OutOfMemory"/>: a frame that is to go to another shard, or its reply.</summary>
    public const string NoMemoryBetweenShards =
        "the node has no memory now to hand this request to the shard that owns the key; connect to that shard";

    /// <summary>Text for <see cref="Status.NotANumber"/>.</summary>
    public const string NotANumber = "the value is not a decimal number of this kind in at most 20 digits";

    /// <summary>Text for <see cref="Status.Overflow"/>.</summary>
    public const string Overflow = "the counter would leave -2^63 to 2^63 - 1; it was not changed";

    /// <summary>Text for <see cref="Status.VersionOutOfRange"/>.</summary>
    public const string VersionOutOfRange = "the version is from before 2020 or from more than an hour ahead";

    /// <summary>Text for <see cref="Status.NoSuchStream"/>.</summary>
    public const string NoSuchStream = "no stream of this kind is open under the id in the argument";

    /// <summary>Text for <see cref="Status.StreamIdInUse"/>.</summary>
    public const string StreamIdInUse = "a stream is open under this id; use another one";

    /// <summary>Text for <see cref="Status.StreamIncomplete"/>.</summary>
    public const string StreamIncomplete = "bytes of the announced length are missing; send them, or SetAbort";

    /// <summary>Text for <see cref="Status.StreamTimedOut"/>.</summary>
    public const string StreamTimedOut = "the stream waited too long for a piece, its commit or credit (--stream-timeout) and was ended";

    /// <summary>Text for <see cref="Status.RangeOutOfValue"/>, of a piece.</summary>
    public const string PieceOutOfValue = "the piece goes beyond the announced length; the stream is aborted";

    /// <summary>Text for <see cref="Status.TooManyOpen"/>, of the node.</summary>
    public const string TooManyOpen = "as many streams are open on the node as its memory allows";

    /// <summary>Text for <see cref="Status.FeatureNotAgreed"/>, of a Track.</summary>
    public const string PushNotAgreed = "Track needs the feature Push (bit 1), which the Hello did not ask for";

    /// <summary>Text for <see cref="Status.ValueTooLarge"/>. Allocates: keep the result.</summary>
    public static string ValueTooLarge(in ProtocolLimits limits) =>
        $"the value is larger than {limits.MaxValueBytes} bytes, the most that this node takes in one request; a stream takes more";
}
