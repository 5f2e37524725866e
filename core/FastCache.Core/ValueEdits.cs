using System.Buffers.Text;
using System.Runtime.CompilerServices;
using FastCache.Core.Compression;
using FastCache.Core.Items;

namespace FastCache.Core;

/// <summary>Which numbers a counter counts with, named for what happens at their ends.</summary>
public enum CounterKind : byte
{
    /// <summary>0 to 2^64 - 1: adding wraps around to 0, subtracting stops at 0. memcached's rules.</summary>
    Wrapping,

    /// <summary>-2^63 to 2^63 - 1: a result beyond either end is refused with <see cref="WriteOutcome.Overflow"/>. Redis's rules.</summary>
    Checked,
}

/// <summary>A change of a counter.</summary>
/// <param name="Kind">Its numbers.</param>
/// <param name="Amount">How much, without a sign.</param>
/// <param name="Subtract">Whether it is taken off.</param>
/// <param name="Initial">
/// What an absent counter becomes, without applying the change; null: it stays absent and the answer is
/// <see cref="WriteOutcome.NotFound"/>. A <see cref="CounterKind.Checked"/> counter takes it as the bits of a long.
/// </param>
/// <param name="InitialTimeToLiveMillis">Milliseconds that such a new counter lives; 0: for ever.</param>
public readonly record struct CounterChange(
    CounterKind Kind,
    ulong Amount,
    bool Subtract = false,
    ulong? Initial = null,
    ulong InitialTimeToLiveMillis = 0)
{
    /// <summary>
    /// Whether a counter never becomes shorter: spaces follow it, as in memcached. A <see cref="CounterKind.Wrapping"/> counter is read
    /// with any spaces behind it.
    /// </summary>
    public bool KeepsLength { get; init; }

    /// <summary><see cref="SetOptions.Unique"/> of the counter afterwards.</summary>
    public ulong Unique { get; init; }
}

/// <summary>Changes a stored value in place: counters, append, prepend. Its life stays, its version is new.</summary>
/// <remarks>
/// Counters are stored as decimal text, as the text protocols of this field have them, so that they are read like any
/// other value. Edits take values of up to <see cref="MaxValueBytes"/>: the shard stands still while one is put together.
/// </remarks>
public sealed unsafe class ValueEdits
{
    /// <summary>Longest result in bytes of an append or prepend.</summary>
    public const int MaxValueBytes = ValueScratch.ValueBytes;

    /// <summary>Longest counter, with the spaces behind it.</summary>
    private const int MaxCounterBytes = 64;

    private readonly Shard _shard;
    private readonly ValueScratch _scratch;

    internal ValueEdits(Shard shard, ValueScratch scratch)
    {
        _shard = shard;
        _scratch = scratch;
    }

    /// <summary>Adds to or subtracts from a counter.</summary>
    /// <param name="key"><see cref="Shard.MinKeyBytes"/> to <see cref="Shard.MaxKeyBytes"/> bytes.</param>
    /// <param name="change">The change.</param>
    /// <param name="result">The counter afterwards, the bits of a long for <see cref="CounterKind.Checked"/>; 0 on <see cref="WriteOutcome.Overflow"/>.</param>
    /// <param name="version">The counter's version; 0 unless <see cref="WriteOutcome.Done"/>.</param>
    /// <returns>Also <see cref="WriteOutcome.NotFound"/>, <see cref="WriteOutcome.NotANumber"/>, <see cref="WriteOutcome.Overflow"/>, <see cref="WriteOutcome.ValueTooLarge"/>, <see cref="WriteOutcome.OutOfMemory"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The key's length is out of range.</exception>
    public WriteOutcome Count(ReadOnlySpan<byte> key, in CounterChange change, out ulong result, out ulong version)
    {
        Shard.ThrowIfNotKey(key);
        fixed (byte* start = key)
        {
            return Count(_shard.Hashed(start, key.Length), change, out result, out version);
        }
    }

