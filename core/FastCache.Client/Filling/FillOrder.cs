using System.Buffers;
using FastCache.Protocol;

namespace FastCache.Client.Filling;

/// <summary>What one call asks for.</summary>
/// <param name="Key">The caller's; copied by whatever outlives the call.</param>
/// <param name="State">For the source.</param>
/// <param name="Source">The source.</param>
/// <param name="Options">How to fill.</param>
/// <param name="AcceptsStale">Whether this call takes a stale value.</param>
internal readonly record struct FillOrder<TState>(
    ReadOnlyMemory<byte> Key, TState State, FillSource<TState> Source, FillOptions Options, bool AcceptsStale)
{
    /// <summary>Asks the source.</summary>
    public async Task<SourceAnswer> AskAsync(IBufferWriter<byte> destination, CancellationToken cancellationToken) =>
        await Source(State, Key, destination, cancellationToken).ConfigureAwait(false);
}

/// <summary>By what right a key is filled.</summary>
/// <param name="Token">The node's grant; 0 without one.</param>
/// <param name="HasOld">Whether the node has a value already, which the new one replaces.</param>
/// <param name="Store">On which condition the answer is stored; null: it is not.</param>
internal readonly record struct FillRight(ulong Token, bool HasOld, SetMode? Store)
{
    /// <summary>The node cannot be asked: the callers are answered, and nothing is stored.</summary>
    public static FillRight Outage => default;

    /// <summary>Somebody wants what is there to be replaced, whatever it is.</summary>
    public static FillRight Overwrite => new(0, HasOld: true, SetMode.Always);

    /// <summary>The right that came with an answer of the node.</summary>
    /// <remarks>Without a grant nothing tells whether somebody has stored a newer value meanwhile, unless it is there.</remarks>
    public static FillRight Of(in LeasedValue leased) =>
        new(leased.Token, leased.Value.IsFound, leased.Token == 0 ? SetMode.IfAbsent : SetMode.Always);
}

/// <summary>How a flight ended.</summary>
/// <param name="IsFound">Whether there is a value.</param>
/// <param name="Value">The value, for all callers of the flight.</param>
/// <param name="Origin"><see cref="FillOrigin.Filled"/> if the flight's own source call brought it.</param>
/// <param name="IsStored">Whether the node has it.</param>
internal readonly record struct FlightResult(bool IsFound, ReadOnlyMemory<byte> Value, FillOrigin Origin, bool IsStored);
