using FastCache.Core;

namespace FastCache.Node.Doors.Resp;

/// <summary>What Redis calls the kinds of values.</summary>
internal static class TypeNames
{
    /// <summary>The answer of TYPE for a key that is there.</summary>
    public static ReadOnlySpan<byte> Of(CollectionKind kind) => kind switch
    {
        CollectionKind.None => "string"u8,
        CollectionKind.List => "list"u8,
        CollectionKind.Hash => "hash"u8,
        CollectionKind.Set => "set"u8,
        _ => "zset"u8,
    };

    /// <summary>How Redis would store a collection that is in trees here.</summary>
    public static ReadOnlySpan<byte> LargeFormOf(CollectionKind kind) => kind switch
    {
        CollectionKind.List => "quicklist"u8,
        CollectionKind.SortedSet => "skiplist"u8,
        _ => "hashtable"u8,
    };
}
