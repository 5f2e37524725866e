namespace FastCache.Bench.Stampede;

/// <summary>How often a source was asked for each key in each of its lives.</summary>
/// <remarks>A life begins with the first call for a key whose value has ended. It lasts until the last answer is near the end of
/// its own: in the last tenth of it the node lets one client fetch the next value ahead, and a twentieth is for the clocks of
/// two processes. Used by one thread at a time.</remarks>
/// <param name="keys">How many keys there are, numbered from 0.</param>
/// <param name="timeToLive">How long a value lives.</param>
internal sealed class SourceLives(int keys, TimeSpan timeToLive)
{
    private const double Lasting = 0.85;

    private readonly List<int>[] _calls = [.. Enumerable.Range(0, keys).Select(_ => new List<int>())];
    private readonly TimeSpan[] _ends = new TimeSpan[keys];

    public int Calls => _calls.Sum(lives => lives.Sum());

    /// <summary>Lives of all keys together.</summary>
    public int Count => _calls.Sum(lives => lives.Count);

    /// <summary>Calls in the life that had the fewest; 0 before the first.</summary>
    public int Least => _calls.SelectMany(lives => lives).DefaultIfEmpty().Min();

    /// <summary>Calls in the life that had the most; 0 before the first.</summary>
    public int Most => _calls.SelectMany(lives => lives).DefaultIfEmpty().Max();

    /// <summary>The source is asked.</summary>
    /// <param name="key">For which key.</param>
    /// <param name="now">When.</param>
    /// <param name="answered">When it answers.</param>
    public void Asked(int key, TimeSpan now, TimeSpan answered)
    {
        if (_calls[key].Count == 0 || now >= _ends[key])
        {
            _calls[key].Add(0);
        }

        _calls[key][^1]++;
        _ends[key] = answered + (timeToLive * Lasting);
    }
}
