using FastCache.LoadGen.Options;

namespace FastCache.LoadGen.Tests.Examples;

public sealed class QuantityTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("17", 17)]
    [InlineData("500K", 500_000)]
    [InlineData("2.3M", 2_300_000)]
    [InlineData("1m", 1_000_000)]
    public void Reads_counts(string text, long expected)
    {
        Assert.True(Quantity.TryParseCount(text, out long value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("M")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("1e9")]
    [InlineData("1MiB")]
    [InlineData("99999999999999999999G")]
    public void Refuses_what_is_no_count(string text) => Assert.False(Quantity.TryParseCount(text, out _));

    [Theory]
    [InlineData("100", 100)]
    [InlineData("1KiB", 1024)]
    [InlineData("1.5GiB", 1_610_612_736)]
    public void Reads_bytes(string text, long expected)
    {
        Assert.True(Quantity.TryParseBytes(text, out long value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("10s", 10_000)]
    [InlineData("250ms", 250)]
    [InlineData("1.5m", 90_000)]
    public void Reads_durations(string text, double expectedMillis)
    {
        Assert.True(Quantity.TryParseDuration(text, out TimeSpan value));
        Assert.Equal(expectedMillis, value.TotalMilliseconds);
    }

    [Theory]
    [InlineData("10")]
    [InlineData("s")]
    public void Refuses_a_duration_without_unit(string text) => Assert.False(Quantity.TryParseDuration(text, out _));

    [Theory]
    [InlineData(2_300_000, "2.3M")]
    [InlineData(7_913_456, "7.91M")]
    [InlineData(12, "12")]
    public void Writes_counts(double value, string expected) => Assert.Equal(expected, Quantity.FormatCount(value));

    [Theory]
    [InlineData("0", "0")]
    [InlineData("0-2,5", "0,1,2,5")]
    [InlineData("3,1", "1,3")]
    public void Reads_processor_lists(string text, string expected)
    {
        Assert.True(CpuList.TryParse(text, out CpuList list));
        Assert.Equal(expected, list.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("2-1")]
    [InlineData("0,")]
    [InlineData("-1")]
    [InlineData("1024")]
    public void Refuses_what_is_no_processor_list(string text) => Assert.False(CpuList.TryParse(text, out _));
}
