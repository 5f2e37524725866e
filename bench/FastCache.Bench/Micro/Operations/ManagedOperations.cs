namespace FastCache.Bench.Micro.Operations;

/// <summary>The operations of <see cref="ShardOperations"/> on a managed subject.</summary>
internal static class ManagedOperations
{
    /// <summary>A subject that holds the keys numbered 0 to <paramref name="items"/> - 1.</summary>
    /// <param name="items">How many.</param>
    /// <param name="capacity">What it is made for; 0: as many.</param>
    public static TSubject Filled<TSubject>(int items, int capacity = 0)
        where TSubject : struct, ISubject<TSubject>
    {
        TSubject subject = TSubject.Create(capacity == 0 ? items : capacity);
        for (int i = 0; i < items; i++)
        {
            subject.Set(Key.Of((ulong)i), new byte[Shards.ValueBytes]);
        }

        GC.Collect();
        return subject;
    }

    /// <inheritdoc cref="ShardOperations.Hit"/>
    public static Operation Hit<TSubject>(TSubject subject, int items)
        where TSubject : struct, ISubject =>
        new ManagedLookup<TSubject>(subject, new RandomKeys(0, (uint)items), Operation.PerRun);

    /// <inheritdoc cref="ShardOperations.Miss"/>
    public static Operation Miss<TSubject>(TSubject subject, int items)
        where TSubject : struct, ISubject =>
        new ManagedLookup<TSubject>(subject, new RandomKeys((ulong)items, (uint)items), 0);

    /// <inheritdoc cref="ShardOperations.Replace"/>
    public static Operation Replace<TSubject>(TSubject subject, int items)
        where TSubject : struct, ISubject =>
        new ManagedStore<TSubject, RandomKeys>(subject, new RandomKeys(0, (uint)items));

    /// <inheritdoc cref="ShardOperations.Evict"/>
    public static Operation Evict<TSubject>(TSubject subject, ulong firstKey)
        where TSubject : struct, ISubject => new ManagedStore<TSubject, FreshKeys>(subject, new FreshKeys(firstKey));
}

/// <summary>Looks keys up and copies the values out.</summary>
internal sealed class ManagedLookup<TSubject>(TSubject subject, RandomKeys keys, int expected) : Operation
    where TSubject : struct, ISubject
{
    private readonly byte[] _target = new byte[BatchSize * Shards.ItemBytes];
    private RandomKeys _keys = keys;

    public override int Expected => expected;

    public override int Run()
    {
        int found = 0;
        RandomKeys next = _keys;
        for (int i = 0; i < PerRun; i++)
        {
            if (subject.TryGet(next.Next(), out byte[]? value))
            {
                value.CopyTo(_target, i % BatchSize * Shards.ItemBytes);
                found++;
            }
        }

        _keys = next;
        return found;
    }
}

/// <summary>Stores a new array for every key: whoever keeps bytes must own them.</summary>
internal sealed class ManagedStore<TSubject, TKeys>(TSubject subject, TKeys keys) : Operation
    where TSubject : struct, ISubject
    where TKeys : struct, IKeys
{
    private readonly byte[] _value = new byte[Shards.ValueBytes];
    private TKeys _keys = keys;

    public override int Run()
    {
        TKeys next = _keys;
        for (int i = 0; i < PerRun; i++)
        {
            subject.Set(next.Next(), _value.AsSpan().ToArray());
        }

        _keys = next;
        return PerRun;
    }
}

/// <inheritdoc cref="DeleteAndStore"/>
internal sealed class ManagedDeleteAndStore<TSubject>(TSubject subject, int items) : Operation
    where TSubject : struct, ISubject
{
    private readonly byte[] _value = new byte[Shards.ValueBytes];
    private StridingKeys _keys = new((uint)items);

    public override int Run()
    {
        int removed = 0;
        for (int i = 0; i < PerRun; i++)
        {
            UInt128 key = _keys.Next();
            removed += subject.Remove(key) ? 1 : 0;
            subject.Set(key, _value.AsSpan().ToArray());
        }

        return removed;
    }
}

/// <inheritdoc cref="StoreAndExpire"/>
internal sealed class MemoryCacheStoreAndExpire(MemoryCacheSubject subject, ulong firstKey) : Operation
{
    private static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(1);

    private readonly byte[] _value = new byte[Shards.ValueBytes];
    private readonly UInt128[] _batch = new UInt128[BatchSize];
    private FreshKeys _keys = new(firstKey);

    public override int Run()
    {
        int expired = 0;
        for (int done = 0; done < PerRun; done += BatchSize)
        {
            foreach (ref UInt128 key in _batch.AsSpan())
            {
                key = _keys.Next();
                subject.Set(key, _value.AsSpan().ToArray(), TimeToLive);
            }

            subject.Advance(TimeToLive);
            foreach (UInt128 key in _batch)
            {
                expired += subject.TryGet(key, out _) ? 0 : 1;
            }
        }

        return expired;
    }
}

/// <inheritdoc cref="Grow"/>
internal sealed class ManagedGrow<TSubject>(int items) : Operation
    where TSubject : struct, ISubject<TSubject>
{
    private readonly byte[] _value = new byte[Shards.ValueBytes];
    private TSubject _subject;

    public override int Count => items / BatchSize * BatchSize;

    public override void Reset()
    {
        _subject = TSubject.Create(0);
        GC.Collect();
    }

    public override int Run()
    {
        FreshKeys keys = new(0);
        for (int i = 0; i < Count; i++)
        {
            _subject.Set(keys.Next(), _value.AsSpan().ToArray());
        }

        return Count;
    }
}
