using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastCache.Io;
using FastCache.Node.Sessions;

namespace FastCache.Node.Doors.Resp;

/// <summary>What one shard tells another, which does not answer.</summary>
internal enum NoticeKind : byte
{
    /// <summary>These keys were changed: entries of a <see cref="ChangeLog"/>.</summary>
    Changed,

    /// <summary>All keys may have changed.</summary>
    AllChanged,

    /// <summary>A client is to be told what the contents say, see <see cref="ClientCaching.ClientTracking"/>.</summary>
    Redirected,

    /// <summary>Something has happened to a key, see <see cref="KeyEvents.KeyEventChannels"/>.</summary>
    KeyEvent,
}

/// <summary>Takes a notice from another shard.</summary>
/// <param name="frame">As it came.</param>
internal delegate void TakeNotice(ReadOnlySpan<byte> frame);

/// <summary>Sends notices from one shard to others, to each in the order in which they are given.</summary>
/// <remarks>
/// <code>
///   +----------+---------------+---------------------------+------------------+
///   | Mark i32 | kind, padding | slot i32, generation i32  | contents ...     |
///   +----------+---------------+---------------------------+------------------+
/// </code>
/// The first word stands where a call has its command's place in the table, and is that of none.
/// </remarks>
internal sealed class ShardNotices
{
    /// <summary>In place of a command.</summary>
    public const int Mark = -1;

    /// <summary>Longest contents: a whole <see cref="ChangeLog"/>, also as an array of keys, which takes up to a sixth more.</summary>
    public const int MostContentBytes = 2 * ChangeLog.Bytes;

    /// <summary>Most bytes that wait for the way to one shard to be free.</summary>
    private const int MostWaitingBytes = 4 << 20;

    private static readonly int HeadBytes = Unsafe.SizeOf<Head>();

    private readonly DoorShard _shard;
    private readonly FrameQueue[] _waiting;
    private readonly byte[] _frame = new byte[HeadBytes + MostContentBytes];
    private bool _isWaiting;

    public ShardNotices(DoorShard shard)
    {
        _shard = shard;
        _waiting = [.. Enumerable.Range(0, shard.Topology.ShardCount).Select(_ => new FrameQueue(shard.Carries))];
    }

    /// <summary>Sends a notice to another shard.</summary>
    /// <param name="to">Which one.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="contents">At most <see cref="MostContentBytes"/>.</param>
    /// <param name="connection">Whom it is for, if it is for one.</param>
    /// <returns>False when too many are on their way there.</returns>
    public bool TrySend(int to, NoticeKind kind, ReadOnlySpan<byte> contents, ConnectionId connection = default)
    {
        MemoryMarshal.Write(_frame, new Head { Mark = Mark, Kind = kind, Connection = connection });
        contents.CopyTo(_frame.AsSpan(HeadBytes));
        ReadOnlySpan<byte> frame = _frame.AsSpan(0, HeadBytes + contents.Length);
        if (_waiting[to].IsEmpty && TrySend(to, frame))
        {
            return true;
        }

        _isWaiting = true;
        return _waiting[to].TryAdd(frame, MostWaitingBytes);
    }

    /// <summary>To be called once a pass: sends what waits, as far as the ways are free. When one becomes free there is a pass.</summary>
    public void EndPass()
    {
        if (!_isWaiting)
        {
            return;
        }

        _isWaiting = false;
        for (int to = 0; to < _waiting.Length; to++)
        {
            while (!_waiting[to].IsEmpty && TrySend(to, _waiting[to].First))
            {
                _waiting[to].RemoveFirst();
            }

            _isWaiting |= !_waiting[to].IsEmpty;
        }
    }

    /// <summary>Whether a frame from another shard is a notice rather than a call.</summary>
    public static bool IsNotice(ReadOnlySpan<byte> frame) => MemoryMarshal.Read<int>(frame) == Mark;

    /// <summary>Reads a notice.</summary>
    public static ReadOnlySpan<byte> Read(ReadOnlySpan<byte> frame, out NoticeKind kind, out ConnectionId connection)
    {
        Head head = MemoryMarshal.Read<Head>(frame);
        (kind, connection) = (head.Kind, head.Connection);
        return frame[HeadBytes..];
    }

    private bool TrySend(int to, ReadOnlySpan<byte> frame)
    {
        if (!_shard.Foreign!.TryTell(to, DoorKind.Resp, frame.Length, out Span<byte> place))
        {
            return false;
        }

        frame.CopyTo(place);
        return true;
    }

    private struct Head
    {
        public int Mark;
        public NoticeKind Kind;
        public ConnectionId Connection;
    }
}
