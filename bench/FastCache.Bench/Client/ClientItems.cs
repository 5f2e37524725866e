using System.Text;

namespace FastCache.Bench.Client;

/// <summary>The requests of the client's measurements, made before: keys in random order, one after the other in memory, so
/// that what is measured is a client and not where its caller's keys are.</summary>
internal sealed class ClientItems
{
    public const int KeyBytes = 16;

    // One request in ten is a set, at random places.
    private const int SetShare = 10;

    private readonly byte[] _keys;
    private readonly bool[] _isSet;

    public ClientItems(int count, int valueBytes)
    {
        Random random = new(1);
        int[] numbers = [.. Enumerable.Range(0, count)];
        random.Shuffle(numbers);
        _keys = Encoding.ASCII.GetBytes(string.Concat(numbers.Select(number => $"key-{number:D12}")));
        _isSet = [.. numbers.Select(_ => random.Next(SetShare) == 0)];
        Value = new byte[valueBytes];
        random.NextBytes(Value);
    }

    public int Count => _isSet.Length;

    public byte[] Value { get; }

    /// <summary>The key of a request.</summary>
    public ReadOnlyMemory<byte> Key(int request) => _keys.AsMemory(request * KeyBytes, KeyBytes);

    /// <summary>Whether a request is a set.</summary>
    public bool IsSet(int request) => _isSet[request];

    /// <summary>Where one of several callers begins.</summary>
    public int StartOf(int caller, int callers) => (int)((long)Count * caller / callers);

    /// <summary>What comes after a request.</summary>
    public int After(int request) => request + 1 == Count ? 0 : request + 1;
}
