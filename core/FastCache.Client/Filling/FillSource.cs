using System.Buffers;

namespace FastCache.Client;

/// <summary>Fetches the value of a key that is not in the cache.</summary>
/// <param name="state">What the caller gave for it.</param>
/// <param name="key">The key; a copy that stays valid.</param>
/// <param name="destination">Takes the value; not to be used after the end.</param>
/// <param name="cancellationToken">Cancelled when no caller waits any more, when
/// <see cref="FillOptions.SourceTimeout"/> has passed, and when the client is closed.</param>
/// <returns>Whether there is a value, and for how long.</returns>
public delegate ValueTask<SourceAnswer> FillSource<in TState>(
    TState state, ReadOnlyMemory<byte> key, IBufferWriter<byte> destination, CancellationToken cancellationToken);

/// <summary>What a source says of a key.</summary>
public readonly record struct SourceAnswer
{
    private SourceAnswer(bool isFound, TimeSpan? timeToLive) => (IsFound, TimeToLive) = (isFound, timeToLive);

    /// <summary>The value was written, and lives as long as <see cref="FillOptions.TimeToLive"/> says.</summary>
    public static SourceAnswer Found { get; } = new(true, null);

    /// <summary>There is no value. What was written is dropped.</summary>
    public static SourceAnswer None => default;

    /// <summary>Whether there is a value.</summary>
    public bool IsFound { get; }

    /// <summary>How long it lives; null: as the options say.</summary>
    public TimeSpan? TimeToLive { get; }

    /// <summary>The value was written, and lives this long.</summary>
    /// <param name="timeToLive">1 ms to 2^39 ms; 0: it does not expire.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is out of range.</exception>
    public static SourceAnswer FoundFor(TimeSpan timeToLive) =>
        new(true, new FillOptions { TimeToLive = timeToLive }.TimeToLive);
}
