namespace FastCache.Io.Tests.Examples;

public sealed class ShardIoOptionsTests
{
    public static TheoryData<ShardIoOptions, string> OutOfRange => new()
    {
        { new() { MaxConnections = 0 }, "1 to 1,000,000" },
        { new() { MaxConnections = 1_000_001 }, "1 to 1,000,000" },
        { new() { ReceiveBufferBytes = 1_023 }, "1,024 to 1,048,576" },
        { new() { ReceiveBufferBytes = (1 << 20) + 1 }, "1,024 to 1,048,576" },
        { new() { ReceiveBuffers = 1 }, "2 to 32,768" },
        { new() { ReceiveBuffers = 65_536 }, "2 to 32,768" },
        { new() { ReceiveBuffers = 100 }, "power of two" },
        { new() { MaxBacklogBytes = -1 }, "0 to" },
    };

    [Theory]
    [MemberData(nameof(OutOfRange))]
    public void Refuses_an_option_out_of_range_and_says_what_is_allowed(ShardIoOptions options, string allowed)
    {
        ArgumentOutOfRangeException e = Assert.Throws<ArgumentOutOfRangeException>(
            () => ShardIo.TryCreate(IoBackend.Uring, options, out _, out _));
        Assert.Contains(allowed, e.Message, StringComparison.Ordinal);
    }

    [Theory, EveryBackend]
    public void Creates_a_backend_by_its_name_and_describes_it(IoBackend backend) => Harness.OnThread(() =>
    {
        string name = backend == IoBackend.Uring ? "io_uring" : IoBackendNames.Of(backend);
        bool created = ShardIo.TryCreate(backend, new ShardIoOptions(), out IShardIo? io, out string reason);
        using (io)
        {
            Assert.True(created, reason);
            Assert.Equal($"{name}, because it was asked for", reason);
            Assert.StartsWith($"{name}: ", io!.Description, StringComparison.Ordinal);
            Assert.EndsWith("256 receive buffers of 16 KiB", io.Description, StringComparison.Ordinal);
        }
    });

    [Fact]
    public void Auto_chooses_the_first_that_works_and_says_why_in_one_line() => Harness.OnThread(() =>
    {
        bool hasUring = ShardIo.TryCreate(IoBackend.Uring, new ShardIoOptions(), out IShardIo? uring, out string refusal);
        uring?.Dispose();
        Assert.True(ShardIo.TryCreate(IoBackend.Auto, new ShardIoOptions(), out IShardIo? io, out string reason), reason);
        Assert.StartsWith(hasUring ? "io_uring, because " : $"epoll, because {refusal}", reason, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', reason);
        io.Dispose();
    });

    [Fact]
    public void Every_backend_has_a_name_that_is_understood()
    {
        foreach (IoBackend backend in Enum.GetValues<IoBackend>())
        {
            Assert.True(IoBackendNames.TryParse(IoBackendNames.Of(backend), out IoBackend parsed));
            Assert.Equal(backend, parsed);
            Assert.Contains(IoBackendNames.Of(backend), IoBackendNames.Choices, StringComparison.Ordinal);
            Assert.Contains(IoBackendNames.Of(backend), IoBackendNames.Allowed, StringComparison.Ordinal);
        }

        Assert.All(["", "Uring", "0", "kqueue"], text => Assert.False(IoBackendNames.TryParse(text, out _)));
    }

    [Theory]
    [InlineData(38, "ENOSYS")]
    [InlineData(1, "EPERM")]
    [InlineData(12, "ENOMEM")]
    [InlineData(24, "EMFILE")]
    [InlineData(5, "errno 5")]
    public void Refusal_names_the_error_in_one_line(int errno, string name)
    {
        string reason = FastCache.Io.Uring.UringRefusal.OfCall("io_uring_setup", errno);
        Assert.Contains(name, reason, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', reason);
    }
}