    /// <inheritdoc cref="Count(ReadOnlySpan{byte}, in CounterChange, out ulong, out ulong)"/>
    public WriteOutcome Count(scoped in LookupKey key, in CounterChange change, out ulong result, out ulong version)
    {
        version = 0;
        result = 0;
        uint existing = _shard.FindResident(key, out bool isLive);
        Life life;
        if (isLive)
        {
            if (!TryParse(_shard.At(existing), change.Kind, out ulong number))
            {
                return WriteOutcome.NotANumber;
            }

            if (!TryApply(number, change, out result))
            {
                result = 0;
                return WriteOutcome.Overflow;
            }

            life = Life.Of(_shard.At(existing));
        }
        else if (change.Initial is ulong initial)
        {
            result = initial;
            life = Life.From(new SetOptions(TimeToLiveMillis: change.InitialTimeToLiveMillis), _shard.Now);
        }
        else
        {
            return WriteOutcome.NotFound;
        }

        Span<byte> text = stackalloc byte[MaxCounterBytes];
        bool isNegative = change.Kind == CounterKind.Checked && (long)result < 0;
        bool formatted = isNegative
            ? Utf8Formatter.TryFormat((long)result, text, out int length)
            : Utf8Formatter.TryFormat(result, text, out length);
        System.Diagnostics.Debug.Assert(formatted);
        if (isLive && change.KeepsLength && _shard.At(existing)->ValueLength is int before && before > length)
        {
            text[length..before].Fill((byte)' ');
            length = before;
        }

        if (length > _shard.MaxValueBytes)
        {
            return WriteOutcome.ValueTooLarge;
        }

        return _shard.Writer.Write(
            key, text[..length], existing, life.WithUnique(change.Unique), _shard.NextVersion(), out version);
    }

    /// <summary>Puts bytes behind (or before) a value that is there.</summary>
    /// <param name="key"><see cref="Shard.MinKeyBytes"/> to <see cref="Shard.MaxKeyBytes"/> bytes.</param>
    /// <param name="piece">The bytes; with the value at most <see cref="MaxValueBytes"/>.</param>
    /// <param name="atFront">Whether they go before it.</param>
    /// <param name="version">The value's version; 0 unless <see cref="WriteOutcome.Done"/>.</param>
    /// <param name="unique"><see cref="SetOptions.Unique"/> of the value afterwards.</param>
    /// <returns>Also <see cref="WriteOutcome.NotFound"/>, <see cref="WriteOutcome.ValueTooLarge"/>, <see cref="WriteOutcome.OutOfMemory"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The key's length is out of range.</exception>
    public WriteOutcome Append(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> piece, bool atFront, out ulong version, ulong unique = 0)
    {
        Shard.ThrowIfNotKey(key);
        fixed (byte* start = key)
        {
            return Append(_shard.Hashed(start, key.Length), piece, atFront, out version, unique);
        }
    }

    /// <inheritdoc cref="Append(ReadOnlySpan{byte}, ReadOnlySpan{byte}, bool, out ulong, ulong)"/>
    public WriteOutcome Append(
        scoped in LookupKey key, ReadOnlySpan<byte> piece, bool atFront, out ulong version, ulong unique = 0)
    {
        version = 0;
        uint existing = _shard.FindResident(key, out bool isLive);
        if (!isLive || !_shard.TryView(existing, key.Hash, out ItemView item, isLookup: false))
        {
            return WriteOutcome.NotFound;
        }

        long total = item.Length + piece.Length;
        if (total > Math.Min(MaxValueBytes, _shard.MaxValueBytes))
        {
            return WriteOutcome.ValueTooLarge;
        }

        int length = (int)item.Length;
        Span<byte> whole = new(_scratch.Value, (int)total);
        item.CopyTo(whole.Slice(atFront ? piece.Length : 0, length));
        piece.CopyTo(whole[(atFront ? 0 : length)..]);
        Life life = Life.Of(_shard.At(existing)).WithUnique(unique);
        return _shard.Writer.Write(key, whole, existing, life, _shard.NextVersion(), out version);
    }

