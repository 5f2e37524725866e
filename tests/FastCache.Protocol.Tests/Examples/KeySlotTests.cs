using System.Text;

namespace FastCache.Protocol.Tests.Examples;

public sealed class KeySlotTests
{
    /// <summary>The check value of CRC-16/XMODEM, and slots that the Redis Cluster specification and its users know.</summary>
    [Theory]
    [InlineData("123456789", 0x31C3)]
    [InlineData("foo", 12_182)]
    [InlineData("bar", 5_061)]
    [InlineData("", 0)]
    public void Slot_is_that_of_redis_cluster(string key, int slot) =>
        Assert.Equal(slot % KeySlot.Count, KeySlot.Of(Encoding.Latin1.GetBytes(key)));

    [Theory]
    [InlineData("{user1000}.following", "user1000")]
    [InlineData("{user1000}.followers", "user1000")]
    [InlineData("foo{bar}{zap}", "bar")]
    [InlineData("foo{{bar}}zap", "{bar")]
    [InlineData("a{tag}b", "tag")]
    public void Only_the_tag_counts_where_there_is_one(string key, string counted) =>
        Assert.Equal(KeySlot.Of(Encoding.Latin1.GetBytes(counted)), KeySlot.Of(Encoding.Latin1.GetBytes(key)));

    [Theory]
    [InlineData("foo{}bar")]
    [InlineData("foo{bar")]
    [InlineData("}foo{")]
    public void The_whole_key_counts_where_there_is_no_tag(string key) =>
        Assert.Equal(BitByBit(Encoding.Latin1.GetBytes(key)) % KeySlot.Count, KeySlot.Of(Encoding.Latin1.GetBytes(key)));

    [Fact]
    public void Every_length_agrees_with_the_checksum_bit_by_bit()
    {
        Random random = new(1);
        for (int length = 0; length <= FcpLimits.MaxKeyBytes; length++)
        {
            byte[] key = new byte[length];
            random.NextBytes(key);
            Assert.Equal(BitByBit(key), KeySlot.Crc16(key));
            if (length > 0 && CarrylessCrc16.IsSupported)
            {
                int tag = Array.IndexOf(key, (byte)'{');
                Assert.Equal(tag < 0, CarrylessCrc16.TryCompute(key, (byte)'{', out int crc));
                Assert.Equal(tag < 0 ? BitByBit(key) : 0, crc & 0xFFFF);
            }
        }
    }

    [Fact]
    public void A_tag_counts_at_every_place_of_a_key_of_every_length()
    {
        Random random = new(2);
        for (int length = 3; length <= 60; length++)
        {
            for (int open = 0; open <= length - 3; open++)
            {
                byte[] key = new byte[length];
                random.NextBytes(key.AsSpan());
                key.AsSpan().Replace((byte)'{', (byte)'x');
                key.AsSpan().Replace((byte)'}', (byte)'y');
                Assert.Equal(BitByBit(key) % KeySlot.Count, KeySlot.Of(key));
                int close = random.Next(open + 2, length);
                key[open] = (byte)'{';
                key[close] = (byte)'}';
                Assert.Equal(BitByBit(key[(open + 1)..close]) % KeySlot.Count, KeySlot.Of(key));
            }
        }
    }

    private static int BitByBit(byte[] bytes)
    {
        int crc = 0;
        foreach (byte next in bytes)
        {
            crc ^= next << 8;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1;
            }

            crc &= 0xFFFF;
        }

        return crc;
    }
}
