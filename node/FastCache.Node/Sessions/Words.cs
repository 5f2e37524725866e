using System.Globalization;

namespace FastCache.Node.Sessions;

/// <summary>Puts the text of an error together on the stack.</summary>
/// <remarks>An interpolated string handler boxes its numbers until the runtime has compiled it for good.</remarks>
internal ref struct Words(Span<char> room)
{
    private readonly Span<char> _room = room;
    private int _length;

    /// <summary>What was added so far.</summary>
    public readonly ReadOnlySpan<char> Text => _room[.._length];

    /// <summary>Adds a text, as far as there is room.</summary>
    public void Add(ReadOnlySpan<char> text)
    {
        text = text[..Math.Min(text.Length, _room.Length - _length)];
        text.CopyTo(_room[_length..]);
        _length += text.Length;
    }

    /// <summary>Adds a number, if there is room.</summary>
    public void Add(ulong number)
    {
        number.TryFormat(_room[_length..], out int written, default, CultureInfo.InvariantCulture);
        _length += written;
    }
}
