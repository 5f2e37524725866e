namespace FastCache.Protocol.Tests.Examples;

/// <summary>docs/protocol-vectors.txt, line by line, against decoders and encoders.</summary>
public sealed class VectorTests : IDisposable
{
    private static readonly ProtocolLimits Limits = ProtocolLimits.Default;
    private readonly GuardedMemory _memory = new();

    public static TheoryData<string> Requests => [.. Names(vector => vector.IsRequest)];

    public static TheoryData<string> Replies => [.. Names(vector => !vector.IsRequest)];

    public void Dispose() => _memory.Dispose();

    [Theory]
    [MemberData(nameof(Requests))]
    public void Request_decodes_to_what_the_vector_says(string name)
    {
        Vector vector = Vector.All[name];
        ReadOnlySpan<byte> input = _memory.Place(vector.Frame);
        DecodeResult result = RequestDecoder.Read(input, Limits, out Request request);
        string text = RequestDecoder.Explain(input, Limits, out Status status, out _);
        string found = result switch
        {
            DecodeResult.Ok => "ok",
            DecodeResult.NeedMore => $"need-more {request.FrameLength}",
            DecodeResult.ValueTooLarge => $"value-too-large {request.FrameLength}",
            _ => status.ToString(),
        };
        Assert.Equal(vector.Expected, found);
        if (result is DecodeResult.Ok or DecodeResult.Fatal)
        {
            Assert.Equal(vector.Meaning, result == DecodeResult.Ok ? PlainRequest.Of(request).ToString() : text);
        }
    }

    [Theory]
    [MemberData(nameof(Requests))]
    public void Valid_request_is_encoded_to_the_bytes_of_the_vector(string name)
    {
        Vector vector = Vector.All[name];
        if (!vector.IsOk)
        {
            return;
        }

        RequestDecoder.Read(_memory.Place(vector.Frame), Limits, out Request request);
        Assert.Equal(vector.Frame, PlainRequest.Of(request).ToFrame());
    }

    [Theory]
    [MemberData(nameof(Replies))]
    public void Reply_decodes_to_what_the_vector_says(string name)
    {
        Vector vector = Vector.All[name];
        ReadOnlySpan<byte> input = _memory.Place(vector.Frame);
        DecodeResult result = ReplyDecoder.Read(input, out Reply reply);
        string found = result switch
        {
            DecodeResult.Ok => "ok",
            DecodeResult.NeedMore => $"need-more {reply.FrameLength}",
            _ => "fatal",
        };
        Assert.Equal(vector.Expected, found);
        if (result is DecodeResult.Ok or DecodeResult.Fatal)
        {
            string meaning = result == DecodeResult.Ok ? PlainReply.Of(reply).ToString() : ReplyDecoder.Explain(input);
            Assert.Equal(vector.Meaning, meaning);
        }
    }

    [Theory]
    [MemberData(nameof(Replies))]
    public void Valid_reply_is_encoded_to_the_bytes_of_the_vector(string name)
    {
        Vector vector = Vector.All[name];
        if (!vector.IsOk)
        {
            return;
        }

        ReplyDecoder.Read(_memory.Place(vector.Frame), out Reply reply);
        Assert.Equal(vector.Frame, PlainReply.Of(reply).ToFrame());
    }

    [Fact]
    public void Vectors_have_every_opcode_every_status_and_every_flag()
    {
        List<byte[]> requests = [.. Vector.All.Values.Where(v => v.IsRequest && v.IsOk).Select(v => v.Frame)];
        List<byte[]> replies = [.. Vector.All.Values.Where(v => !v.IsRequest && v.IsOk).Select(v => v.Frame)];
        Assert.Equal(
            PlainRequest.Opcodes.Select(opcode => (byte)opcode).Order(),
            requests.Select(frame => frame[1]).Distinct().Order());
        Assert.Equal(
            Enum.GetValues<Status>().Select(status => (byte)status).Order(),
            replies.Select(frame => frame[2]).Distinct().Order());
        Assert.Equal(0xE7, requests.Aggregate(0, (bits, frame) => bits | frame[2]));
        Assert.Equal(0x07, replies.Aggregate(0, (bits, frame) => bits | frame[3]));
        Assert.All(
            Enum.GetValues<SetMode>(),
            mode => Assert.Contains(requests, frame => frame[1] == (byte)Opcode.Set && (frame[2] & 3) == (byte)mode));
    }

    private static IEnumerable<string> Names(Func<Vector, bool> which) =>
        Vector.All.Values.Where(which).Select(v => v.Name);
}
