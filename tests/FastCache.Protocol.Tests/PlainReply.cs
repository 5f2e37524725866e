using System.Text;

namespace FastCache.Protocol.Tests;

/// <summary>A reply as plain values: made at random, written by <see cref="ReplyWriter"/>, read from a
/// <see cref="Reply"/>.</summary>
internal sealed record PlainReply(Opcode Opcode, Status Status, uint Id)
{
    public ReplyFlags Flags { get; init; }

    public uint Argument { get; init; }

    public ulong Version { get; init; }

    public byte[] Value { get; init; } = [];

    public static PlainReply Random(Random random)
    {
        Status[] statuses = Enum.GetValues<Status>();
        Status status = statuses[random.Next(statuses.Length)];
        Opcode[] opcodes = status.IsFatal() ? [Opcode.Error] : [.. PlainRequest.Opcodes, Opcode.Invalidate];
        Opcode opcode = opcodes[random.Next(opcodes.Length)];
        PlainReply reply = new(opcode, status, (uint)random.NextInt64(1L << 32));
        if (status.IsError())
        {
            return reply with { Value = [.. random.Bytes(random.Next(100)).Select(b => (byte)(0x20 + (b % 0x5E)))] };
        }

        ReplyFlags flags = (ReplyFlags)random.Next(8);
        return opcode == Opcode.Hello
            ? reply with { Status = Status.Ok, Value = random.Bytes(FcpLimits.HelloReplyBytes) }
            : reply with
            {
                Flags = flags,
                Argument = (uint)random.Next(1024),
                Version = (flags & ReplyFlags.VersionPresent) != 0 ? (ulong)random.NextInt64() : 0,
                Value = random.Bytes(random.Next(200)),
            };
    }

    public static PlainReply Of(in Reply reply) => new(reply.Opcode, reply.Status, reply.Id)
    {
        Flags = reply.Flags,
        Argument = reply.Argument,
        Version = reply.Version,
        Value = reply.Value.ToArray(),
    };

    public byte[] ToFrame()
    {
        byte[] buffer = new byte[FcpLimits.HeaderBytes + FcpLimits.VersionBytes + Value.Length];
        bool versioned = (Flags & ReplyFlags.VersionPresent) != 0;
        int length = Status.IsError()
            ? ReplyWriter.WriteError(buffer, Opcode, Status, Id, Encoding.UTF8.GetString(Value), Flags, Argument)
            : versioned ? ReplyWriter.WriteVersioned(buffer, Opcode, Status, Id, Version, Value, Flags, Argument)
            : ReplyWriter.Write(buffer, Opcode, Status, Id, Value, Flags, Argument);
        return buffer[..length];
    }

    /// <summary>The meaning column of docs/protocol-vectors.txt.</summary>
    public override string ToString()
    {
        StringBuilder text = new($"{Opcode} {Status} id={Id}");
        Append(Argument > 0, $" {(Opcode is Opcode.BatchGet or Opcode.BatchSet ? "index" : "argument")}={Argument}");
        Append((Flags & ReplyFlags.Last) != 0, " last");
        Append((Flags & ReplyFlags.More) != 0, " more");
        Append((Flags & ReplyFlags.VersionPresent) != 0, $" version={Version}");
        Append(
            Value.Length > 0,
            Status.IsError() || Opcode == Opcode.Stats
                ? $" text={Encoding.UTF8.GetString(Value).Replace("\n", "\\n", StringComparison.Ordinal)}"
                : $" value={PlainRequest.Text(Value)}");
        return text.ToString();

        void Append(bool present, string part) => text.Append(present ? part : "");
    }
}
