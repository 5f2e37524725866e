using FastCache.Core;

namespace FastCache.Bench.Soak;

/// <summary>Reads values and compares every byte that is read with what the key's values must be.</summary>
internal sealed class ValueReading(SoakContext soak)
{
    private const int PartsOneIn = 4;

    /// <summary>Reads a value, whole or in part, and says what it is.</summary>
    /// <exception cref="SoakFaultException">A byte is wrong.</exception>
    public Content Read(long key, in ItemView item)
    {
        if (item.Length > soak.MostValueBytes)
        {
            throw soak.Fault($"a value of {item.Length} bytes", key);
        }

        if (!item.IsContiguous && item.Length > ValuePattern.HeaderBytes && SoakKeys.FamilyOf(key) == ValueFamily.Pattern
            && soak.Random.OneIn(PartsOneIn))
        {
            return ReadParts(key, item);
        }

        Span<byte> copy = soak.Copy[..(int)item.Length];
        if (!item.IsContiguous)
        {
            soak.Meter.Begin();
            item.CopyTo(copy);
            soak.Meter.End(OperationKind.Copy, copy.Length);
        }

        return Verify(key, item.IsContiguous ? item.Value : copy);
    }

    /// <summary>Says what a whole value is.</summary>
    /// <exception cref="SoakFaultException">A byte is wrong.</exception>
    public Content Verify(long key, ReadOnlySpan<byte> value)
    {
        soak.VerifiedBytes += value.Length;
        switch (SoakKeys.FamilyOf(key))
        {
            case ValueFamily.Counter when CounterText.TryRead(key, value, out ulong number):
                return new Content(value.Length, number);
            case ValueFamily.Cells when CellText.IsValid(key, value):
                return new Content(value.Length, CellText.FirstSerial(value), CellText.LastSerial(value));
            case ValueFamily.Pattern
                when ValuePattern.TryRead(key, value.Length, value[..Math.Min(value.Length, ValuePattern.HeaderBytes)], out ValuePattern pattern)
                && pattern.Matches(0, value):
                return new Content(value.Length, pattern.Generation);
            default:
                throw soak.Fault($"wrong bytes in a value of {value.Length}: {Convert.ToHexString(value[..Math.Min(value.Length, 64)])}", key);
        }
    }

    /// <summary>Reads the header and a piece somewhere.</summary>
    private Content ReadParts(long key, in ItemView item)
    {
        Span<byte> header = soak.Copy[..ValuePattern.HeaderBytes];
        item.CopyTo(0, header);
        bool isRight = ValuePattern.TryRead(key, item.Length, header, out ValuePattern pattern);
        long offset = soak.Random.Below(item.Length + 1);
        Span<byte> piece = soak.Copy[..(int)soak.Random.Logarithmic(1, soak.MostValueBytes)];
        soak.Meter.Begin();
        int copied = item.CopyTo(offset, piece);
        soak.Meter.End(OperationKind.Copy, copied);
        soak.VerifiedBytes += header.Length + copied;
        isRight &= copied == Math.Min(piece.Length, item.Length - offset) && pattern.Matches(offset, piece[..copied]);
        return isRight
            ? new Content(item.Length, pattern.Generation)
            : throw soak.Fault($"wrong bytes in a value of {item.Length}, {copied} from {offset}", key);
    }
}
