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

    /// <summary>Members after [ or (, which excludes it; - and + are before and behind all. Names must ascend as scores do.</summary>
    Members,
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
    public ElementRange In(scoped CollectionView set, scoped Call call, bool isReverse = false)
    {
        int count = set.Count;
        if (_kind == RangeKind.Ranks)
        {
            ElementRange ranks = ElementRange.Of(count, _start, _end);
            return isReverse && ranks.Count > 0 ? ranks with { First = count - ranks.First - ranks.Count } : ranks;
        }

        if (count == 0)
        {
            return default;
        }

        (int start, int end) = _kind == RangeKind.Scores
            ? (_min.RankIn(set, isUpper: false), _max.RankIn(set, isUpper: true))
            : (RankOf(call[(int)_start], set, isUpper: false), RankOf(call[(int)_end], set, isUpper: true));
        return start >= end ? default : new ElementRange(start, end - start);
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

        bool takesEqual = (bound[0] == '[') == isUpper;
        set.TryGetAt(0, out ElementView first);
        set.TryGetAt(set.Count - 1, out ElementView last);
        return first.Score != last.Score ? RankByName(bound[1..], set, takesEqual)
            : takesEqual ? set.CountThrough(first.Score, bound[1..])
            : set.CountBelow(first.Score, bound[1..]);
    }

    /// <summary>How many members lie below a name, or through it, in a set whose names ascend as its scores do.</summary>
    private static int RankByName(ReadOnlySpan<byte> name, scoped CollectionView set, bool takesEqual)
    {
        int low = 0;
        int high = set.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            set.TryGetAt(middle, out ElementView member);
            int order = member.Field.SequenceCompareTo(name);
            (low, high) = order < 0 || (order == 0 && takesEqual) ? (middle + 1, high) : (low, middle);
        }

        return low;
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
