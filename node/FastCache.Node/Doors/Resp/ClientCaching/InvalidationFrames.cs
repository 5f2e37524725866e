using FastCache.Node.Sessions;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.ClientCaching;

/// <summary>Writes changed keys as clients are told of them.</summary>
/// <remarks>
/// <code>
///   version 3    push:   invalidate                            array of keys, or null
///   version 2    array:  message, __redis__:invalidate         the same
/// </code>
/// </remarks>
/// <param name="pushes">Where frames go.</param>
/// <param name="counters">Where they are counted.</param>
internal sealed class InvalidationFrames(Pushes pushes, NodeCounters counters)
{
    private const int FrameBytes = ShardNotices.MostContentBytes;

    private readonly byte[] _keys = new byte[FrameBytes];
    private readonly byte[] _frame = new byte[FrameBytes];

    private static ReadOnlySpan<byte> Channel => "__redis__:invalidate"u8;

    /// <summary>Writes an array of one key; good until the next is written.</summary>
    public ReadOnlySpan<byte> ArrayOf(ReadOnlySpan<byte> key)
    {
        RespReplyWriter keys = new(_keys, isVersion3: false);
        keys.WriteArray(1);
        keys.WriteBulk(key);
        return _keys.AsSpan(0, keys.Length);
    }

    /// <summary>Writes an array of the changed keys that a client is told of whether it has read them or not; good until the next is written.</summary>
    /// <param name="told">See <see cref="ChangeLog.Told"/>.</param>
    /// <param name="tracking">The client's.</param>
    /// <param name="own"><see cref="ChangeLog.OriginOf"/> its connection.</param>
    /// <returns>Empty: there are none.</returns>
    public ReadOnlySpan<byte> ArrayOf(ReadOnlySpan<byte> told, TalkTracking tracking, int own)
    {
        // The head stands before the keys, and is written when their number is known.
        RespReplyWriter keys = new(_keys.AsSpan(RespReplyWriter.MaxOverheadBytes), isVersion3: false);
        int count = 0;
        ReadOnlySpan<byte> rest = told;
        while (!rest.IsEmpty)
        {
            ReadOnlySpan<byte> key = ChangeLog.ReadKey(ref rest, out int origin);
            if (!(tracking.IsWithoutOwn && origin == own) && tracking.HasPrefixOf(key))
            {
                keys.WriteBulk(key);
                count++;
            }
        }

        if (count == 0)
        {
            return default;
        }

        RespReplyWriter head = new(_frame, isVersion3: false);
        head.WriteArray(count);
        int start = RespReplyWriter.MaxOverheadBytes - head.Length;
        _frame.AsSpan(0, head.Length).CopyTo(_keys.AsSpan(start));
        return _keys.AsSpan(start, head.Length + keys.Length);
    }

    /// <summary>Pushes keys to a session, if it is one that can be told.</summary>
    /// <param name="session">Of Redis's protocol, or another one, which is told nothing.</param>
    /// <param name="keys">An array of them; empty: all keys.</param>
    public void Push(Session session, ReadOnlySpan<byte> keys)
    {
        if (session.Talk is not RespTalk talk || (!talk.IsVersion3 && talk.Subscriptions is not { IsEmpty: false }))
        {
            return;
        }

        RespReplyWriter frame = new(_frame, talk.IsVersion3);
        if (talk.IsVersion3)
        {
            frame.WritePush(2);
            frame.WriteBulk("invalidate"u8);
        }
        else
        {
            frame.WriteArray(3);
            frame.WriteBulk("message"u8);
            frame.WriteBulk(Channel);
        }

        if (keys.IsEmpty)
        {
            frame.WriteNull();
        }
        else
        {
            keys.CopyTo(frame.Rest);
            frame.Take(keys.Length);
        }

        counters.TrackingMessages++;
        pushes.Add(session, _frame.AsSpan(0, frame.Length));
    }
}
