namespace FastCache.LoadGen.Engine;

/// <summary>What a reply says that its request was; latencies are kept apart by it.</summary>
internal enum ReplyKind
{
    /// <summary>A read that found its key.</summary>
    Hit,

    /// <summary>A read that did not.</summary>
    Miss,

    /// <summary>A write.</summary>
    Write,
}

/// <summary>The kinds as a list.</summary>
internal static class ReplyKinds
{
    public const int Count = 3;

    public static readonly ReplyKind[] All = [ReplyKind.Hit, ReplyKind.Miss, ReplyKind.Write];

    /// <summary>Its name in reports.</summary>
    public static string Name(this ReplyKind kind) => kind switch
    {
        ReplyKind.Hit => "hit",
        ReplyKind.Miss => "miss",
        _ => "write",
    };
}
