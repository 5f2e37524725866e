using System.Net;
using FastCache.Io;
using FastCache.Protocol;

namespace FastCache.Node.Tests.Fakes;

/// <summary>A backend with one connection that does in each pass exactly what a test says.</summary>
/// <param name="passes">The frames that arrive, pass by pass.</param>
/// <param name="isBlocked">Whether the peer takes no replies in a pass; the first one is pass 1.</param>
/// <param name="drainsAtOnce">Whether every send is reported as drained by the poll that sends it.</param>
internal sealed class ScriptedShardIo(byte[][][] passes, Func<int, bool> isBlocked, bool drainsAtOnce) : IShardIo
{
    private const int BufferBytes = 1_024;
    private const int ClosingPass = 10;
    private readonly NativeBuffer _memory = new(8 * BufferBytes);
    private readonly bool[] _lent = new bool[8];
    private bool _blocked;
    private int _pass;

    public Action Finished { get; set; } = () => { };

    public List<uint> ReplyIds { get; } = [];

    public int LentBuffers => _lent.Count(lent => lent);

    public int Shutdowns { get; private set; }

    public string Description => "scripted";

    public IoCounters Counters => default;

    /// <summary>Whether the memory for unread replies is used up in a pass, by other connections.</summary>
    public Func<int, bool> IsBacklogFull { get; set; } = _ => false;

    public long BacklogBytes => IsBacklogFull(_pass) ? 1 : 0;

    public IPEndPoint Listen(IPEndPoint endPoint) => endPoint;

    public void StopListening()
    {
    }

    public ConnectionId Adopt(nint socketDescriptor) => throw new NotSupportedException();

    public void Detach(ConnectionId connection) => throw new NotSupportedException();

    public PeerAddress PeerOf(ConnectionId connection) => default;

    public int Poll(Span<IoEvent> events, int timeoutMillis)
    {
        int count = 0;
        bool wasBlocked = _blocked;
        _blocked = isBlocked(++_pass);
        if (_pass == 1)
        {
            events[count++] = new(IoEventKind.Accepted, default, 0, 0, 0);
        }

        if ((wasBlocked && !_blocked) || (drainsAtOnce && ReplyIds.Count > 0 && Shutdowns == 0))
        {
            events[count++] = new(IoEventKind.Drained, default, 0, 0, 0);
        }

        foreach (byte[] frame in _pass <= passes.Length ? passes[_pass - 1] : [])
        {
            ushort buffer = (ushort)Array.IndexOf(_lent, false);
            _lent[buffer] = true;
            frame.CopyTo(_memory.Span[(buffer * BufferBytes)..]);
            events[count++] = new(IoEventKind.Received, default, buffer, frame.Length, 0);
        }

        if (_pass == ClosingPass)
        {
            events[count++] = new(IoEventKind.Closed, default, 0, 0, 0);
            Finished();
        }

        return count;
    }

    public void Flush()
    {
    }

    public ReadOnlySpan<byte> Received(ushort buffer, int length) => _memory.Span.Slice(buffer * BufferBytes, length);

    public void Release(ushort buffer)
    {
        Assert.True(_lent[buffer], $"buffer {buffer} is released twice");
        _lent[buffer] = false;
    }

    public void Send(ConnectionId connection, ReadOnlySpan<byte> bytes)
    {
        while (ReplyDecoder.Read(bytes, out Reply reply) == DecodeResult.Ok)
        {
            ReplyIds.Add(reply.Id);
            bytes = bytes[reply.FrameLength..];
        }
    }

    public bool IsBlocked(ConnectionId connection) => _blocked;

    public long BacklogOf(ConnectionId connection) => 0;

    public void PauseReceiving(ConnectionId connection)
    {
    }

    public void ResumeReceiving(ConnectionId connection)
    {
    }

    public void ShutdownSend(ConnectionId connection) => Shutdowns++;

    public void Close(ConnectionId connection)
    {
    }

    public void Wake()
    {
    }

    public void Dispose() => _memory.Dispose();
}
