namespace FastCache.Protocol;

/// <summary>What the argument word of an opcode holds.</summary>
internal enum ArgumentKind : byte
{
    /// <summary>Nothing: it must be 0.</summary>
    Zero,

    /// <summary>Any number: a length, a credit, the id of a stream.</summary>
    Any,

    /// <summary>The number of keys or entries of a batch, 1 to maxBatchKeys.</summary>
    BatchCount,

    /// <summary>How many items and buckets a scan looks at, 1 to maxBatchKeys.</summary>
    Looks,

    /// <summary><see cref="Protocol.SetExtras"/>.</summary>
    SetExtras,

    /// <summary><see cref="Protocol.CountExtras"/>.</summary>
    CountExtras,

    /// <summary>Milliseconds of a lease, 1 to <see cref="FcpLimits.MaxLeaseMillis"/>.</summary>
    LeaseMillis,

    /// <summary>0 or 1.</summary>
    OnOff,
}

/// <summary>What follows the fields and the key in the body of an opcode.</summary>
internal enum TailKind : byte
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary><see cref="HelloRequest"/>, <see cref="FcpLimits.HelloRequestBytes"/> bytes.</summary>
    Hello,

    /// <summary>Up to <see cref="FcpLimits.MaxPingBytes"/> bytes.</summary>
    Ping,

    /// <summary>What the keys of a scan begin with: up to maxKeyBytes.</summary>
    Prefix,

    /// <summary>The keys of a batched get.</summary>
    Keys,

    /// <summary>The entries of a batched set.</summary>
    Entries,

    /// <summary>A value of up to maxValueBytes; a longer one is skipped.</summary>
    Value,

    /// <summary>Up to <see cref="FcpLimits.MaxPieceBytes"/> bytes.</summary>
    Piece,
}

/// <summary>One row of the table of opcodes in docs/protocol.md.</summary>
/// <param name="Flags">The flags that it knows; bits 0 and 1 for any mode.</param>
/// <param name="HasKey">Whether keyLength is the length of a key, rather than 0.</param>
/// <param name="Argument">What the argument word holds.</param>
/// <param name="FieldBytes">Bytes of the fields that every body has before its key.</param>
/// <param name="Tail">What follows the key.</param>
internal readonly record struct OpcodeRule(
    RequestFlags Flags, bool HasKey, ArgumentKind Argument, byte FieldBytes, TailKind Tail)
{
    private const RequestFlags None = RequestFlags.None;
    private const RequestFlags Mode = RequestFlags.ModeMask;
    private const RequestFlags Ttl = RequestFlags.HasTimeToLive;
    private const RequestFlags Copy = RequestFlags.Copy;
    private const RequestFlags Version = RequestFlags.ReturnVersion;
    private const RequestFlags Quiet = RequestFlags.Quiet;

    private static readonly OpcodeRule?[] Table = Build();

    /// <summary>The row of an opcode; null if requests have no such opcode.</summary>
    public static OpcodeRule? Of(Opcode opcode) => Table[(byte)opcode];

    private static OpcodeRule?[] Build()
    {
        OpcodeRule?[] table = new OpcodeRule?[256];
        table[(byte)Opcode.Hello] = new(None, false, ArgumentKind.Zero, 0, TailKind.Hello);
        table[(byte)Opcode.Ping] = new(None, false, ArgumentKind.Zero, 0, TailKind.Ping);
        table[(byte)Opcode.Stats] = new(None, false, ArgumentKind.Zero, 0, TailKind.None);
        table[(byte)Opcode.Topology] = new(None, false, ArgumentKind.Zero, 0, TailKind.None);
        table[(byte)Opcode.Cluster] = new(None, false, ArgumentKind.Any, 0, TailKind.None);
        table[(byte)Opcode.Scan] = new(None, false, ArgumentKind.Looks, 8, TailKind.Prefix);
        table[(byte)Opcode.Get] = new(Copy | Version | Quiet, true, ArgumentKind.Zero, 0, TailKind.None);
        table[(byte)Opcode.BatchGet] = new(Version | Quiet, false, ArgumentKind.BatchCount, 0, TailKind.Keys);
        table[(byte)Opcode.Set] = new(Mode | Ttl | Copy | Version | Quiet, true, ArgumentKind.SetExtras, 0, TailKind.Value);
        table[(byte)Opcode.Delete] = new(Mode | Copy | Quiet, true, ArgumentKind.Zero, 0, TailKind.None);
        table[(byte)Opcode.Touch] = new(Ttl | Quiet, true, ArgumentKind.Zero, 0, TailKind.None);
        table[(byte)Opcode.GetRange] = new(Copy | Version | Quiet, true, ArgumentKind.Any, 8, TailKind.None);
        table[(byte)Opcode.LeaseGet] = new(Copy | Version, true, ArgumentKind.LeaseMillis, 0, TailKind.None);
        table[(byte)Opcode.LeaseRelease] = new(Quiet, true, ArgumentKind.Zero, 8, TailKind.None);
        table[(byte)Opcode.MakeStale] = new(Quiet, true, ArgumentKind.Zero, 0, TailKind.None);
        table[(byte)Opcode.Count] = new(Ttl | Version | Quiet, true, ArgumentKind.CountExtras, 8, TailKind.None);
        table[(byte)Opcode.Append] = new(Version | Quiet, true, ArgumentKind.Zero, 0, TailKind.Value);
        table[(byte)Opcode.Prepend] = new(Version | Quiet, true, ArgumentKind.Zero, 0, TailKind.Value);
        table[(byte)Opcode.BatchSet] = new(Ttl | Version | Quiet, false, ArgumentKind.BatchCount, 0, TailKind.Entries);
        table[(byte)Opcode.SetBegin] = new(Mode | Ttl, true, ArgumentKind.SetExtras, 8, TailKind.None);
        table[(byte)Opcode.SetPiece] = new(Quiet, false, ArgumentKind.Any, 0, TailKind.Piece);
        table[(byte)Opcode.SetCommit] = new(Version | Quiet, false, ArgumentKind.Any, 0, TailKind.None);
        table[(byte)Opcode.SetAbort] = new(Quiet, false, ArgumentKind.Any, 0, TailKind.None);
        table[(byte)Opcode.GetStream] = new(None, true, ArgumentKind.Any, 16, TailKind.None);
        table[(byte)Opcode.Credit] = new(None, false, ArgumentKind.Any, 8, TailKind.None);
        table[(byte)Opcode.StreamCancel] = new(None, false, ArgumentKind.Any, 0, TailKind.None);
        table[(byte)Opcode.Track] = new(None, false, ArgumentKind.OnOff, 0, TailKind.None);
        return table;
    }
}
