using FastCache.Client.Operations;

namespace FastCache.Client;

/// <summary>What a read found, in a buffer that goes back to its pool when this is disposed.</summary>
/// <remarks>Copies share the buffer: the first that is disposed gives it back, and afterwards all of them throw. One that
/// is never disposed costs an allocation later, and nothing else.</remarks>
public readonly struct CacheValue : IDisposable
{
    private readonly Operation? _operation;
    private readonly int _loan;
    private readonly int _start;

    internal CacheValue(Operation operation, int loan, int start, ulong version, ulong totalLength)
    {
        _operation = operation;
        _loan = loan;
        _start = start;
        Version = version;
        TotalLength = totalLength;
    }

    /// <summary>Whether the key was there. If not, the value is empty and the version 0.</summary>
    public bool IsFound => _operation is not null;

    /// <summary>The item's version.</summary>
    public ulong Version { get; }

    /// <summary>Bytes of the whole value; of a range read more than <see cref="Memory"/> may have.</summary>
    public ulong TotalLength { get; }

    /// <summary>The bytes.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    public ReadOnlyMemory<byte> Memory => _operation is null ? default : _operation.Lent(_loan)[_start..];

    /// <inheritdoc cref="Memory"/>
    public ReadOnlySpan<byte> Span => Memory.Span;

    /// <summary>Gives the buffer back. Doing it twice is harmless.</summary>
    public void Dispose() => _operation?.EndLoan(_loan);
}
