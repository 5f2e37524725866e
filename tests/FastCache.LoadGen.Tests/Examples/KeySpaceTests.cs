using System.Text;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Workload;

namespace FastCache.LoadGen.Tests.Examples;

public sealed class KeySpaceTests
{
    [Theory]
    [InlineData(1, 4)]
    [InlineData(5, 4)]
    [InlineData(6, 5)]
    [InlineData(50_000, 8)]
    [InlineData(1_000_000, 10)]
    [InlineData(KeySpace.MaxKeys, 12)]
    public void Knows_the_shortest_keys_that_hold_stored_and_absent_ones(int count, int bytes)
    {
        Assert.Equal(bytes, KeySpace.LeastKeyBytes(count));
        Assert.True(KeySpace.Fits(count, bytes));
        Assert.False(KeySpace.Fits(count, bytes - 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new KeySpace(count, bytes - 1));
    }

    [Fact]
    public void Pads_with_zeros_to_the_size()
    {
        byte[] key = new byte[16];
        KeySpace.Write(1234, key);
        Assert.Equal("key0000000001234", Encoding.ASCII.GetString(key));
        Assert.Equal(1234, KeySpace.Read(key));
    }

    [Fact]
    public void Keys_are_unique_and_absent_ones_are_outside()
    {
        KeySpace keys = new(5_000, 7);
        HashSet<string> stored = [];
        HashSet<string> absent = [];
        byte[] key = new byte[keys.KeyBytes];
        for (int number = 0; number < keys.Count; number++)
        {
            KeySpace.Write(number, key);
            Assert.True(stored.Add(Encoding.ASCII.GetString(key)));
            KeySpace.Write(keys.Absent(number), key);
            Assert.True(absent.Add(Encoding.ASCII.GetString(key)));
        }

        Assert.False(stored.Overlaps(absent));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(100)]
    public void Values_follow_from_the_key_number(int bytes)
    {
        byte[] value = new byte[bytes];
        ValuePattern.Write(17, value);
        Assert.True(ValuePattern.Matches(17, value));
        for (int i = 0; i < bytes; i++)
        {
            value[i] ^= 1;
            Assert.False(ValuePattern.Matches(17, value));
            value[i] ^= 1;
        }

        Assert.Equal(bytes == 0, ValuePattern.Matches(18, value));
    }

    [Fact]
    public void Zipf_scatters_ranks_over_all_keys()
    {
        const int Count = 1_000;
        KeyPicker picker = new(Count, KeyDistribution.Zipf, 0.2);
        SplitMix random = new(3);
        HashSet<int> seen = [];
        for (int i = 0; i < 100 * Count; i++)
        {
            int number = picker.Next(ref random);
            Assert.InRange(number, 0, Count - 1);
            seen.Add(number);
        }

        Assert.Equal(Count, seen.Count);
    }
}
