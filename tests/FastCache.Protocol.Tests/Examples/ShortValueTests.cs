using System.Text;

namespace FastCache.Protocol.Tests.Examples;

public sealed class ShortValueTests
{
    [Theory]
    [InlineData("")]
    [InlineData("$")]
    [InlineData("VA ")]
    public void Every_length_has_its_digits_and_both_line_ends(string sign)
    {
        uint bytes = 0;
        for (int i = 0; i < sign.Length; i++)
        {
            bytes |= (uint)sign[i] << (8 * i);
        }

        for (int length = 0; length <= ShortValue.MaxBytes; length++)
        {
            byte[] room = new byte[length + ShortValue.MaxOverheadBytes];
            int written = ShortValue.Begin(room, bytes, sign.Length, length, out Span<byte> value);
            value.Fill((byte)'v');
            Assert.Equal($"{sign}{length}\r\n{new string('v', length)}\r\n", Encoding.ASCII.GetString(room, 0, written));
        }
    }

    [Theory]
    [InlineData(-1, 2_000)]
    [InlineData(1_000, 2_000)]
    [InlineData(5, 14)]
    public void What_does_not_fit_is_refused(int length, int room)
    {
        ArgumentException refusal = Assert.Throws<ArgumentException>(() => ShortValue.Begin(new byte[room], '$', 1, length, out _));
        Assert.Contains($"{length} bytes in a room of {room}", refusal.Message, StringComparison.Ordinal);
    }
}
