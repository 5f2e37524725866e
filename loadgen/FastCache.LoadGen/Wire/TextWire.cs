using System.Globalization;
using System.Text;

namespace FastCache.LoadGen.Wire;

/// <summary>A protocol of lines whose replies come in the order of the requests and carry no number.</summary>
internal abstract class TextWire : IWire
{
    private const int MostDigits = 10;

    /// <summary>What stands between key and value of a set, and after the value.</summary>
    protected static ReadOnlySpan<byte> LineEnd => "\r\n"u8;

    public abstract int GetBytes(int keyBytes);

    public abstract int SetBytes(int keyBytes, int valueBytes);

    public abstract int KeyOffset(int keyBytes);

    public abstract int Get(Span<byte> request, uint index, ReadOnlySpan<byte> key);

    public abstract int Set(Span<byte> request, uint index, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    /// <summary>The three replies that a run may get.</summary>
    /// <param name="valueBytes">Bytes of every value.</param>
    public abstract TextReplies Replies(int valueBytes);

    protected static int Digits(int number)
    {
        int digits = 1;
        for (; number >= 10; number /= 10)
        {
            digits++;
        }

        return digits;
    }

    protected static byte[] Line(FormattableString text) =>
        [.. Encoding.ASCII.GetBytes(text.ToString(CultureInfo.InvariantCulture)), .. LineEnd];

    /// <summary>Appends parts of a request.</summary>
    protected ref struct Writer(Span<byte> request)
    {
        private readonly Span<byte> _request = request;

        public int Length { get; private set; }

        public Writer Add(scoped ReadOnlySpan<byte> part)
        {
            part.CopyTo(_request[Length..]);
            Length += part.Length;
            return this;
        }

        public Writer Add(int number)
        {
            Span<byte> digits = stackalloc byte[MostDigits];
            number.TryFormat(digits, out int length, default, CultureInfo.InvariantCulture);
            return Add(digits[..length]);
        }
    }
}
