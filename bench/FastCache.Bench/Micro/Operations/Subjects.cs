using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using BitFaster.Caching.Lfu;
using BitFaster.Caching.Lru;
using BitFaster.Caching.Scheduler;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Internal;

namespace FastCache.Bench.Micro.Operations;

/// <summary>What a shard is compared with: something managed that keeps byte arrays under 16-byte keys.</summary>
/// <remarks>
/// Keys are <see cref="UInt128"/>: a value type without indirection, which is the best case of every one of them. A
/// struct per subject lets the compiler make each loop for its subject alone, so that none pays for an interface.
/// </remarks>
internal interface ISubject
{
    bool TryGet(UInt128 key, [NotNullWhen(true)] out byte[]? value);

    void Set(UInt128 key, byte[] value);

    bool Remove(UInt128 key);
}

/// <summary>Makes a subject.</summary>
/// <typeparam name="TSelf">Itself.</typeparam>
internal interface ISubject<TSelf> : ISubject
    where TSelf : struct, ISubject<TSelf>
{
    /// <param name="items">What it must hold; 0: it is to grow from nothing.</param>
    static abstract TSelf Create(int items);
}

internal readonly struct DictionarySubject(int items) : ISubject<DictionarySubject>
{
    private readonly Dictionary<UInt128, byte[]> _dictionary = new(items);

    public static DictionarySubject Create(int items) => new(items);

    public bool TryGet(UInt128 key, [NotNullWhen(true)] out byte[]? value) => _dictionary.TryGetValue(key, out value);

    public void Set(UInt128 key, byte[] value) => _dictionary[key] = value;

    public bool Remove(UInt128 key) => _dictionary.Remove(key);
}

internal readonly struct ConcurrentDictionarySubject(int items) : ISubject<ConcurrentDictionarySubject>
{
    private readonly ConcurrentDictionary<UInt128, byte[]> _dictionary =
        items == 0 ? new() : new(Environment.ProcessorCount, items);

    public static ConcurrentDictionarySubject Create(int items) => new(items);

    public bool TryGet(UInt128 key, [NotNullWhen(true)] out byte[]? value) => _dictionary.TryGetValue(key, out value);

    public void Set(UInt128 key, byte[] value) => _dictionary[key] = value;

    public bool Remove(UInt128 key) => _dictionary.TryRemove(key, out _);
}

/// <summary>Keys are objects to it, so every call makes one: that is how it is used with keys from the network.</summary>
[SuppressMessage("Design", "CA1001", Justification = "It lasts as long as the process.")]
internal readonly struct MemoryCacheSubject : ISubject<MemoryCacheSubject>
{
    private readonly MemoryCache _cache;
    private readonly Clock _clock = new();

    public MemoryCacheSubject()
    {
#pragma warning disable CS0618 // The option that replaces it is not public.
        _cache = new MemoryCache(new MemoryCacheOptions { Clock = _clock, ExpirationScanFrequency = TimeSpan.MaxValue });
#pragma warning restore CS0618
    }

    public static MemoryCacheSubject Create(int items) => new();

    public bool TryGet(UInt128 key, [NotNullWhen(true)] out byte[]? value) => _cache.TryGetValue(key, out value);

    public void Set(UInt128 key, byte[] value) => _cache.Set(key, value);

    public bool Remove(UInt128 key)
    {
        _cache.Remove(key);
        return true;
    }

    /// <summary>Stores with a time to live.</summary>
    public void Set(UInt128 key, byte[] value, TimeSpan timeToLive) => _cache.Set(key, value, _clock.UtcNow + timeToLive);

    /// <summary>Lets time pass.</summary>
    public void Advance(TimeSpan time) => _clock.UtcNow += time;

    private sealed class Clock : ISystemClock
    {
        public DateTimeOffset UtcNow { get; set; } = DateTimeOffset.FromUnixTimeMilliseconds(Shards.StartUnixMillis);
    }
}

internal readonly struct ConcurrentLruSubject(int items) : ISubject<ConcurrentLruSubject>
{
    private readonly ConcurrentLru<UInt128, byte[]> _cache =
        new(Environment.ProcessorCount, Math.Max(3, items), EqualityComparer<UInt128>.Default);

    public static ConcurrentLruSubject Create(int items) => new(items);

    public bool TryGet(UInt128 key, [NotNullWhen(true)] out byte[]? value) => _cache.TryGet(key, out value);

    public void Set(UInt128 key, byte[] value) => _cache.AddOrUpdate(key, value);

    public bool Remove(UInt128 key) => _cache.TryRemove(key);
}

/// <summary>Its upkeep runs on the calling thread, where the clock of the benchmark sees it.</summary>
internal readonly struct ConcurrentLfuSubject(int items) : ISubject<ConcurrentLfuSubject>
{
    private readonly ConcurrentLfu<UInt128, byte[]> _cache = new(
        Environment.ProcessorCount, Math.Max(3, items), new ForegroundScheduler(), EqualityComparer<UInt128>.Default);

    public static ConcurrentLfuSubject Create(int items) => new(items);

    public bool TryGet(UInt128 key, [NotNullWhen(true)] out byte[]? value) => _cache.TryGet(key, out value);

    public void Set(UInt128 key, byte[] value) => _cache.AddOrUpdate(key, value);

    public bool Remove(UInt128 key) => _cache.TryRemove(key);
}
