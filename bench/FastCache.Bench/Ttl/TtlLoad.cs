using FastCache.Bench.Load;
using FastCache.Core;
using FastCache.LoadGen.Workload;

namespace FastCache.Bench.Ttl;

/// <summary>Items with random lives, and operations on them.</summary>
internal sealed class TtlLoad(Shard shard, TtlOptions options)
{
    private const int ValueBytes = 100;

    private readonly byte[] _key = new byte[NumberedKey.Bytes];
    private readonly byte[] _value = new byte[ValueBytes];
    private SplitMix _random = new(options.Seed);

    /// <summary>Stores all items.</summary>
    /// <exception cref="InvalidOperationException">The shard is too small for them.</exception>
    public void Fill()
    {
        for (int number = 0; number < options.Items; number++)
        {
            Store(number);
        }

        if (shard.Statistics().Evictions > 0)
        {
            throw new InvalidOperationException($"{options.Items:N0} items do not fit; give the shard more than --memory {options.BudgetBytes >> 20}MiB.");
        }
    }

    /// <summary>One operation of the background load.</summary>
    public void RunOne()
    {
        int number = _random.NextBelow(options.Items);
        double kind = _random.NextDouble();
        NumberedKey.Write(_key, load: 0, part: 0, number);
        if (kind < options.TouchShare)
        {
            shard.Touch(_key, NextLife());
        }
        else if (_random.NextDouble() < options.ReadShare)
        {
            shard.TryGet(_key, out _);
        }
        else
        {
            Store(number);
        }
    }

    private void Store(int number)
    {
        NumberedKey.Write(_key, load: 0, part: 0, number);
        SetOptions life = new(TimeToLiveMillis: NextLife()) { Sliding = _random.NextDouble() < options.SlidingShare };
        WriteOutcome outcome = shard.Set(_key, _value, life, out _);
        if (outcome != WriteOutcome.Done)
        {
            throw new InvalidOperationException($"The shard answered a set with {outcome}.");
        }
    }

    private ulong NextLife() => 1 + (ulong)(_random.NextDouble() * options.Horizon.TotalMilliseconds);
}
