using System.Globalization;
using System.Text;

namespace FastCache.Bench.Simulate.Traces;

/// <summary>Numbers objects from 0 in the order in which they first appear.</summary>
internal sealed class ObjectNumbers
{
    private readonly Dictionary<ulong, int> _byDecimal = [];
    private readonly Dictionary<string, int> _byText = [];
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private readonly Dictionary<(int Key, int Size), int> _bySize = [];
    private readonly List<int> _sizes = [];
    private int _keys;

    public ObjectNumbers() => _bySpan = _byText.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Objects so far, where keys have no sizes.</summary>
    public int Keys => _keys;

    /// <summary>Bytes of each object so far, where keys have sizes.</summary>
    public IReadOnlyList<int> Sizes => _sizes;

    /// <summary>The number of a key.</summary>
    /// <param name="key">UTF-8 text of at most <see cref="TraceReader.MaxLineBytes"/> bytes.</param>
    public int Of(ReadOnlySpan<byte> key)
    {
        // Block numbers are what traces mostly hold; as numbers they take a third of the memory. "07" is not "7".
        bool isCanonical = key[0] != '0' || key.Length == 1;
        if (isCanonical && ulong.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number))
        {
            return Of(number);
        }

        Span<char> text = stackalloc char[TraceReader.MaxLineBytes];
        text = text[..Encoding.UTF8.GetChars(key, text)];
        if (!_bySpan.TryGetValue(text, out int known))
        {
            _bySpan[text] = known = _keys++;
        }

        return known;
    }

    /// <summary>The number of a key that is a number.</summary>
    public int Of(ulong key)
    {
        if (!_byDecimal.TryGetValue(key, out int known))
        {
            _byDecimal[key] = known = _keys++;
        }

        return known;
    }

    /// <summary>The number of the object that a key is at a size.</summary>
    /// <param name="key">What <c>Of</c> gave for the key.</param>
    /// <param name="size">In bytes.</param>
    public int WithSize(int key, int size)
    {
        if (!_bySize.TryGetValue((key, size), out int known))
        {
            _bySize[(key, size)] = known = _sizes.Count;
            _sizes.Add(size);
        }

        return known;
    }
}
