using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using FastCache.Core;
using FastCache.Protocol;

namespace FastCache.Node.Doors;

/// <summary>Puts a text of bytes together, as far as there is room.</summary>
internal ref struct Line(Span<byte> room)
{
    private readonly Span<byte> _room = room;
    private int _length;

    private static ReadOnlySpan<byte> LineEnd => "\r\n"u8;

    /// <summary>What was added so far.</summary>
    public readonly ReadOnlySpan<byte> Text => _room[.._length];

    /// <summary>Bytes that can still be added.</summary>
    public readonly int RoomBytes => _room.Length - _length;

    public void Add(scoped ReadOnlySpan<byte> text)
    {
        text = text[..Math.Min(text.Length, _room.Length - _length)];
        text.CopyTo(_room[_length..]);
        _length += text.Length;
    }

    /// <param name="text">In ASCII.</param>
    public void Add(string text) => _length += Encoding.ASCII.GetBytes(
        text.AsSpan(0, Math.Min(text.Length, _room.Length - _length)), _room[_length..]);

    public void Add(long number)
    {
        Utf8Formatter.TryFormat(number, _room[_length..], out int written);
        _length += written;
    }

    public void Add(ulong number)
    {
        Utf8Formatter.TryFormat(number, _room[_length..], out int written);
        _length += written;
    }

    /// <summary>Adds bytes that the caller fills in.</summary>
    /// <param name="bytes">At most <see cref="RoomBytes"/>.</param>
    public Span<byte> Begin(int bytes)
    {
        Span<byte> begun = _room.Slice(_length, bytes);
        _length += bytes;
        return begun;
    }

    /// <summary>Adds a word and a value's length, a line's end, the value and a line's end, as memcached's replies have them.</summary>
    /// <param name="word">What stands before the length, the first byte lowest.</param>
    /// <param name="wordBytes">How many, up to <see cref="ShortValue.MaxSignBytes"/>.</param>
    /// <param name="item">One that fits with them.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddValue(uint word, int wordBytes, in ItemView item)
    {
        Span<byte> rest = _room[_length..];
        long length = item.Length;
        if (length > ShortValue.MaxBytes || rest.Length < length + ShortValue.MaxOverheadBytes)
        {
            AddLongValue(word, wordBytes, item);
            return;
        }

        _length += ShortValue.Begin(rest, word, wordBytes, (int)length, out Span<byte> value);
        item.CopyTo(value);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AddLongValue(uint word, int wordBytes, in ItemView item)
    {
        Add(MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in word))[..wordBytes]);
        Add(item.Length);
        Add(LineEnd);
        item.CopyTo(Begin((int)item.Length));
        Add(LineEnd);
    }

    /// <summary>Adds what a peer has sent: up to its first zero, line ends as spaces, at most so many bytes.</summary>
    /// <returns>Bytes added.</returns>
    public int AddShown(scoped ReadOnlySpan<byte> text, int mostBytes)
    {
        int before = _length;
        text = text[..Math.Min(text.Length, mostBytes)];
        int zero = text.IndexOf((byte)0);
        foreach (byte value in zero < 0 ? text : text[..zero])
        {
            Add([value is (byte)'\r' or (byte)'\n' ? (byte)' ' : value]);
        }

        return _length - before;
    }
}
