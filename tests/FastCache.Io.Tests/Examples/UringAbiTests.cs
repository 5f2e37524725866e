using System.Runtime.InteropServices;
using FastCache.Io.Connections;
using FastCache.Io.Uring;

namespace FastCache.Io.Tests.Examples;

public sealed unsafe class UringAbiTests
{
    [Fact]
    public void Structures_have_the_kernels_sizes()
    {
        Assert.Equal(64, sizeof(SubmissionEntry));
        Assert.Equal(16, sizeof(CompletionEntry));
        Assert.Equal(120, sizeof(RingParameters));
        Assert.Equal(40, sizeof(SubmissionOffsets));
        Assert.Equal(40, sizeof(CompletionOffsets));
        Assert.Equal(16, sizeof(BufferEntry));
        Assert.Equal(40, sizeof(BufferRegistration));
        Assert.Equal(16, sizeof(ResourceUpdate));
        Assert.Equal(24, sizeof(WaitArgument));
        Assert.Equal(16, sizeof(KernelTimeSpec));
        Assert.Equal(64, sizeof(Connection));
    }

    [Theory]
    [InlineData(typeof(SubmissionEntry), nameof(SubmissionEntry.Descriptor), 4)]
    [InlineData(typeof(SubmissionEntry), nameof(SubmissionEntry.Address), 16)]
    [InlineData(typeof(SubmissionEntry), nameof(SubmissionEntry.Length), 24)]
    [InlineData(typeof(SubmissionEntry), nameof(SubmissionEntry.OperationFlags), 28)]
    [InlineData(typeof(SubmissionEntry), nameof(SubmissionEntry.UserData), 32)]
    [InlineData(typeof(SubmissionEntry), nameof(SubmissionEntry.BufferGroup), 40)]
    [InlineData(typeof(CompletionEntry), nameof(CompletionEntry.Result), 8)]
    [InlineData(typeof(CompletionEntry), nameof(CompletionEntry.Flags), 12)]
    [InlineData(typeof(RingParameters), nameof(RingParameters.Features), 20)]
    [InlineData(typeof(RingParameters), nameof(RingParameters.Submission), 40)]
    [InlineData(typeof(RingParameters), nameof(RingParameters.Completion), 80)]
    [InlineData(typeof(SubmissionOffsets), nameof(SubmissionOffsets.Array), 24)]
    [InlineData(typeof(CompletionOffsets), nameof(CompletionOffsets.Completions), 20)]
    [InlineData(typeof(BufferEntry), nameof(BufferEntry.Tail), 14)]
    [InlineData(typeof(BufferRegistration), nameof(BufferRegistration.Group), 12)]
    [InlineData(typeof(WaitArgument), nameof(WaitArgument.TimeSpecAddress), 16)]
    public void Fields_stand_where_the_kernel_reads_them(Type type, string field, int offset) =>
        Assert.Equal(offset, (int)Marshal.OffsetOf(type, field));

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 999_999)]
    [InlineData(ConnectionId.GenerationMask, int.MaxValue)]
    public void User_data_gives_back_what_was_packed(int generation, int slot)
    {
        foreach (OperationKind kind in Enum.GetValues<OperationKind>())
        {
            ulong packed = UserData.Pack(kind, generation, slot);
            Assert.Equal(kind, UserData.Kind(packed));
            Assert.Equal(generation, UserData.Generation(packed));
            Assert.Equal(slot, UserData.Slot(packed));
        }
    }
}
