using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>The words of ZADD, between the key and the pairs of a score and a member.</summary>
internal struct AddWords
{
    private const int FirstWord = 2;

    /// <summary>Only members that are not there.</summary>
    public bool IsForNew { get; private set; }

    /// <summary>Only members that are there.</summary>
    public bool IsForOld { get; private set; }

    /// <summary>Members that are there only get a higher score.</summary>
    public bool IsForHigher { get; private set; }

    /// <summary>Members that are there only get a lower score.</summary>
    public bool IsForLower { get; private set; }

    /// <summary>Whether members with another score than before are counted too.</summary>
    public bool CountsChanged { get; private set; }

    /// <summary>Whether the score is added to that which is there.</summary>
    public bool IsIncrement { get; private set; }

    /// <summary>Which argument is the first score.</summary>
    public int FirstScore { get; private set; }

    /// <summary>Reads the words, and looks whether what follows are pairs.</summary>
    /// <param name="call">The call.</param>
    /// <param name="isIncrement">Whether it is one without being told.</param>
    /// <param name="words">What they say.</param>
    /// <param name="reply">Is written the error.</param>
    /// <returns>False when there is one.</returns>
    public static bool TryRead(scoped Call call, bool isIncrement, out AddWords words, ref RespReplyWriter reply)
    {
        words = new AddWords { FirstScore = FirstWord, IsIncrement = isIncrement };
        while (words.FirstScore < call.Count && words.Take(call[words.FirstScore]))
        {
            words.FirstScore++;
        }

        int left = call.Count - words.FirstScore;
        ReadOnlySpan<byte> error =
            left == 0 || left % 2 != 0 ? RespErrors.Syntax
            : words is { IsForNew: true, IsForOld: true } ? "ERR XX and NX options at the same time are not compatible"u8
            : words is { IsForHigher: true, IsForLower: true } or { IsForNew: true, IsForHigher: true } or { IsForNew: true, IsForLower: true }
                ? "ERR GT, LT, and/or NX options at the same time are not compatible"u8
            : words.IsIncrement && left > 2 ? "ERR INCR option supports a single increment-element pair"u8
            : default;
        if (!error.IsEmpty)
        {
            reply.WriteError(error);
        }

        return error.IsEmpty;
    }

    /// <summary>Whether a member that is there may get another score.</summary>
    public readonly bool Permit(double before, double score) =>
        !IsForNew && !(IsForHigher && score <= before) && !(IsForLower && score >= before);

    private bool Take(scoped ReadOnlySpan<byte> word)
    {
        bool isForNew = RespWord.Is(word, "nx"u8);
        bool isForOld = RespWord.Is(word, "xx"u8);
        bool isForHigher = RespWord.Is(word, "gt"u8);
        bool isForLower = RespWord.Is(word, "lt"u8);
        bool countsChanged = RespWord.Is(word, "ch"u8);
        bool isIncrement = RespWord.Is(word, "incr"u8);
        IsForNew |= isForNew;
        IsForOld |= isForOld;
        IsForHigher |= isForHigher;
        IsForLower |= isForLower;
        CountsChanged |= countsChanged;
        IsIncrement |= isIncrement;
        return isForNew | isForOld | isForHigher | isForLower | countsChanged | isIncrement;
    }
}
