using FastCache.Core;

namespace FastCache.Bench.Micro.Operations;

/// <summary>How a shard is called.</summary>
public enum Calls
{
    /// <summary>One key after another.</summary>
    OneByOne,

    /// <summary>In batches of <see cref="Operation.BatchSize"/>: Prepare, Probe, ProbeOverflow, the operation, EndBatch.</summary>
    Batched,
}

/// <summary>The operations on a shard that somebody else made and disposes of.</summary>
internal static unsafe class ShardOperations
{
    /// <summary>Lookups of keys that are there; the values are copied out.</summary>
    /// <param name="shard">Holds the keys numbered 0 to <paramref name="items"/> - 1.</param>
    /// <param name="items">How many.</param>
    /// <param name="calls">How.</param>
    public static Operation Hit(Shard shard, int items, Calls calls) =>
        Repeat(shard, new RandomKeys(0, (uint)items), batch => new CopyOut(batch.Target), calls);

    /// <summary>Lookups of keys that were never stored.</summary>
    /// <inheritdoc cref="Hit"/>
    public static Operation Miss(Shard shard, int items, Calls calls) =>
        Repeat(shard, new RandomKeys((ulong)items, (uint)items), batch => new CopyOut(batch.Target), calls, 0);

    /// <summary>New values of the same size for keys that are there.</summary>
    /// <inheritdoc cref="Hit"/>
    public static Operation Replace(Shard shard, int items, Calls calls) =>
        Repeat(shard, new RandomKeys(0, (uint)items), batch => new Store(batch.Value), calls);

    /// <summary>New keys in a full shard: each evicts an item.</summary>
    /// <param name="shard">A full one.</param>
    /// <param name="firstKey">No key from this number on was ever stored.</param>
    /// <param name="calls">How.</param>
    public static Operation Evict(Shard shard, ulong firstKey, Calls calls) =>
        Repeat(shard, new FreshKeys(firstKey), batch => new Store(batch.Value), calls);

    private static ShardOperation<TKeys, TAction> Repeat<TKeys, TAction>(
        Shard shard, TKeys keys, Func<ShardBatch, TAction> actionOn, Calls calls, int expected = Operation.PerRun)
        where TKeys : struct, IKeys
        where TAction : struct, IShardAction => new(shard, keys, actionOn, calls, expected);
}

/// <summary>One action on one key after another.</summary>
internal sealed class ShardOperation<TKeys, TAction> : Operation
    where TKeys : struct, IKeys
    where TAction : struct, IShardAction
{
    private readonly Shard _shard;
    private readonly Calls _calls;
    private readonly ShardBatch _batch = new();
    private readonly TAction _action;
    private TKeys _keys;

    public ShardOperation(Shard shard, TKeys keys, Func<ShardBatch, TAction> actionOn, Calls calls, int expected)
    {
        Expected = expected;
        _shard = shard;
        _keys = keys;
        _calls = calls;
        _action = actionOn(_batch);
    }

    public override int Expected { get; }

    public override int Run()
    {
        int succeeded = 0;
        for (int done = 0; done < PerRun; done += BatchSize)
        {
            _batch.Draw(ref _keys);
            succeeded += _calls == Calls.Batched ? _batch.Batched(_shard, _action) : _batch.OneByOne(_shard, _action);
        }

        return succeeded;
    }

    public override void Dispose()
    {
        _batch.Dispose();
        base.Dispose();
    }
}

/// <summary>Removes keys and stores them again; one operation is both.</summary>
/// <param name="shard">Holds the keys numbered 0 to <paramref name="items"/> - 1.</param>
/// <param name="items">How many.</param>
/// <param name="calls">How.</param>
internal sealed unsafe class DeleteAndStore(Shard shard, int items, Calls calls) : Operation
{
    private readonly ShardBatch _batch = new();
    private StridingKeys _keys = new((uint)items);

    public override int Run()
    {
        int succeeded = 0;
        Store store = new(_batch.Value);
        for (int done = 0; done < PerRun; done += BatchSize)
        {
            _batch.Draw(ref _keys);
            if (calls == Calls.Batched)
            {
                succeeded += Math.Min(_batch.Batched(shard, default(Delete)), _batch.Batched(shard, store));
            }
            else
            {
                succeeded += Math.Min(_batch.OneByOne(shard, default(Delete)), _batch.OneByOne(shard, store));
            }
        }

        return succeeded;
    }

    public override void Dispose()
    {
        _batch.Dispose();
        base.Dispose();
    }
}

/// <summary>Stores keys with a time to live, lets it pass, and looks them up in vain; one operation is all of it.</summary>
/// <param name="shard">Has room for <see cref="Operation.BatchSize"/> keys more than it holds.</param>
/// <param name="firstKey">No key from this number on was ever stored.</param>
/// <param name="calls">How.</param>
internal sealed unsafe class StoreAndExpire(Shard shard, ulong firstKey, Calls calls) : Operation
{
    private const ulong TimeToLiveMillis = 1000;

    private readonly ShardBatch _batch = new();
    private FreshKeys _keys = new(firstKey);
    private long _now = Shards.StartUnixMillis;

    public override int Run()
    {
        int expired = 0;
        Store store = new(_batch.Value, TimeToLiveMillis);
        CopyOut copy = new(_batch.Target);
        for (int done = 0; done < PerRun; done += BatchSize)
        {
            _batch.Draw(ref _keys);
            int stored = calls == Calls.Batched ? _batch.Batched(shard, store) : _batch.OneByOne(shard, store);
            _now += (long)TimeToLiveMillis;
            shard.Advance(_now, _now);
            int found = calls == Calls.Batched ? _batch.Batched(shard, copy) : _batch.OneByOne(shard, copy);
            expired += stored - found;
        }

        return expired;
    }

    public override void Dispose()
    {
        _batch.Dispose();
        base.Dispose();
    }
}

/// <summary>Fills an empty shard, whose index grows all the while.</summary>
/// <param name="items">Keys to store in one run.</param>
/// <param name="calls">How.</param>
internal sealed unsafe class Grow(int items, Calls calls) : Operation
{
    private readonly ShardBatch _batch = new();
    private Shard? _shard;

    public override int Count => items / BatchSize * BatchSize;

    public override void Reset()
    {
        _shard?.Dispose();
        _shard = Shards.Empty(items);
    }

    public override int Run()
    {
        Shard shard = _shard!;
        int stored = 0;
        FreshKeys keys = new(0);
        Store store = new(_batch.Value);
        for (int done = 0; done < Count; done += BatchSize)
        {
            _batch.Draw(ref keys);
            stored += calls == Calls.Batched ? _batch.Batched(shard, store) : _batch.OneByOne(shard, store);
        }

        return stored;
    }

    public override void Dispose()
    {
        _shard?.Dispose();
        _batch.Dispose();
        base.Dispose();
    }
}
