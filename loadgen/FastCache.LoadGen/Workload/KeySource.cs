using FastCache.LoadGen.Engine;

namespace FastCache.LoadGen.Workload;

/// <summary>Draws the keys of one shard: what a picker draws, without the keys of others.</summary>
/// <param name="Keys">The keys, stored and absent.</param>
/// <param name="Picker">Draws below the number of stored keys.</param>
/// <param name="Slots">Which shard has which key.</param>
/// <param name="Shard">Whose keys are wanted.</param>
internal readonly record struct KeySource(KeySpace Keys, KeyPicker Picker, ShardSlots Slots, int Shard)
{
    /// <summary>With 256 shards and equally likely keys, so many draws fail once in 10^17 times.</summary>
    private const int MaxDraws = 10_000;

    /// <summary>Every key, of whatever shard.</summary>
    public static KeySource Of(KeySpace keys, KeyPicker picker) => new(keys, picker, ShardSlots.Single, 0);

    /// <summary>Draws a key and writes it.</summary>
    /// <param name="random">Where the numbers come from.</param>
    /// <param name="isAbsent">Whether it shall be one that was never stored.</param>
    /// <param name="key">As many bytes as a key has.</param>
    /// <returns>The key's number.</returns>
    /// <exception cref="LoadFailedException">The shard has next to none of the keys that are drawn.</exception>
    public int Next(ref SplitMix random, bool isAbsent, Span<byte> key)
    {
        for (int draws = 0; draws < MaxDraws; draws++)
        {
            int number = Picker.Next(ref random);
            number = isAbsent ? Keys.Absent(number) : number;
            KeySpace.Write(number, key);
            if (Slots.Has(Shard, key))
            {
                return number;
            }
        }

        throw new LoadFailedException(
            $"of {MaxDraws:N0} keys that were drawn none belongs to shard {Shard} of {Slots.Count}; raise --keys, lower " +
            "--zipf-exponent, or take --clients unaware");
    }
}
