using System.Runtime.InteropServices;

namespace FastCache.Io.Uring;

/// <summary>Submission queue entry, <c>struct io_uring_sqe</c>: one operation asked of the kernel.</summary>
/// <remarks>
/// <code>
/// byte  0        1       2        4    8        16        24    28        32         40       44     48       64
///       +--------+-------+--------+----+--------+---------+-----+---------+----------+--------+------+--------+
///       | opcode | flags | ioprio | fd | offset | address | len | opFlags | userData | group  | file | unused |
///       +--------+-------+--------+----+--------+---------+-----+---------+----------+--------+------+--------+
/// </code>
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal struct SubmissionEntry
{
    [FieldOffset(0)] public byte Opcode;
    [FieldOffset(1)] public byte Flags;
    [FieldOffset(2)] public ushort IoPriority;
    [FieldOffset(4)] public int Descriptor;
    [FieldOffset(8)] public ulong Offset;
    [FieldOffset(16)] public ulong Address;
    [FieldOffset(24)] public uint Length;
    [FieldOffset(28)] public uint OperationFlags;
    [FieldOffset(32)] public ulong UserData;
    [FieldOffset(40)] public ushort BufferGroup;
}

/// <summary>Completion queue entry, <c>struct io_uring_cqe</c>: what became of one operation.</summary>
/// <remarks>
/// <code>
/// byte  0          8        12                                16
///       +----------+--------+---------------------------------+
///       | userData | result | flags: 16 bit | buffer id 16 bit |
///       +----------+--------+---------------------------------+
/// </code>
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct CompletionEntry
{
    [FieldOffset(0)] public ulong UserData;
    [FieldOffset(8)] public int Result;
    [FieldOffset(12)] public uint Flags;

    public readonly bool HasBuffer => (Flags & CompletionFlags.Buffer) != 0;

    public readonly bool HasMore => (Flags & CompletionFlags.More) != 0;

    public readonly ushort BufferId => (ushort)(Flags >> CompletionFlags.BufferShift);
}

/// <summary>Where the kernel put the parts of the submission ring, <c>struct io_sqring_offsets</c>.</summary>
[StructLayout(LayoutKind.Explicit, Size = 40)]
internal struct SubmissionOffsets
{
    [FieldOffset(0)] public uint Head;
    [FieldOffset(4)] public uint Tail;
    [FieldOffset(8)] public uint Mask;
    [FieldOffset(12)] public uint Entries;
    [FieldOffset(16)] public uint Flags;
    [FieldOffset(24)] public uint Array;
}

/// <summary>Where the kernel put the parts of the completion ring, <c>struct io_cqring_offsets</c>.</summary>
[StructLayout(LayoutKind.Explicit, Size = 40)]
internal struct CompletionOffsets
{
    [FieldOffset(0)] public uint Head;
    [FieldOffset(4)] public uint Tail;
    [FieldOffset(8)] public uint Mask;
    [FieldOffset(12)] public uint Entries;
    [FieldOffset(20)] public uint Completions;
}

/// <summary><c>struct io_uring_params</c>: what is asked of <c>io_uring_setup</c>, and what it answers.</summary>
[StructLayout(LayoutKind.Explicit, Size = 120)]
internal struct RingParameters
{
    [FieldOffset(0)] public uint SubmissionEntries;
    [FieldOffset(4)] public uint CompletionEntries;
    [FieldOffset(8)] public uint Flags;
    [FieldOffset(20)] public uint Features;
    [FieldOffset(40)] public SubmissionOffsets Submission;
    [FieldOffset(80)] public CompletionOffsets Completion;
}

/// <summary>One entry of a provided-buffer ring, <c>struct io_uring_buf</c>.</summary>
/// <remarks>
/// The last two bytes of entry 0 are the ring's tail, so writing an entry must leave them alone.
/// <code>
/// byte  0         8     12   14                             16
///       +---------+-----+----+-------------------------------+
///       | address | len | id | entry 0: tail; others: unused |
///       +---------+-----+----+-------------------------------+
/// </code>
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct BufferEntry
{
    [FieldOffset(0)] public ulong Address;
    [FieldOffset(8)] public uint Length;
    [FieldOffset(12)] public ushort Id;
    [FieldOffset(14)] public ushort Tail;
}

/// <summary><c>struct io_uring_buf_reg</c>: registers a provided-buffer ring.</summary>
[StructLayout(LayoutKind.Explicit, Size = 40)]
internal struct BufferRegistration
{
    [FieldOffset(0)] public ulong RingAddress;
    [FieldOffset(8)] public uint RingEntries;
    [FieldOffset(12)] public ushort Group;
}

