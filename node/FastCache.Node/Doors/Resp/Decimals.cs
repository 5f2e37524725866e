using System.Globalization;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>What became of an addition.</summary>
internal enum DecimalSum
{
    Done,

    /// <summary>One of them is no number.</summary>
    NotANumber,

    /// <summary>The sum is no number, or infinite.</summary>
    NotFinite,
}

/// <summary>Numbers that may have a fraction, as Redis reads, adds and writes them.</summary>
internal static class Decimals
{
    /// <summary>Longest text of a number.</summary>
    public const int MaxBytes = 400;

    /// <summary>Digits behind the point that Redis writes.</summary>
    private const int MostDecimals = 17;

    /// <summary>Adds two numbers: as decimals where they have at most 28 digits, otherwise as binary ones of 64 bits.</summary>
    /// <param name="left">At most <see cref="MaxBytes"/>.</param>
    /// <param name="right">Any bytes.</param>
    /// <param name="sum">At least <see cref="MaxBytes"/>; it may be where the left number is.</param>
    /// <param name="length">Bytes of the sum.</param>
    public static DecimalSum Add(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, Span<byte> sum, out int length)
    {
        length = 0;
        if (!RespDouble.TryParse(left, out double first) || !RespDouble.TryParse(right, out double second))
        {
            return DecimalSum.NotANumber;
        }

        if (!double.IsFinite(first + second))
        {
            return DecimalSum.NotFinite;
        }

        const double MostDecimal = 1e10;
        if (Math.Abs(first) < MostDecimal && Math.Abs(second) < MostDecimal
            && decimal.TryParse(left, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal exactFirst)
            && decimal.TryParse(right, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal exactSecond))
        {
            decimal exact = Math.Round(exactFirst + exactSecond, MostDecimals);
            exact.TryFormat(sum, out length, "0.#################", CultureInfo.InvariantCulture);
        }
        else
        {
            (first + second).TryFormat(sum, out length, "0.#################", CultureInfo.InvariantCulture);
        }

        return DecimalSum.Done;
    }
}
