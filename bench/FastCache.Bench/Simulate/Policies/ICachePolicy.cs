namespace FastCache.Bench.Simulate.Policies;

/// <summary>A cache of fixed capacity that is asked for the objects of one trace.</summary>
internal interface ICachePolicy : IDisposable
{
    /// <summary>Sum of the sizes of the objects held; between requests never above the capacity.</summary>
    long Used { get; }

    /// <summary>Asks for an object, and brings it in if it is absent, fits and is admitted.</summary>
    /// <param name="number">An object of the trace that the policy was made for.</param>
    /// <returns>Whether the object was there.</returns>
    bool Request(int number);

    /// <summary>Most policies hold nothing that must be given back.</summary>
    void IDisposable.Dispose()
    {
    }
}
