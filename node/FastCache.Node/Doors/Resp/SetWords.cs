using FastCache.Core;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>The words behind the key of SET and GETEX: a condition, a life, and whether the value before is wanted.</summary>
internal struct SetWords
{
    private const long MillisPerSecond = 1000;

    public SetCondition Condition { get; private set; }

    /// <summary>Whether the value before is the reply.</summary>
    public bool ReturnsOld { get; init; }

    /// <summary>Whether the life before goes on.</summary>
    public bool KeepsLife { get; private set; }

    /// <summary>Whether the life before becomes endless.</summary>
    public bool Persists { get; private set; }

    /// <summary>Whether a time was given.</summary>
    public bool HasTime { get; private set; }

    /// <summary>Whether that time has been already.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Milliseconds from now; 0: without end.</summary>
    public ulong TimeToLiveMillis { get; private set; }

    /// <summary>Reads the words of SET.</summary>
    /// <param name="call">The call; they begin with its fourth argument.</param>
    /// <param name="unixMillis">The wall clock.</param>
    /// <param name="words">What they say.</param>
    /// <param name="reply">Gets the error when they are wrong.</param>
    public static bool TryReadSet(scoped Call call, long unixMillis, out SetWords words, ref RespReplyWriter reply)
    {
        SetCondition condition = SetCondition.Always;
        bool returnsOld = false;
        bool keepsLife = false;
        int time = 0;
        for (int i = 3; i < call.Count; i++)
        {
            ReadOnlySpan<byte> word = call[i];
            if (RespWord.Is(word, "nx"u8) && condition != SetCondition.IfPresent)
            {
                condition = SetCondition.IfAbsent;
            }
            else if (RespWord.Is(word, "xx"u8) && condition != SetCondition.IfAbsent)
            {
                condition = SetCondition.IfPresent;
            }
            else if (RespWord.Is(word, "get"u8))
            {
                returnsOld = true;
            }
            else if (RespWord.Is(word, "keepttl"u8) && time == 0)
            {
                keepsLife = true;
            }
            else if (IsTime(word) && !keepsLife && i + 1 < call.Count && (time == 0 || IsSame(word, call[time])))
            {
                time = i++;
            }
            else
            {
                words = default;
                reply.WriteError(RespErrors.Syntax);
                return false;
            }
        }

        words = new SetWords { Condition = condition, ReturnsOld = returnsOld, KeepsLife = keepsLife };
        return time == 0 || words.TryTakeTime(call, time, unixMillis, "set"u8, ref reply);
    }

    /// <summary>Whether the words of a GETEX are such that it takes; of a time that is all that is looked at.</summary>
    public static bool AreForGetEx(scoped Call call) =>
        call.Count == 2 || (call.Count == 3 && RespWord.Is(call[2], "persist"u8)) || (call.Count == 4 && IsTime(call[2]));

    /// <summary>Reads the words of GETEX.</summary>
    /// <param name="call">One for which <see cref="AreForGetEx"/> holds.</param>
    /// <inheritdoc cref="TryReadSet"/>
    public static bool TryReadGetEx(scoped Call call, long unixMillis, out SetWords words, ref RespReplyWriter reply)
    {
        words = new SetWords { Persists = call.Count == 3 };
        return call.Count != 4 || words.TryTakeTime(call, 2, unixMillis, "getex"u8, ref reply);
    }

    /// <summary>Takes a time.</summary>
    /// <param name="text">The number.</param>
    /// <param name="isSeconds">Whether it counts seconds, not milliseconds.</param>
    /// <param name="isAbsolute">Whether it counts from 1970.</param>
    /// <param name="unixMillis">The wall clock.</param>
    /// <param name="name">The command's, for the error.</param>
    /// <param name="reply">Gets the error.</param>
    public bool TryTakeTime(
        scoped ReadOnlySpan<byte> text, bool isSeconds, bool isAbsolute, long unixMillis, scoped ReadOnlySpan<byte> name, ref RespReplyWriter reply)
    {
        if (!RespNumber.TryParse(text, out long time))
        {
            reply.WriteError(RespErrors.NotAnInteger);
            return false;
        }

        if (time <= 0 || (isSeconds && time > long.MaxValue / MillisPerSecond)
            || (!isAbsolute && (isSeconds ? time * MillisPerSecond : time) > long.MaxValue - unixMillis))
        {
            RespErrors.WriteInvalidExpiry(name, ref reply);
            return false;
        }

        time = isSeconds ? time * MillisPerSecond : time;
        HasTime = true;
        IsOver = isAbsolute && time <= unixMillis;
        TimeToLiveMillis = IsOver ? 1 : (ulong)(isAbsolute ? time - unixMillis : time);
        return true;
    }

    private static bool IsTime(ReadOnlySpan<byte> word) =>
        RespWord.Is(word, "ex"u8) || RespWord.Is(word, "px"u8) || RespWord.Is(word, "exat"u8) || RespWord.Is(word, "pxat"u8);

    /// <summary>Whether two words for a time are the same; then the last one holds.</summary>
    private static bool IsSame(ReadOnlySpan<byte> word, ReadOnlySpan<byte> other) =>
        word.Length == other.Length && (word[0] | 0x20) == (other[0] | 0x20);

    private bool TryTakeTime(scoped Call call, int index, long unixMillis, scoped ReadOnlySpan<byte> name, ref RespReplyWriter reply)
    {
        ReadOnlySpan<byte> word = call[index];
        bool isSeconds = (word[0] | 0x20) == 'e';
        return TryTakeTime(call[index + 1], isSeconds, isAbsolute: word.Length == 4, unixMillis, name, ref reply);
    }
}
