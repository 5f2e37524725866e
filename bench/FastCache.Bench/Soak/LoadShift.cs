namespace FastCache.Bench.Soak;

/// <summary>Which sizes values have at the moment, and over how many keys they are spread: changes every so often.</summary>
internal sealed class LoadShift
{
    /// <summary>Share of writes that have any size up to <see cref="AnyMost"/>, whatever the load is at the moment.</summary>
    private const double AnyShare = 0.03;

    private const int AnyMost = 64 << 10;
    private const double LeastCapacities = 0.3;
    private const double MostCapacities = 3;
    private const long MostOperations = 6_000_000;

    private readonly SoakRandom _random;
    private readonly Sizes[] _loads;
    private readonly long _budget;
    private readonly long _mostKeys;
    private Sizes _now;
    private long _keys;
    private long _operationsLeft;
    private long _bytesLeft;

    /// <param name="random">Where loads are drawn from.</param>
    /// <param name="budget">Bytes of the shard.</param>
    /// <param name="mostKeys">Keys that there are.</param>
    /// <param name="mostBytes">Longest value.</param>
    public LoadShift(SoakRandom random, long budget, long mostKeys, int mostBytes)
    {
        _random = random;
        _budget = budget;
        _mostKeys = mostKeys;
        int huge = mostBytes / 8;
        _loads =
        [
            new("tiny", 1, 64),
            new("small", 64, 300),
            new("KiB", 300, 4 << 10),
            new("tens of KiB", 4 << 10, 64 << 10),
            new("about a chunk", 60 << 10, Math.Min(mostBytes, 70 << 10)),
            new("large", Math.Min(64 << 10, huge), huge),
            new("huge", huge, mostBytes),
            new("all sizes", 1, mostBytes),
        ];
        Shift();
    }

    /// <summary>Loads that there have been.</summary>
    public int Shifts { get; private set; }

    public string Name => _now.Name;

    /// <summary>Counts an operation, and what it wrote.</summary>
    public void Count(long writtenBytes)
    {
        _operationsLeft--;
        _bytesLeft -= writtenBytes;
        if (_operationsLeft <= 0 || _bytesLeft <= 0)
        {
            Shift();
        }
    }

    /// <summary>A key of those that are in use now; low numbers are the most popular ones.</summary>
    public long NextKey()
    {
        double place = _random.Share();
        return (long)(_keys * place * place * place);
    }

    /// <summary>The length of a value.</summary>
    public int NextLength() => (int)(_random.Share() < AnyShare
        ? _random.Logarithmic(1, Math.Min(AnyMost, _loads[^1].Most))
        : _random.Logarithmic(_now.Least, _now.Most));

    private void Shift()
    {
        Shifts++;
        _now = _loads[_random.Below(_loads.Length)];
        // About twice as many keys as fit: some lookups hit, some miss, and there is something to evict.
        double mean = 100 + (_now.Most == _now.Least ? _now.Most : (_now.Most - _now.Least) / Math.Log((double)_now.Most / _now.Least));
        _keys = Math.Clamp((long)(2 * _budget / mean), 256, _mostKeys);
        _operationsLeft = 1 + _random.Below(MostOperations);
        _bytesLeft = (long)(_budget * (LeastCapacities + (_random.Share() * (MostCapacities - LeastCapacities))));
    }

    private readonly record struct Sizes(string Name, int Least, int Most);
}
