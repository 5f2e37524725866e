using System.Buffers.Text;
using FastCache.Core;

namespace FastCache.Bench.Soak;

/// <summary>Counters that say whose they are: a counter is a multiple of its key's step, whatever was added to it.</summary>
/// <remarks>The steps of wrapping counters are powers of two, so that they stay multiples over the end of 64 bits.</remarks>
internal static class CounterText
{
    public const int MaxDigits = 20;

    private const int KindBit = 9;

    public static CounterKind KindOf(long key) => ((key >> KindBit) & 1) == 0 ? CounterKind.Wrapping : CounterKind.Checked;

    public static ulong StepOf(long key) => KindOf(key) == CounterKind.Wrapping ? 1UL << (int)((key >> 3) % 16) : 1 + (ulong)(key % 97);

    /// <summary>Writes a counter.</summary>
    /// <returns>Its length.</returns>
    public static int Write(long key, ulong number, Span<byte> text) =>
        (KindOf(key) == CounterKind.Checked
            ? Utf8Formatter.TryFormat((long)number, text, out int length)
            : Utf8Formatter.TryFormat(number, text, out length)) ? length : 0;

    /// <summary>Whether a number is one that a counter of the key can have.</summary>
    public static bool IsOf(long key, ulong number) => KindOf(key) == CounterKind.Checked
        ? (long)number % (long)StepOf(key) == 0
        : number % StepOf(key) == 0;

    /// <summary>Reads the counter of a key.</summary>
    /// <returns>False when the text is none.</returns>
    public static bool TryRead(long key, ReadOnlySpan<byte> text, out ulong number)
    {
        int used;
        bool isNumber;
        if (KindOf(key) == CounterKind.Checked)
        {
            isNumber = Utf8Parser.TryParse(text, out long signed, out used);
            number = (ulong)signed;
        }
        else
        {
            isNumber = Utf8Parser.TryParse(text, out number, out used);
        }

        return isNumber && used == text.Length && IsOf(key, number);
    }

    /// <summary>What a change makes of a number.</summary>
    /// <returns>False when a checked counter refuses it.</returns>
    public static bool TryApply(ulong number, in CounterChange change, out ulong result)
    {
        if (change.Kind == CounterKind.Wrapping)
        {
            result = change.Subtract ? number - Math.Min(number, change.Amount) : number + change.Amount;
            return true;
        }

        Int128 exact = (Int128)(long)number + (change.Subtract ? -(Int128)change.Amount : (Int128)change.Amount);
        result = (ulong)exact;
        return exact >= long.MinValue && exact <= long.MaxValue;
    }
}
