namespace FastCache.Core.Tests.Properties;

/// <summary>Writes that push everything else out, of a size that changes now and then.</summary>
internal sealed class Filler(Shard shard, int seed)
{
    private readonly Random _random = new(~seed);
    private readonly byte[] _value = new byte[300_000];
    private int _length = 100;
    private int _written;

    public void Step()
    {
        _length = _random.Next(200) == 0 ? RandomValues.Length(_random, _value.Length) : _length;
        for (int i = 0; i < Math.Clamp(40_000 / (_length + 1), 1, 25); i++)
        {
            shard.Set(CacheModel.Bytes($"filler {_written++}"), _value.AsSpan(0, _length), default, out _);
        }
    }
}