/// <summary><c>struct io_uring_rsrc_update</c>: registers the ring's own descriptor.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct ResourceUpdate
{
    [FieldOffset(0)] public uint Offset;
    [FieldOffset(8)] public ulong Data;
}

/// <summary><c>struct io_uring_getevents_arg</c>: carries the time-out of a wait.</summary>
[StructLayout(LayoutKind.Explicit, Size = 24)]
internal struct WaitArgument
{
    [FieldOffset(0)] public ulong SignalMask;
    [FieldOffset(8)] public uint SignalMaskBytes;
    [FieldOffset(16)] public ulong TimeSpecAddress;
}

/// <summary><c>struct __kernel_timespec</c>.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct KernelTimeSpec
{
    [FieldOffset(0)] public long Seconds;
    [FieldOffset(8)] public long Nanoseconds;
}

/// <summary><c>IORING_SETUP_*</c></summary>
internal static class SetupFlags
{
    public const uint CompletionSize = 1 << 3;
    public const uint Clamp = 1 << 4;
    public const uint SubmitAll = 1 << 7;
    public const uint CoopTaskRun = 1 << 8;
    public const uint TaskRunFlag = 1 << 9;
    public const uint SingleIssuer = 1 << 12;
    public const uint DeferTaskRun = 1 << 13;
    public const uint NoSubmissionArray = 1 << 16;
}

/// <summary><c>IORING_FEAT_*</c></summary>
internal static class Features
{
    public const uint SingleMap = 1 << 0;
    public const uint NoDrop = 1 << 1;
    public const uint ExtendedArgument = 1 << 8;
    public const uint SkipCompletion = 1 << 11;
    public const uint Bundles = 1 << 14;
    public const uint MinTimeout = 1 << 15;
}

/// <summary><c>IORING_ENTER_*</c></summary>
internal static class EnterFlags
{
    public const uint GetEvents = 1 << 0;
    public const uint ExtendedArgument = 1 << 3;
    public const uint RegisteredRing = 1 << 4;
}

/// <summary><c>IORING_SQ_*</c>: what the kernel tells in the submission ring's flags.</summary>
internal static class SubmissionRingFlags
{
    public const uint CompletionsOverflowed = 1 << 1;
    public const uint TaskWorkPending = 1 << 2;
}

/// <summary><c>IORING_REGISTER_*</c></summary>
internal static class RegisterOpcode
{
    public const uint RingDescriptors = 20;
    public const uint BufferRing = 22;
}

/// <summary><c>IORING_OP_*</c></summary>
internal static class Opcode
{
    public const byte PollAdd = 6;
    public const byte Accept = 13;
    public const byte AsyncCancel = 14;
    public const byte Send = 26;
    public const byte Receive = 27;
}

/// <summary><c>IOSQE_*</c></summary>
internal static class EntryFlags
{
    public const byte BufferSelect = 1 << 5;
    public const byte SkipCompletionOnSuccess = 1 << 6;
}

/// <summary>Flags of single operations, in the field that each operation reads them from.</summary>
internal static class OperationFlags
{
    /// <summary><c>IORING_ACCEPT_MULTISHOT</c>, in the I/O priority.</summary>
    public const ushort AcceptMultishot = 1 << 0;

    /// <summary><c>IORING_RECV_MULTISHOT</c>, in the I/O priority.</summary>
    public const ushort ReceiveMultishot = 1 << 1;

    /// <summary><c>IORING_POLL_ADD_MULTI</c>, in the length.</summary>
    public const uint PollMultishot = 1 << 0;

    /// <summary><c>POLLIN</c>, in the operation flags.</summary>
    public const uint PollIn = 1;

    /// <summary><c>SOCK_CLOEXEC</c>, in the operation flags.</summary>
    public const uint CloseOnExec = 0x80000;

    /// <summary><c>MSG_DONTWAIT</c></summary>
    public const uint DontWait = 0x40;

    /// <summary><c>MSG_WAITALL</c></summary>
    public const uint WaitAll = 0x100;

    /// <summary><c>MSG_NOSIGNAL</c></summary>
    public const uint NoSignal = 0x4000;
}

/// <summary><c>IORING_CQE_F_*</c></summary>
internal static class CompletionFlags
{
    public const uint Buffer = 1 << 0;
    public const uint More = 1 << 1;
    public const int BufferShift = 16;
}

/// <summary><c>IORING_OFF_*</c>: what <c>mmap</c> of a ring's descriptor maps.</summary>
internal static class MapOffset
{
    public const long Rings = 0;
    public const long SubmissionEntries = 0x10000000;
}
