namespace FastCache.Bench.Fuzz;

/// <summary>What all executions together have seen, and which conversations of the current one saw something new.</summary>
/// <remarks>Numbers in texts do not count: every digit, also of hex, is the same here, however many there are in a row.</remarks>
internal sealed class Discoveries
{
    private const ulong FnvBasis = 14_695_981_039_346_656_037;
    private const ulong FnvPrime = 1_099_511_628_211;

    private readonly HashSet<ulong> _seen = [];
    private readonly SortedSet<int> _fruitful = [];

    /// <summary>Different things seen so far.</summary>
    public int Count => _seen.Count;

    /// <summary>Conversations of the current execution that saw something new.</summary>
    public IReadOnlyCollection<int> Fruitful => _fruitful;

    public void Begin() => _fruitful.Clear();

    /// <summary>Something was seen by a conversation: a number that tells it, and a text.</summary>
    public void Note(int conversation, ulong what, ReadOnlySpan<byte> text = default)
    {
        ulong hash = (FnvBasis ^ what) * FnvPrime;
        bool wasDigit = false;
        foreach (byte letter in text)
        {
            bool isDigit = char.IsAsciiHexDigitUpper((char)letter);
            if (!isDigit || !wasDigit)
            {
                hash = (hash ^ (isDigit ? (byte)'0' : letter)) * FnvPrime;
            }

            wasDigit = isDigit;
        }

        if (_seen.Add(hash))
        {
            _fruitful.Add(conversation);
        }
    }
}
