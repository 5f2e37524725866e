namespace FastCache.Client;

/// <summary>What a batched set stores under one key.</summary>
/// <param name="Key">1 to 250 bytes.</param>
/// <param name="Value">Its value.</param>
public readonly record struct CacheEntry(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value);
