using FastCache.Core;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>What the bounds of a range are.</summary>
internal enum RangeKind : byte
{
    /// <summary>Ranks; below 0: counted from behind.</summary>
    Ranks,

    /// <summary>Scores; ( before one excludes it.</summary>
    Scores,

    /// <summary>Members after [ or (, which excludes it; - and + are before and behind all. All members must have one score.</summary>
    Members,
}

/// <summary>Members of a sorted set that follow one another.</summary>
/// <param name="First">Rank of the first one.</param>
/// <param name="Count">How many they are, 0 or more.</param>
internal readonly record struct RankRange(int First, int Count)
{
    /// <summary>What LIMIT leaves.</summary>
    /// <param name="offset">How many are left out at the beginning; below 0: all.</param>
    /// <param name="limit">Most that are left; below 0: all.</param>
    /// <param name="isReverse">Whether the last one is the beginning.</param>
    public RankRange Limited(long offset, long limit, bool isReverse)
    {
        int left = offset < 0 ? 0 : (int)Math.Max(0, Count - offset);
        int count = limit < 0 ? left : (int)Math.Min(left, limit);
        return new RankRange(isReverse ? First + left - count : First + Count - left, count);
    }
}

/// <summary>Bounds of a range of a sorted set, as commands have them.</summary>
internal readonly struct SortedSetRange
{
    private readonly RangeKind _kind;

    // Ranks, or which arguments the bounds of members are.
    private readonly long _start;
    private readonly long _end;
    private readonly ScoreBound _min;
    private readonly ScoreBound _max;

    private SortedSetRange(RangeKind kind, long start, long end)
    {
        _kind = kind;
        (_start, _end) = (start, end);
    }

    private SortedSetRange(ScoreBound min, ScoreBound max)
    {
        _kind = RangeKind.Scores;
        (_min, _max) = (min, max);
    }

    /// <summary>Reads bounds.</summary>
    /// <param name="kind">What they are.</param>
    /// <param name="call">The call.</param>
    /// <param name="low">Which argument is the lower one; of ranks the first one, whatever the order.</param>
    /// <param name="high">Which argument is the upper one.</param>
    /// <param name="range">What they say.</param>
    /// <param name="reply">Is written the error.</param>
    /// <returns>False when there is one.</returns>
    public static bool TryRead(
        RangeKind kind, scoped Call call, int low, int high, out SortedSetRange range, ref RespReplyWriter reply)
    {
        range = default;
        switch (kind)
        {
            case RangeKind.Ranks when RespNumber.TryParse(call[low], out long start) && RespNumber.TryParse(call[high], out long end):
                range = new SortedSetRange(kind, start, end);
                return true;
            case RangeKind.Scores when ScoreBound.TryRead(call[low], out ScoreBound min) && ScoreBound.TryRead(call[high], out ScoreBound max):
                range = new SortedSetRange(min, max);
                return true;
            case RangeKind.Members when IsMemberBound(call[low]) && IsMemberBound(call[high]):
                range = new SortedSetRange(kind, low, high);
                return true;
        }

        reply.WriteError(kind switch
        {
            RangeKind.Ranks => RespErrors.NotAnInteger,
            RangeKind.Scores => "ERR min or max is not a float"u8,
            _ => "ERR min or max not valid string range item"u8,
        });
        return false;
    }

    /// <summary>The members of a set that are in the range.</summary>
    /// <param name="set">A sorted set.</param>
    /// <param name="call">The call whose bounds they are.</param>
    /// <param name="isReverse">Whether ranks are counted from the highest score.</param>
    public RankRange In(scoped CollectionView set, scoped Call call, bool isReverse = false)
    {
        int count = set.Count;
        if (_kind == RangeKind.Ranks)
        {
            long first = Math.Max(0, _start < 0 ? _start + count : _start);
            long last = Math.Min(count - 1, _end < 0 ? _end + count : _end);
            return first > last ? default : new RankRange((int)(isReverse ? count - 1 - last : first), (int)(last - first + 1));
        }

        if (count == 0)
        {
            return default;
        }

        (int start, int end) = _kind == RangeKind.Scores
            ? (_min.RankIn(set, isUpper: false), _max.RankIn(set, isUpper: true))
            : (RankOf(call[(int)_start], set, isUpper: false), RankOf(call[(int)_end], set, isUpper: true));
        return start >= end ? default : new RankRange(start, end - start);
    }

    private static bool IsMemberBound(ReadOnlySpan<byte> text) =>
        text.Length > 0 && (text[0] is (byte)'(' or (byte)'[' || (text[0] is (byte)'-' or (byte)'+' && (text.Length == 1 || text[1] == 0)));

    /// <summary>The first rank above a lower bound, or behind an upper one.</summary>
    private static int RankOf(ReadOnlySpan<byte> bound, scoped CollectionView set, bool isUpper)
    {
        if (bound[0] is (byte)'-' or (byte)'+')
        {
            return bound[0] == '-' ? 0 : set.Count;
        }

        set.TryGetAt(0, out ElementView first);
        return (bound[0] == '[') == isUpper ? set.CountThrough(first.Score, bound[1..]) : set.CountBelow(first.Score, bound[1..]);
    }

    private readonly record struct ScoreBound(double Score, bool IsExclusive)
    {
        /// <summary>Reads a bound as C's strtod does: white space may stand before it, a zero ends it, and nothing at all is 0.</summary>
        public static bool TryRead(ReadOnlySpan<byte> text, out ScoreBound bound)
        {
            bool isExclusive = text.Length > 0 && text[0] == '(';
            text = isExclusive ? text[1..] : text;
            int zero = text.IndexOf((byte)0);
            text = zero < 0 ? text : text[..zero];
            double score = 0;
            bool isRight = text.IsEmpty || RespDouble.TryParse(text.TrimStart(" \t\n\v\f\r"u8), out score);
            bound = new ScoreBound(score, isExclusive);
            return isRight;
        }

        /// <summary>The first rank above a lower bound, or behind an upper one.</summary>
        public int RankIn(scoped CollectionView set, bool isUpper)
        {
            if (IsExclusive == isUpper)
            {
                return set.CountBelow(Score, default);
            }

            return double.IsPositiveInfinity(Score) ? set.Count : set.CountBelow(Math.BitIncrement(Score), default);
        }
    }
}
