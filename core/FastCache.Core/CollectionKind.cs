namespace FastCache.Core;

/// <summary>What a collection is.</summary>
public enum CollectionKind : byte
{
    /// <summary>No collection: a plain value, or nothing.</summary>
    None,

    /// <summary>Elements in an order that their writer gives them.</summary>
    List,

    /// <summary>A value for each field.</summary>
    Hash,

    /// <summary>Members, each once.</summary>
    Set,

    /// <summary>Members, each once, in the order of their scores.</summary>
    SortedSet,
}
