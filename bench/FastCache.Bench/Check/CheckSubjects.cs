using FastCache.Bench.Micro.Operations;
using FastCache.Core;

namespace FastCache.Bench.Check;

/// <summary>What the comparisons of <c>check</c> run on; each is built when first asked for, and shared.</summary>
internal sealed class CheckSubjects(int items) : IDisposable
{
    /// <summary>Keys from this number on are stored nowhere; the operations that need fresh keys start at multiples of it.</summary>
    private const ulong FreshKeys = 1UL << 40;

    private readonly List<IDisposable> _owned = [];
    private readonly Dictionary<string, Operation> _doors = [];
    private Shard? _filled;
    private Shard? _full;
    private ulong _nextKeyOfFull;
    private BareLoop? _bareLoop;
    private ConcurrentDictionarySubject? _concurrentDictionary;

    public int Items => items;

    /// <summary>Holds the keys numbered 0 to <see cref="Items"/> - 1.</summary>
    public Shard Filled => _filled ??= Own(Shards.Filled(items));

    /// <summary>A loop over as many slots.</summary>
    public Operation BareLoop => _bareLoop ??= Own(new BareLoop(items));

    /// <summary>Holds the same keys.</summary>
    public ConcurrentDictionarySubject ConcurrentDictionary =>
        _concurrentDictionary ??= ManagedOperations.Filled<ConcurrentDictionarySubject>(items);

    /// <summary>Keys of a range of their own that no shard holds.</summary>
    public static ulong FreshKeysOf(int range) => (ulong)range * FreshKeys;

    /// <summary>New keys in a shard that is full.</summary>
    public Operation Evict(Calls calls)
    {
        _full ??= Own(Shards.Full(items, out _nextKeyOfFull));
        return ShardOperations.Evict(_full, _nextKeyOfFull + FreshKeysOf(1 + (int)calls), calls);
    }

    /// <summary>The standard workload by one of the protocols, see <see cref="DoorRequests"/>.</summary>
    public Operation Door(string requests)
    {
        if (!_doors.TryGetValue(requests, out Operation? door))
        {
            door = _doors[requests] = Own(new DoorRequests(requests, items));
        }

        return door;
    }

    public void Dispose()
    {
        foreach (IDisposable owned in _owned)
        {
            owned.Dispose();
        }
    }

    private T Own<T>(T subject)
        where T : IDisposable
    {
        _owned.Add(subject);
        return subject;
    }
}
