using FastCache.Protocol;

namespace FastCache.Node.Tests.Fakes;

/// <summary>A client that sends what it has made up, and takes replies apart.</summary>
internal abstract class TalkingClient(Random random) : IFakeClient
{
    private byte[] _outgoing = Frame(frame => RequestWriter.Hello(frame, 0, (uint)Features.Push));
    private byte[] _unread = [];

    protected delegate int Write(Span<byte> frame);

    public abstract bool WantsToClose { get; }

    public bool HasEndedInput => false;

    public int WriteTo(Span<byte> destination)
    {
        if (_outgoing.Length == 0 && random.Next(3) != 0)
        {
            _outgoing = Next() ?? [];
        }

        int length = Math.Min(_outgoing.Length, destination.Length);
        _outgoing.AsSpan(0, length).CopyTo(destination);
        _outgoing = _outgoing[length..];
        return length;
    }

    public void Read(ReadOnlySpan<byte> bytes)
    {
        byte[] all = [.. _unread, .. bytes];
        ReadOnlySpan<byte> rest = all;
        while (ReplyDecoder.Read(rest, out Reply reply) == DecodeResult.Ok)
        {
            Take(reply);
            rest = rest[reply.FrameLength..];
        }

        _unread = rest.ToArray();
    }

    public void ReadEnd() => Assert.Fail("the node ended the conversation");

    protected static byte[] Frame(Write write)
    {
        byte[] frame = new byte[500];
        return frame[..write(frame)];
    }

    /// <summary>The next request, or null if there is none now.</summary>
    protected abstract byte[]? Next();

    protected abstract void Take(in Reply reply);
}
