namespace FastCache.Core;

/// <summary>Limits of collections.</summary>
public static class CollectionView
{
    /// <summary>Longest element of a list and value of a hash's field, in bytes.</summary>
    public const int MaxValueBytes = 256 << 10;
}
