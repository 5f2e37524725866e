using System.Buffers.Binary;
using FastCache.Core;

namespace FastCache.Bench.Collections;

/// <summary>Fills, reads and empties collections of one kind and size.</summary>
/// <param name="shard">Where they are.</param>
/// <param name="kind">What they are.</param>
/// <param name="size">Elements of each.</param>
/// <param name="count">Collections.</param>
/// <param name="valueBytes">Bytes of values, fields and members, at least 16.</param>
internal sealed class CollectionLoad(Shard shard, CollectionKind kind, int size, int count, int valueBytes)
{
    private readonly byte[] _field = new byte[valueBytes];
    private readonly byte[] _value = new byte[valueBytes];
    private readonly byte[] _key = new byte[8];

    /// <summary>Elements of all.</summary>
    public long Elements => (long)size * count;

    /// <summary>Bytes of keys, fields, members, values and scores.</summary>
    public long PayloadBytes => (Elements * valueBytes * (kind == CollectionKind.Hash ? 2 : 1)) + ((long)_key.Length * count);

    public void Insert() => ForEach(create: true, (ref CollectionView view, int element) =>
    {
        WriteOutcome outcome = kind switch
        {
            CollectionKind.List => view.Insert(Place(element, element + 1), _value),
            CollectionKind.Hash => view.Put(Field(element), _value, out _),
            CollectionKind.Set => view.Put(Field(element), default, out _),
            _ => view.PutScore(Field(element), Place(element, size), out _),
        };
        Require(outcome == WriteOutcome.Done);
    });

    public void Find() => ForEach(create: false, (ref CollectionView view, int element) =>
        Require(kind == CollectionKind.List ? view.TryGetAt(Place(element, size), out _) : view.TryFind(Field(element), out _)));

    public void Remove() => ForEach(create: false, (ref CollectionView view, int element) =>
        Require(kind == CollectionKind.List ? view.RemoveAt(Place(element, size - element)) : view.Remove(Field(element))));

    private static void Require(bool holds)
    {
        if (!holds)
        {
            throw new InvalidOperationException("An element is missing, or the budget does not hold them all.");
        }
    }

    /// <summary>A number below <paramref name="end"/> that looks random.</summary>
    private static int Place(int element, int end) => (int)((uint)element * 0x9E3779B1u % (uint)end);

    private byte[] Field(int element)
    {
        BinaryPrimitives.WriteUInt64BigEndian(_field, (ulong)element * 0x9E3779B97F4A7C15);
        return _field;
    }

    private void ForEach(bool create, ElementWork work)
    {
        for (int collection = 0; collection < count; collection++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(_key, collection);
            CollectionAnswer answer = create
                ? shard.Collections.OpenOrCreate(_key, kind, out CollectionView view)
                : shard.Collections.Open(_key, kind, out view);
            Require(answer == CollectionAnswer.Open);
            for (int element = 0; element < size; element++)
            {
                work(ref view, element);
            }
        }
    }

    private delegate void ElementWork(ref CollectionView view, int element);
}
