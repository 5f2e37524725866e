using System.Buffers.Text;
using FastCache.Core;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Waiting;

/// <summary>What the commands that wait have in common: for how long they say, and what they write where there is nothing.</summary>
internal static class WaitWords
{
    /// <summary>Most keys of one call that waits: each is a place in a queue, in managed memory.</summary>
    private const int MostKeys = 1_024;

    private const double MillisPerSecond = 1_000;

    /// <summary>Reads seconds with fractions.</summary>
    /// <returns>False when it is no time, and the reply says so.</returns>
    public static bool TryReadTimeout(scoped ReadOnlySpan<byte> text, ref RespReplyWriter reply, out long timeoutMillis)
    {
        timeoutMillis = 0;
        if (!Utf8Parser.TryParse(text, out double seconds, out int used) || used != text.Length || double.IsNaN(seconds))
        {
            reply.WriteError("ERR timeout is not a float or out of range"u8);
            return false;
        }

        double millis = Math.Ceiling(seconds * MillisPerSecond);
        if (millis < 0 || millis >= long.MaxValue)
        {
            reply.WriteError(millis < 0 ? "ERR timeout is negative"u8 : "ERR timeout is out of range"u8);
            return false;
        }

        timeoutMillis = (long)millis;
        return true;
    }

    /// <summary>Writes that there is nothing, and asks to wait for it.</summary>
    /// <param name="waits">The shard's.</param>
    /// <param name="kind">What one of the keys has to have.</param>
    /// <param name="timeoutMillis">For how long; 0: for ever.</param>
    /// <param name="firstKey">The argument that is the first key.</param>
    /// <param name="keys">How many there are, one behind the other.</param>
    /// <param name="reply">Where it goes.</param>
    /// <param name="isOfElement">Whether the reply is an element, so that nothing is none where nobody waits; at the end of a wait it is no array.</param>
    public static void Wait(
        Waits waits, CollectionKind kind, long timeoutMillis, int firstKey, int keys, ref RespReplyWriter reply, bool isOfElement = false)
    {
        if (keys > MostKeys)
        {
            reply.WriteError("ERR a client waits for at most 1024 keys here"u8);
            return;
        }

        if (isOfElement && !waits.IsAnswering)
        {
            reply.WriteNull();
        }
        else
        {
            reply.WriteNullArray();
        }

        waits.Ask(kind, timeoutMillis, firstKey, keys);
    }
}
