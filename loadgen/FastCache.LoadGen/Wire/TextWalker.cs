using System.Runtime.CompilerServices;
using System.Text;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Workload;

namespace FastCache.LoadGen.Wire;

/// <summary>Takes one connection's received lines and values apart, wherever they are cut, and checks every reply.</summary>
/// <remarks>
/// <code>
///            a line is there              value and its line end are there
///   Line ───────────────────────► Value ──────────────────────────────────► Line
///    │   _carried bytes of it     _bodyLeft bytes are skipped                ▲
///    │   are kept                                                            │
///    └───────────────────────────────────────────────────────────────────────┘
///            a line is there that no value follows
/// </code>
/// Replies come in the order of the requests. Each is compared with what its request, a get or a set, must get, and one
/// value in 1,024 with what was written.
/// </remarks>
/// <param name="replies">What is allowed.</param>
/// <param name="requests">What was asked for; null: sets only, in a stream without end.</param>
/// <param name="start">Index of the first request.</param>
internal struct TextWalker(TextReplies replies, RequestStream? requests, int start) : IReplyWalker
{
    private const int SampleMask = 1023;
    private const int LineEndBytes = 2;
    private const int MostQuotedBytes = 120;

    private readonly int _ring = requests?.Count ?? int.MaxValue;
    private LineStart _carry;
    private int _carried;
    private int _bodyLeft;
    private int _expected = start;

    /// <summary>Whether the last bytes ended in the middle of a reply.</summary>
    public readonly bool IsInsideReply => _carried > 0 || _bodyLeft > 0;

    private readonly bool IsWrite => requests is null || requests.IsWrite(_expected);

    public readonly void Sent(int first, int count)
    {
    }

    /// <inheritdoc/>
    public void Walk<TSink>(ReadOnlySpan<byte> bytes, ref TSink sink)
        where TSink : struct, IReplySink
    {
        while (!bytes.IsEmpty)
        {
            bytes = _bodyLeft > 0 ? SkipBody(bytes, ref sink)
                : _carried > 0 ? FinishLine(bytes, ref sink)
                : Next(bytes, bytes, ref sink);
        }
    }

    /// <summary>Takes what comes first: a reply, or as much as there is of one; returns what follows it.</summary>
    /// <param name="line">Bytes that start with a line, or with the start of one.</param>
    /// <param name="bytes">The end of <paramref name="line"/>: what is not carried.</param>
    /// <param name="sink">Hears of the reply.</param>
    private ReadOnlySpan<byte> Next<TSink>(ReadOnlySpan<byte> line, ReadOnlySpan<byte> bytes, scoped ref TSink sink)
        where TSink : struct, IReplySink
    {
        int carried = line.Length - bytes.Length;
        bool isWrite = IsWrite;
        if (isWrite && line.StartsWith(replies.Write))
        {
            Advance(ReplyKind.Write, ref sink);
            return bytes[(replies.Write.Length - carried)..];
        }

        if (!isWrite && line.StartsWith(replies.Hit))
        {
            return Body(bytes[(replies.Hit.Length - carried)..], ref sink);
        }

        if (!isWrite && line.StartsWith(replies.Miss))
        {
            Advance(ReplyKind.Miss, ref sink);
            return bytes[(replies.Miss.Length - carried)..];
        }

        bool mayBecomeOne = isWrite
            ? replies.Write.StartsWith(line)
            : replies.Hit.StartsWith(line) || replies.Miss.StartsWith(line);
        if (!mayBecomeOne)
        {
            throw Wrong(line);
        }

        bytes.CopyTo(((Span<byte>)_carry)[carried..]);
        _carried = line.Length;
        return default;
    }

    /// <summary>The same with a line whose start is kept: its bytes are added to the start, as many as a line has.</summary>
    private ReadOnlySpan<byte> FinishLine<TSink>(ReadOnlySpan<byte> bytes, scoped ref TSink sink)
        where TSink : struct, IReplySink
    {
        Span<byte> line = stackalloc byte[TextReplies.MaxLineBytes];
        ((Span<byte>)_carry)[.._carried].CopyTo(line);
        int added = Math.Min(TextReplies.MaxLineBytes - _carried, bytes.Length);
        bytes[..added].CopyTo(line[_carried..]);
        int length = _carried + added;
        _carried = 0;
        int left = Next(line[..length], bytes[..added], ref sink).Length;
        return bytes[(added - left)..];
    }

    /// <summary>A line is there that a value follows.</summary>
    private ReadOnlySpan<byte> Body<TSink>(ReadOnlySpan<byte> bytes, scoped ref TSink sink)
        where TSink : struct, IReplySink
    {
        _bodyLeft = replies.ValueBytes + LineEndBytes;
        if ((_expected & SampleMask) == 0 && bytes.Length >= replies.ValueBytes)
        {
            CheckValue(bytes[..replies.ValueBytes]);
        }

        return SkipBody(bytes, ref sink);
    }

    private ReadOnlySpan<byte> SkipBody<TSink>(ReadOnlySpan<byte> bytes, scoped ref TSink sink)
        where TSink : struct, IReplySink
    {
        int skipped = Math.Min(_bodyLeft, bytes.Length);
        for (int left = Math.Min(_bodyLeft, LineEndBytes); left > _bodyLeft - skipped; left--)
        {
            if (bytes[_bodyLeft - left] != (left == LineEndBytes ? (byte)'\r' : (byte)'\n'))
            {
                throw new LoadFailedException(
                    $"wrong reply: the value of request {_expected} has not {replies.ValueBytes} bytes");
            }
        }

        _bodyLeft -= skipped;
        if (_bodyLeft == 0)
        {
            Advance(ReplyKind.Hit, ref sink);
        }

        return bytes[skipped..];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Advance<TSink>(ReplyKind kind, scoped ref TSink sink)
        where TSink : struct, IReplySink
    {
        _expected = _expected + 1 == _ring ? 0 : _expected + 1;
        sink.Accept(kind);
    }

    private readonly void CheckValue(ReadOnlySpan<byte> value)
    {
        if (requests is not null && !ValuePattern.Matches(requests.KeyNumber(_expected), value))
        {
            throw new LoadFailedException($"wrong reply: the value of request {_expected} is not what was written");
        }
    }

    private readonly LoadFailedException Wrong(ReadOnlySpan<byte> line)
    {
        int end = line.IndexOf((byte)'\r');
        ReadOnlySpan<byte> quoted = line[..Math.Min(end < 0 ? line.Length : end, MostQuotedBytes)];
        return new(
            $"wrong reply: '{Encoding.ASCII.GetString(quoted)}' to request {_expected} ({(IsWrite ? "a write" : "a read")}), " +
            $"and values have {replies.ValueBytes} bytes");
    }

    [InlineArray(TextReplies.MaxLineBytes)]
    private struct LineStart
    {
        private byte _first;
    }
}
