namespace FastCache.Node.Tests.Examples;

public sealed class ByteSizeTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("4096", 4096)]
    [InlineData("1KiB", 1024)]
    [InlineData("512MiB", 512L << 20)]
    [InlineData("1 GiB", 1L << 30)]
    [InlineData(" 2gib ", 2L << 30)]
    [InlineData("3TIB", 3L << 40)]
    [InlineData("9223372036854775807", long.MaxValue)]
    public void Reads_whole_numbers_with_a_unit_of_1024s(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out long read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("MiB")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1.5GiB")]
    [InlineData("1,000")]
    [InlineData("1GB")]
    [InlineData("1MiBMiB")]
    [InlineData("0x10")]
    [InlineData("1 0KiB")]
    [InlineData("9223372036854775808")]
    [InlineData("8388608TiB")]
    public void Refuses_everything_else(string text) => Assert.False(ByteSize.TryParse(text, out _));

    [Theory]
    [InlineData(0, "0")]
    [InlineData(1023, "1023")]
    [InlineData(1024, "1KiB")]
    [InlineData(1536, "1536")]
    [InlineData(64L << 20, "64MiB")]
    [InlineData(1L << 40, "1TiB")]
    public void Formats_the_shortest_exact_form(long bytes, string text) => Assert.Equal(text, ByteSize.Format(bytes));

    [Fact]
    public void Reads_back_what_it_formats()
    {
        Random random = new(1);
        for (int i = 0; i < 1_000; i++)
        {
            long bytes = random.NextInt64(1L << random.Next(1, 62));
            int zeros = random.Next(30);
            bytes = bytes >> zeros << zeros;
            Assert.True(ByteSize.TryParse(ByteSize.Format(bytes), out long read));
            Assert.Equal(bytes, read);
        }
    }
}
