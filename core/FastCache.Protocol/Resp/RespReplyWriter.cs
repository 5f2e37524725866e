using System.Buffers.Text;
using System.Runtime.CompilerServices;

namespace FastCache.Protocol.Resp;

/// <summary>Writes replies of Redis's protocol, in the form that the connection has asked for.</summary>
/// <remarks>
/// <code>
///             version 2                      version 3
///   null      $-1                            _
///   map       array of twice the length      %pairs
///   set       array                          ~length
///   push      array                          >length
///   boolean   :1 or :0                       #t or #f
///   double    bulk                           ,number
///   verbatim  bulk                           =length, "txt:" before the text
/// </code>
/// Whoever begins an array, a map, a set or a push writes its elements after it.
/// </remarks>
/// <param name="room">Where replies go, one behind the other. A reply takes at most <see cref="MaxOverheadBytes"/> beside its contents;
/// one that does not fit throws <see cref="ArgumentException"/> and leaves a part of it behind.</param>
/// <param name="isVersion3">Whether the connection has asked for version 3.</param>
public ref struct RespReplyWriter(Span<byte> room, bool isVersion3)
{
    /// <summary>Most bytes around the contents of any one reply.</summary>
    public const int MaxOverheadBytes = 32;

    private readonly Span<byte> _room = room;

    /// <summary>Bytes that were written.</summary>
    public int Length { get; private set; }

    /// <summary>Whether replies have the form of version 3.</summary>
    public readonly bool IsVersion3 => isVersion3;

    /// <summary>What is left of the room.</summary>
    public readonly Span<byte> Rest => _room[Length..];

    /// <summary>Takes back what was written from a length on.</summary>
    public void CutTo(int length) => Length = Math.Min(Length, length);

    /// <summary>Takes what the caller has put at the start of <see cref="Rest"/>.</summary>
    public void Take(int bytes) => Length += bytes;

    /// <param name="text">Without line ends.</param>
    public void WriteSimple(scoped ReadOnlySpan<byte> text) => Line((byte)'+', text);

    /// <param name="text">The code first, like "ERR syntax error"; without line ends.</param>
    public void WriteError(scoped ReadOnlySpan<byte> text) => Line((byte)'-', text);

    public void WriteInteger(long number) => Header((byte)':', number);

    /// <param name="value">It may lie in <see cref="Rest"/>, <see cref="MaxOverheadBytes"/> or more behind its start.</param>
    public void WriteBulk(scoped ReadOnlySpan<byte> value)
    {
        Header((byte)'$', value.Length);
        Append(value);
        Append("\r\n"u8);
    }

    /// <summary>Writes a bulk whose contents the caller fills in.</summary>
    /// <returns>Where they go.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<byte> BeginBulk(int length)
    {
        Span<byte> rest = _room[Length..];
        if ((uint)length > ShortValue.MaxBytes || rest.Length < length + ShortValue.MaxOverheadBytes)
        {
            return BeginLongBulk(length);
        }

        Length += ShortValue.Begin(rest, '$', 1, length, out Span<byte> contents);
        return contents;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Span<byte> BeginLongBulk(int length)
    {
        Header((byte)'$', length);
        Span<byte> contents = _room.Slice(Length, length);
        Length += length;
        Append("\r\n"u8);
        return contents;
    }

    /// <summary>Writes the reply to most writes.</summary>
    public void WriteOk()
    {
        "+OK\r\n"u8.CopyTo(_room[Length..]);
        Length += 5;
    }

    public void WriteNull() => Append(isVersion3 ? "_\r\n"u8 : "$-1\r\n"u8);

    /// <summary>What stands for an array that is not there.</summary>
    public void WriteNullArray() => Append(isVersion3 ? "_\r\n"u8 : "*-1\r\n"u8);

    public void WriteArray(int length) => Header((byte)'*', length);

    /// <param name="pairs">Twice as many elements follow: each key and its value.</param>
    public void WriteMap(int pairs) => Header(isVersion3 ? (byte)'%' : (byte)'*', isVersion3 ? pairs : 2L * pairs);

    public void WriteSet(int length) => Header(isVersion3 ? (byte)'~' : (byte)'*', length);

    public void WritePush(int length) => Header(isVersion3 ? (byte)'>' : (byte)'*', length);

    public void WriteBoolean(bool value)
    {
        if (isVersion3)
        {
            Append(value ? "#t\r\n"u8 : "#f\r\n"u8);
        }
        else
        {
            WriteInteger(value ? 1 : 0);
        }
    }

    /// <summary>Writes a number with 17 digits, which read back as the same number; inf, -inf and nan in words.</summary>
    public void WriteDouble(double value)
    {
        Span<byte> digits = stackalloc byte[RespDouble.MaxBytes];
        int length = RespDouble.Format(value, digits);
        if (isVersion3)
        {
            Line((byte)',', digits[..length]);
        }
        else
        {
            WriteBulk(digits[..length]);
        }
    }

    /// <summary>A text for people.</summary>
    /// <inheritdoc cref="WriteBulk"/>
    public void WriteVerbatim(scoped ReadOnlySpan<byte> text)
    {
        if (!isVersion3)
        {
            WriteBulk(text);
            return;
        }

        ReadOnlySpan<byte> format = "txt:"u8;
        Header((byte)'=', format.Length + text.Length);
        Append(format);
        Append(text);
        Append("\r\n"u8);
    }

    private void Line(byte sign, scoped ReadOnlySpan<byte> text)
    {
        Append(new ReadOnlySpan<byte>(in sign));
        Append(text);
        Append("\r\n"u8);
    }

    private void Header(byte sign, long number)
    {
        Span<byte> digits = stackalloc byte[MaxOverheadBytes];
        Utf8Formatter.TryFormat(number, digits, out int length);
        Line(sign, digits[..length]);
    }

    private void Append(scoped ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_room[Length..]);
        Length += bytes.Length;
    }
}
