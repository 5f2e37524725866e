namespace FastCache.Client.Batches;

/// <summary>Where each request of a batch is, by its index.</summary>
internal sealed class BatchPlaces
{
    private const int FirstPlaces = 128;

    private readonly List<CacheException> _failures = [];
    private Place[] _places = new Place[FirstPlaces];

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    public Place this[int index] => _places[index];

    /// <summary>Adds the next request.</summary>
    public void Add(int line, int number, int slot)
    {
        if (Count == _places.Length)
        {
            Array.Resize(ref _places, 2 * Count);
        }

        _places[Count++] = new(line, number, slot);
    }

    /// <summary>A request is somewhere else by now.</summary>
    public void Move(int index, int line, int number) => _places[index] = _places[index] with { Line = line, Number = number };

    /// <summary>A request will have no reply.</summary>
    public void Fail(int index, CacheException failure)
    {
        _places[index] = new(Place.Nowhere, _failures.Count, _places[index].Slot);
        _failures.Add(failure);
    }

    /// <summary>Why a request has no reply; null: it has one, or is still to have one.</summary>
    public CacheException? FailureOf(int index) =>
        _places[index].Line == Place.Nowhere ? _failures[_places[index].Number] : null;

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        Count = 0;
        _failures.Clear();
    }
}

/// <summary>Where a request is.</summary>
/// <param name="Line">Number of its line; or <see cref="Nowhere"/>.</param>
/// <param name="Number">Its number on that line; or that of its failure.</param>
/// <param name="Slot">The slot of its key.</param>
internal readonly record struct Place(int Line, int Number, int Slot)
{
    /// <summary>The line of a request that has failed.</summary>
    public const int Nowhere = -1;
}
