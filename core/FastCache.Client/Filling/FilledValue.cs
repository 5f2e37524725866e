using FastCache.Client.Filling;

namespace FastCache.Client;

/// <summary>How a value came to its caller.</summary>
public enum FillOrigin
{
    /// <summary>The node had it, fresh.</summary>
    Hit,

    /// <summary>The node had it, and its life has ended; somebody fetches a new one.</summary>
    Stale,

    /// <summary>The source was asked for this call.</summary>
    Filled,

    /// <summary>This call waited for what was asked for another one, of this process or elsewhere.</summary>
    FilledByAnother,
}

/// <summary>What <see cref="FastCacheClient.GetOrFillAsync"/> found or fetched; to be disposed.</summary>
/// <remarks>The bytes of a hit are in a pooled buffer, with the rules of <see cref="CacheValue"/>.</remarks>
public readonly struct FilledValue : IDisposable
{
    private readonly CacheValue _cached;
    private readonly ReadOnlyMemory<byte> _fetched;

    private FilledValue(FillOrigin origin, bool isFound, bool isStored)
    {
        Origin = origin;
        IsFound = isFound;
        IsStored = isStored;
    }

    private FilledValue(FillOrigin origin, in CacheValue cached)
        : this(origin, isFound: true, isStored: true) => _cached = cached;

    internal FilledValue(FillOrigin origin, in FlightResult result)
        : this(origin, result.IsFound, result.IsStored) => _fetched = result.Value;

    /// <summary>How it came.</summary>
    public FillOrigin Origin { get; }

    /// <summary>Whether there is a value; if not, the source has none, or had none a short while ago.</summary>
    public bool IsFound { get; }

    /// <summary>Whether the node has it, as far as this process knows: it came from there, or was stored there. For what is not
    /// found: whether the node remembers that.</summary>
    public bool IsStored { get; }

    /// <summary>The bytes; empty if there is no value.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed, and was a hit.</exception>
    public ReadOnlyMemory<byte> Memory => _cached.IsFound ? _cached.Memory : _fetched;

    /// <inheritdoc cref="Memory"/>
    public ReadOnlySpan<byte> Span => Memory.Span;

    /// <summary>Gives the buffer back. Doing it twice is harmless.</summary>
    public void Dispose() => _cached.Dispose();

    /// <summary>What the node had; one that says that there is nothing is given back.</summary>
    internal static FilledValue Cached(FillOrigin origin, in CacheValue cached)
    {
        if (!AbsenceMarker.Is(cached.Span))
        {
            return new(origin, cached);
        }

        cached.Dispose();
        return new(origin, isFound: false, isStored: true);
    }
}
