using System.Buffers;
using FastCache.Client.Operations;
using FastCache.Core;

namespace FastCache.Client.Near;

/// <summary>A part of the near cache: an engine, which is for one thread, behind a lock of its own.</summary>
internal sealed class NearStripe : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Shard _shard;
    private readonly OperationPool _pool = new();
    private long _hits;
    private long _misses;
    private bool _isClosed;

    /// <exception cref="InsufficientMemoryException">The operating system refuses the memory.</exception>
    public NearStripe(long budgetBytes)
    {
        _shard = new(new() { MemoryBudgetBytes = budgetBytes });

        // Entries have no life of the engine's: the clock stands.
        _shard.Advance(0, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
    }

    /// <summary>Looks a key up.</summary>
    /// <param name="judge">Says whether an entry is worth anything.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The value, in a buffer from a pool.</param>
    public bool TryGet(in NearJudge judge, ReadOnlySpan<byte> key, out CacheValue value)
    {
        lock (_lock)
        {
            if (!TryFind(judge, key, out ReadOnlySpan<byte> found, out ulong version))
            {
                value = default;
                return false;
            }

            Operation operation = _pool.Rent();
            found.CopyTo(operation.Room(found.Length));
            value = operation.Lend(version);
            return true;
        }
    }

    /// <summary>Looks a key up and copies the value.</summary>
    public bool TryGet(in NearJudge judge, ReadOnlySpan<byte> key, Span<byte> destination, out CopiedValue copied)
    {
        lock (_lock)
        {
            if (!TryFind(judge, key, out ReadOnlySpan<byte> found, out ulong version))
            {
                copied = default;
                return false;
            }

            found[..Math.Min(found.Length, destination.Length)].CopyTo(destination);
            copied = new(true, found.Length, version);
            return true;
        }
    }

    /// <summary>Keeps a value, unless there is a current one of a higher version.</summary>
    public void Keep(in NearJudge judge, ReadOnlySpan<byte> key, in NearEntry entry, ReadOnlySpan<byte> value)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(NearEntry.Bytes + value.Length);
        entry.Write(buffer);
        value.CopyTo(buffer.AsSpan(NearEntry.Bytes));
        lock (_lock)
        {
            if (!_isClosed)
            {
                // Two requests for one key may end in the other order than that in which the node has answered them.
                bool hasNewer = _shard.TryGet(key, out ItemView item)
                    && NearEntry.Read(item.Value) is NearEntry present
                    && judge.IsCurrent(present, out _)
                    && present.Version > entry.Version;
                if (!hasNewer)
                {
                    _shard.Set(key, buffer.AsSpan(0, NearEntry.Bytes + value.Length), default, out _);
                    _shard.Maintain();
                }
            }
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <summary>Adds its counters to those of others.</summary>
    public NearCacheStatistics AddTo(NearCacheStatistics sum)
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                return sum;
            }

            ShardStatistics own = _shard.Statistics();
            return sum with
            {
                Hits = sum.Hits + _hits,
                Misses = sum.Misses + _misses,
                Entries = sum.Entries + own.Items,
                Bytes = sum.Bytes + own.BudgetBytes - own.FreeBytes,
                Evictions = sum.Evictions + own.Evictions,
            };
        }
    }

    /// <summary>Gives the memory back; nothing is found any more.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (!_isClosed)
            {
                _isClosed = true;
                _shard.Dispose();
            }
        }
    }

    private bool TryFind(in NearJudge judge, ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value, out ulong version)
    {
        if (!_isClosed && _shard.TryGet(key, out ItemView item))
        {
            ReadOnlySpan<byte> stored = item.Value;
            NearEntry entry = NearEntry.Read(stored);
            if (judge.IsWorth(entry))
            {
                _hits++;
                value = stored[NearEntry.Bytes..];
                version = entry.Version;
                return true;
            }
        }

        _misses++;
        value = default;
        version = 0;
        return false;
    }
}
