using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastCache.Core;

namespace FastCache.Bench.Micro.Operations;

/// <summary>What is done with one key, alone or as part of a batch.</summary>
internal interface IShardAction
{
    /// <param name="shard">The shard.</param>
    /// <param name="key">The key, prepared.</param>
    /// <param name="place">Its place in the batch.</param>
    bool Apply(Shard shard, scoped in LookupKey key, int place);

    /// <inheritdoc cref="Apply(Shard, in LookupKey, int)"/>
    bool Apply(Shard shard, ReadOnlySpan<byte> key, int place);
}

/// <summary>A lookup whose value is copied out, to the place that a reply would have.</summary>
internal readonly unsafe struct CopyOut(byte* target) : IShardAction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Apply(Shard shard, scoped in LookupKey key, int place) =>
        shard.TryGet(key, out ItemView item) && Copy(item, place);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Apply(Shard shard, ReadOnlySpan<byte> key, int place) =>
        shard.TryGet(key, out ItemView item) && Copy(item, place);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Copy(ItemView item, int place)
    {
        item.Value.CopyTo(new Span<byte>(target + (place * Shards.ItemBytes), Shards.ItemBytes));
        return true;
    }
}

/// <summary>A write of a value that comes from one place.</summary>
internal readonly unsafe struct Store(byte* value, ulong timeToLiveMillis = 0) : IShardAction
{
    private readonly SetOptions _options = new(TimeToLiveMillis: timeToLiveMillis);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Apply(Shard shard, scoped in LookupKey key, int place) =>
        shard.Set(key, new ReadOnlySpan<byte>(value, Shards.ValueBytes), _options, out _) == WriteOutcome.Done;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Apply(Shard shard, ReadOnlySpan<byte> key, int place) =>
        shard.Set(key, new ReadOnlySpan<byte>(value, Shards.ValueBytes), _options, out _) == WriteOutcome.Done;
}

/// <summary>A removal.</summary>
internal readonly struct Delete : IShardAction
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Apply(Shard shard, scoped in LookupKey key, int place) => shard.Delete(key) == WriteOutcome.Done;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Apply(Shard shard, ReadOnlySpan<byte> key, int place) => shard.Delete(key) == WriteOutcome.Done;
}

/// <summary>Runs actions over the keys of a batch, in the two ways that a shard is used.</summary>
internal sealed unsafe class ShardBatch : IDisposable
{
    private const int LineBytes = 64;

    private readonly UInt128* _keys;
    private readonly LookupKey[] _prepared = new LookupKey[Operation.BatchSize];

    public ShardBatch()
    {
        _keys = (UInt128*)NativeMemory.AlignedAlloc(Operation.BatchSize * Key.Bytes, LineBytes);
        Target = (byte*)NativeMemory.AlignedAlloc(Operation.BatchSize * Shards.ItemBytes, LineBytes);
        Value = (byte*)NativeMemory.AllocZeroed(Shards.ValueBytes);
    }

    /// <summary>Room for the value of every key of a batch.</summary>
    public byte* Target { get; }

    /// <summary>A value of <see cref="Shards.ValueBytes"/>.</summary>
    public byte* Value { get; }

    /// <summary>Draws the keys of the next batch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Draw<TKeys>(ref TKeys keys)
        where TKeys : struct, IKeys
    {
        for (int i = 0; i < Operation.BatchSize; i++)
        {
            _keys[i] = keys.Next();
        }
    }

    /// <summary>All steps of a batch, as a node runs them.</summary>
    /// <returns>How many keys the action succeeded for.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Batched<TAction>(Shard shard, TAction action)
        where TAction : struct, IShardAction
    {
        Span<LookupKey> prepared = _prepared;
        for (int i = 0; i < prepared.Length; i++)
        {
            prepared[i] = shard.Prepare(new ReadOnlySpan<byte>(_keys + i, Key.Bytes));
        }

        foreach (ref LookupKey key in prepared)
        {
            shard.Probe(ref key);
        }

        foreach (ref LookupKey key in prepared)
        {
            shard.ProbeOverflow(ref key);
        }

        int succeeded = 0;
        for (int i = 0; i < prepared.Length; i++)
        {
            succeeded += action.Apply(shard, prepared[i], i) ? 1 : 0;
        }

        shard.EndBatch();
        return succeeded;
    }

    /// <summary>One key after another, each from its bytes.</summary>
    /// <returns>How many keys the action succeeded for.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int OneByOne<TAction>(Shard shard, TAction action)
        where TAction : struct, IShardAction
    {
        int succeeded = 0;
        for (int i = 0; i < Operation.BatchSize; i++)
        {
            succeeded += action.Apply(shard, new ReadOnlySpan<byte>(_keys + i, Key.Bytes), i) ? 1 : 0;
        }

        return succeeded;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_keys);
        NativeMemory.AlignedFree(Target);
        NativeMemory.Free(Value);
    }
}
