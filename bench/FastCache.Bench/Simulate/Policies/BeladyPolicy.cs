using FastCache.Bench.Simulate.Traces;

namespace FastCache.Bench.Simulate.Policies;

/// <summary>Belady's optimum: evicts the object whose next request is farthest away. Exact for objects of one size.</summary>
/// <remarks>
/// L. A. Belady, "A study of replacement algorithms for a virtual-storage computer" (1966). Like every policy here it
/// brings in each object that it is asked for; under that rule no policy has more hits.
/// <para>
/// The cache is the set of positions at which its objects are asked for next: a request hits if its own position is in
/// the set, and the largest position is the victim. Objects that are never asked for again are only counted.
/// </para>
/// </remarks>
internal sealed class BeladyPolicy : ICachePolicy
{
    private const int Never = int.MaxValue;

    private readonly long _capacity;
    private readonly int[] _nextUse;
    private readonly PositionSet _nextUses;
    private int _position;
    private long _finished;

    /// <param name="trace">Must be requested in its own order, from its start. Has no sizes.</param>
    /// <param name="capacity">In objects.</param>
    public BeladyPolicy(Trace trace, long capacity)
    {
        _capacity = capacity;
        _nextUses = new PositionSet(trace.Requests.Length);
        _nextUse = new int[trace.Requests.Length];
        int[] following = new int[trace.Objects];
        Array.Fill(following, Never);
        for (int position = trace.Requests.Length - 1; position >= 0; position--)
        {
            int number = trace.Requests[position];
            _nextUse[position] = following[number];
            following[number] = position;
        }
    }

    public long Used { get; private set; }

    public bool Request(int number)
    {
        int position = _position++;
        bool isHit = _nextUses.Remove(position);
        if (!isHit)
        {
            if (Used == _capacity)
            {
                Evict();
            }

            Used++;
        }

        if (_nextUse[position] == Never)
        {
            _finished++;
        }
        else
        {
            _nextUses.Add(_nextUse[position]);
        }

        return isHit;
    }

    private void Evict()
    {
        Used--;
        if (_finished > 0)
        {
            _finished--;
        }
        else
        {
            _nextUses.Remove(_nextUses.Largest());
        }
    }
}
