using FastCache.Protocol;

namespace FastCache.Node.Tests.Properties;

/// <summary>One request, as plain values.</summary>
internal sealed record PlainOperation(Opcode Opcode, uint Id)
{
    public byte[][] Keys { get; init; } = [];

    /// <summary>The value of a set, the payload of a ping.</summary>
    public byte[] Value { get; init; } = [];

    public SetMode Mode { get; init; }

    public ulong ExpectedVersion { get; init; }

    public ulong TimeToLiveMillis { get; init; }

    public bool ReturnVersion { get; init; }

    /// <summary>For a frame that ends the conversation: its bytes, and what the node must say.</summary>
    public byte[]? BadFrame { get; init; }

    public Status FatalStatus { get; init; }

    public string FatalText { get; init; } = "";

    public int Replies => Math.Max(1, Keys.Length);

    public byte[] Encode()
    {
        if (BadFrame is not null)
        {
            return BadFrame;
        }

        byte[] frame = new byte[FcpLimits.MaxSetOverheadBytes + Keys.Sum(key => key.Length + 1) + Value.Length];
        int length = Opcode switch
        {
            Opcode.Hello => RequestWriter.Hello(frame, Id),
            Opcode.Ping => RequestWriter.Ping(frame, Id, Value),
            Opcode.Stats => RequestWriter.Stats(frame, Id),
            Opcode.Get => RequestWriter.Get(frame, Id, Keys[0], ReturnVersion),
            Opcode.BatchGet => RequestWriter.BatchGet(
                frame, Id, Array.ConvertAll(Keys, key => (ReadOnlyMemory<byte>)key), ReturnVersion),
            Opcode.Set => RequestWriter.Set(
                frame, Id, Keys[0], Value, TimeToLiveMillis, Mode, ExpectedVersion, ReturnVersion),
            Opcode.Delete => Mode == SetMode.IfVersion
                ? RequestWriter.Delete(frame, Id, Keys[0], ExpectedVersion)
                : RequestWriter.Delete(frame, Id, Keys[0]),
            Opcode.Touch => RequestWriter.Touch(frame, Id, Keys[0], TimeToLiveMillis),
            _ => throw new InvalidOperationException($"{Opcode}"),
        };
        return frame[..length];
    }
}
