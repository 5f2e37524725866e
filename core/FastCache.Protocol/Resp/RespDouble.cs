using System.Buffers;
using System.Buffers.Text;
using System.Globalization;

namespace FastCache.Protocol.Resp;

/// <summary>Numbers with fractions as Redis 7.0 reads and writes them.</summary>
public static class RespDouble
{
    /// <summary>Most bytes of a number that is written: a sign, 17 digits, a point, and an exponent or five more characters.</summary>
    public const int MaxBytes = 24;

    private const int Digits = 17;
    private const double FirstWithExponent = 1e17;
    private const int SmallestPlainExponent = -4;

    private static readonly SearchValues<byte> NumberBytes = SearchValues.Create("0123456789+-.eEinfatyINFATY"u8);

    /// <summary>Reads a decimal number or an infinity in words, as C's strtod does where it takes the whole text.</summary>
    /// <param name="text">Nothing may stand around the number.</param>
    /// <param name="number">What is too large is infinite, what is too small 0.</param>
    /// <returns>False when it is none; "nan" is none.</returns>
    public static bool TryParse(ReadOnlySpan<byte> text, out double number)
    {
        number = 0;
        // The runtime would take white space, and words in other spellings.
        if (text.IsEmpty || text.ContainsAnyExcept(NumberBytes))
        {
            return false;
        }

        const NumberStyles Style = NumberStyles.Float & ~NumberStyles.AllowLeadingWhite & ~NumberStyles.AllowTrailingWhite;
        return double.TryParse(text, Style, CultureInfo.InvariantCulture, out number)
            ? !double.IsNaN(number)
            : TryParseInfinity(text, out number);
    }

    /// <summary>Reads a number that is not too large and not too small.</summary>
    /// <inheritdoc cref="TryParse"/>
    public static bool TryParseInRange(ReadOnlySpan<byte> text, out double number)
    {
        if (!TryParse(text, out number))
        {
            return false;
        }

        if (double.IsInfinity(number))
        {
            return text.ContainsAny("iI"u8);
        }

        int exponent = text.IndexOfAny("eE"u8);
        return number != 0 || !(exponent < 0 ? text : text[..exponent]).ContainsAnyInRange((byte)'1', (byte)'9');
    }

    /// <summary>Writes a number as C's "%.17g" does; inf, -inf and nan in words.</summary>
    /// <param name="number">Any.</param>
    /// <param name="room">At least <see cref="MaxBytes"/>.</param>
    /// <returns>Bytes written.</returns>
    public static int Format(double number, Span<byte> room)
    {
        if (!double.IsFinite(number))
        {
            ReadOnlySpan<byte> word = double.IsNaN(number) ? "nan"u8 : number > 0 ? "inf"u8 : "-inf"u8;
            word.CopyTo(room);
            return word.Length;
        }

        bool isNegativeZero = number == 0 && double.IsNegative(number);
        if (Math.Abs(number) < FirstWithExponent && number == Math.Truncate(number) && !isNegativeZero)
        {
            Utf8Formatter.TryFormat((long)number, room, out int bytes);
            return bytes;
        }

        return isNegativeZero ? Append("-0"u8, room, 0) : FormatFraction(number, room);
    }

    private static int FormatFraction(double number, Span<byte> room)
    {
        // [-]d.ddddddddddddddddE+ddd
        Span<byte> text = stackalloc byte[MaxBytes + 1];
        number.TryFormat(text, out int length, "E16", CultureInfo.InvariantCulture);
        int written = 0;
        if (number < 0)
        {
            room[written++] = (byte)'-';
            text = text[1..];
            length--;
        }

        Span<byte> digits = stackalloc byte[Digits];
        digits[0] = text[0];
        text.Slice(2, Digits - 1).CopyTo(digits[1..]);
        int exponent = int.Parse(text[(Digits + 2)..length], CultureInfo.InvariantCulture);
        ReadOnlySpan<byte> significant = digits[..(digits.LastIndexOfAnyExcept((byte)'0') + 1)];
        if (exponent is < SmallestPlainExponent or >= Digits)
        {
            written = AppendWithPoint(significant, 1, room, written);
            room[written++] = (byte)'e';
            room[written++] = exponent < 0 ? (byte)'-' : (byte)'+';
            Utf8Formatter.TryFormat(Math.Abs(exponent), room[written..], out int bytes, new StandardFormat('D', 2));
            return written + bytes;
        }

        if (exponent >= 0)
        {
            return AppendWithPoint(significant, exponent + 1, room, written);
        }

        written = Append("0.000"u8[..(1 - exponent)], room, written);
        return Append(significant, room, written);
    }

    private static int AppendWithPoint(ReadOnlySpan<byte> digits, int beforePoint, Span<byte> room, int written)
    {
        written = Append(digits[..beforePoint], room, written);
        if (digits.Length > beforePoint)
        {
            room[written++] = (byte)'.';
            written = Append(digits[beforePoint..], room, written);
        }

        return written;
    }

    private static int Append(ReadOnlySpan<byte> text, Span<byte> room, int written)
    {
        text.CopyTo(room[written..]);
        return written + text.Length;
    }

    private static bool TryParseInfinity(ReadOnlySpan<byte> text, out double number)
    {
        number = text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
        ReadOnlySpan<byte> word = text[0] is (byte)'-' or (byte)'+' ? text[1..] : text;
        return RespWord.Is(word, "inf"u8) || RespWord.Is(word, "infinity"u8);
    }
}