    /// <summary>Puts bytes over a part of a value, with zeros between its end and them; an absent key gets zeros and them.</summary>
    /// <param name="key"><see cref="Shard.MinKeyBytes"/> to <see cref="Shard.MaxKeyBytes"/> bytes.</param>
    /// <param name="offset">Where in the value, 0 or more.</param>
    /// <param name="piece">The bytes; they end at <see cref="MaxValueBytes"/> at the latest.</param>
    /// <param name="length">Bytes of the value afterwards.</param>
    /// <param name="version">The value's version; 0 unless <see cref="WriteOutcome.Done"/>.</param>
    /// <returns>Also <see cref="WriteOutcome.NotFound"/> when the key has a collection, <see cref="WriteOutcome.ValueTooLarge"/>, <see cref="WriteOutcome.OutOfMemory"/>.</returns>
    public WriteOutcome Overwrite(scoped in LookupKey key, long offset, ReadOnlySpan<byte> piece, out int length, out ulong version)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        version = 0;
        length = 0;
        if (offset > MaxValueBytes - piece.Length)
        {
            return WriteOutcome.ValueTooLarge;
        }

        uint existing = _shard.FindResident(key, out bool isLive);
        if (isLive && (_shard.At(existing)->Kind & Item.Collection) != 0)
        {
            return WriteOutcome.NotFound;
        }

        ItemView item = default;
        bool isThere = isLive && _shard.TryView(existing, key.Hash, out item, isLookup: false);
        long before = isThere ? item.Length : 0;
        if (Math.Max(before, offset + piece.Length) > Math.Min(MaxValueBytes, _shard.MaxValueBytes))
        {
            return WriteOutcome.ValueTooLarge;
        }

        length = (int)Math.Max(before, offset + piece.Length);
        Span<byte> whole = new(_scratch.Value, length);
        if (isThere)
        {
            item.CopyTo(whole[..(int)before]);
        }

        whole[(int)before..].Clear();
        piece.CopyTo(whole[(int)offset..]);
        // A damaged value was removed when it was looked at.
        Life life = isThere ? Life.Of(_shard.At(existing)) : default;
        return _shard.Writer.Write(
            key, whole, isThere || !isLive ? existing : 0, life, _shard.NextVersion(), out version);
    }

    private static bool TryParse(Item* item, CounterKind kind, out ulong number)
    {
        number = 0;
        if ((item->Kind & (Item.SeveralChunks | Item.Compressed | Item.Collection)) != 0 || item->ValueLength is 0 or > MaxCounterBytes)
        {
            return false;
        }

        ReadOnlySpan<byte> text = new(Item.Value(item), item->ValueLength);
        if (kind == CounterKind.Checked)
        {
            bool parsed = Utf8Parser.TryParse(text, out long signed, out int used) && used == text.Length && text[0] != '+';
            number = (ulong)signed;
            // As it would be written: Redis takes no other form.
            return parsed && (text[0] == '0' ? text.Length == 1 : !text.StartsWith("-0"u8));
        }

        text = text.TrimEnd((byte)' ');
        return !text.IsEmpty && Utf8Parser.TryParse(text, out number, out int consumed) && consumed == text.Length && text[0] != '+';
    }

    private static bool TryApply(ulong number, in CounterChange change, out ulong result)
    {
        if (change.Kind == CounterKind.Wrapping)
        {
            result = !change.Subtract ? number + change.Amount : number > change.Amount ? number - change.Amount : 0;
            return true;
        }

        Int128 sum = (long)number + (change.Subtract ? -(Int128)change.Amount : change.Amount);
        result = (ulong)(long)Int128.Clamp(sum, long.MinValue, long.MaxValue);
        return sum >= long.MinValue && sum <= long.MaxValue;
    }
}
