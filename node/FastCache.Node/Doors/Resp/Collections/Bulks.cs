using System.Buffers.Text;
using System.Diagnostics;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>Reads bulks that stand one behind the other, as <see cref="RespReplyWriter.WriteBulk"/> has written them.</summary>
internal ref struct Bulks(ReadOnlySpan<byte> bytes)
{
    private const int EndBytes = 2;

    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Where the last one begins.</summary>
    public int Start { get; private set; }

    /// <summary>Where the next one begins.</summary>
    public int End { get; private set; }

    /// <summary>The contents of the last one.</summary>
    public ReadOnlySpan<byte> Current { get; private set; }

    /// <summary>Reads the next one.</summary>
    /// <returns>False when there is none.</returns>
    public bool TryRead()
    {
        if (End == _bytes.Length)
        {
            return false;
        }

        Start = End;
        bool isBulk = Utf8Parser.TryParse(_bytes[(Start + 1)..], out int length, out int digits);
        Debug.Assert(isBulk && _bytes[Start] == '$');
        int contents = Start + 1 + digits + EndBytes;
        Current = _bytes.Slice(contents, length);
        End = contents + length + EndBytes;
        return true;
    }
}
