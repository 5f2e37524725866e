using System.Buffers.Text;
using FastCache.Protocol.Memcached;

namespace FastCache.Node.Doors.Memcached;

/// <summary>What the replies of all meta commands have in common.</summary>
internal static class MetaReplies
{
    private const int MillisPerSecond = 1_000;

    /// <summary>Writes a status with what is echoed.</summary>
    public static void WriteEnd(in MemcachedRequest request, ReadOnlySpan<byte> code, bool mayBeQuiet, ref Line reply)
    {
        if (mayBeQuiet && request.IsQuiet)
        {
            return;
        }

        reply.Add(code);
        MemcachedTokens flags = new(request.Arguments);
        while (flags.TryNext(out ReadOnlySpan<byte> flag))
        {
            AddEcho(request, flag, ref reply);
        }

        reply.Add("\r\n"u8);
    }

    /// <summary>Adds the first word of a reply, with the length of the value that follows if one does.</summary>
    public static void AddStatus(bool hasValue, long length, ref Line reply)
    {
        if (hasValue)
        {
            reply.Add("VA "u8);
            reply.Add(length);
        }
        else
        {
            reply.Add("HD"u8);
        }
    }

    /// <summary>Adds what a flag says when it is one that every reply gives back: O and k.</summary>
    public static void AddEcho(in MemcachedRequest request, ReadOnlySpan<byte> flag, ref Line reply)
    {
        if (flag[0] == 'O')
        {
            reply.Add(" "u8);
            reply.Add(flag);
        }
        else if (flag[0] == 'k')
        {
            reply.Add(" k"u8);
            AddKey(request, ref reply);
            reply.Add((request.Meta & MetaOptions.IsBase64) != 0 ? " b"u8 : default);
        }
    }

    /// <summary>Adds the key as it came: base64 if it was.</summary>
    public static void AddKey(in MemcachedRequest request, ref Line reply)
    {
        if ((request.Meta & MetaOptions.IsBase64) == 0)
        {
            reply.Add(request.Key);
            return;
        }

        Base64.EncodeToUtf8(request.Key, reply.Begin(Base64.GetMaxEncodedToUtf8Length(request.Key.Length)), out _, out _);
    }

    /// <param name="flag">With a space before it.</param>
    /// <param name="number">What it says.</param>
    /// <param name="reply">The reply.</param>
    public static void AddNumber(ReadOnlySpan<byte> flag, ulong number, ref Line reply)
    {
        reply.Add(flag);
        reply.Add(number);
    }

    /// <summary>What t and exp say: full seconds, rounded up; -1 for what never ends.</summary>
    /// <param name="millis">0: it never ends.</param>
    public static long RestSeconds(long millis) => millis == 0 ? -1 : (millis + MillisPerSecond - 1) / MillisPerSecond;
}
