using System.Globalization;
using System.Text;
using FastCache.Protocol.Resp;

namespace FastCache.Protocol.Tests.Resp;

public sealed class RespReplyTests
{
    private delegate void Writing(ref RespReplyWriter writer);

    [Fact]
    public void Replies_have_the_form_of_their_version()
    {
        Check("+OK\r\n", "+OK\r\n", (ref RespReplyWriter w) => w.WriteSimple("OK"u8));
        Check("-ERR no\r\n", "-ERR no\r\n", (ref RespReplyWriter w) => w.WriteError("ERR no"u8));
        Check(":-5\r\n", ":-5\r\n", (ref RespReplyWriter w) => w.WriteInteger(-5));
        Check("$0\r\n\r\n", "$0\r\n\r\n", (ref RespReplyWriter w) => w.WriteBulk([]));
        Check("$4\r\na\r\nb\r\n", "$4\r\na\r\nb\r\n", (ref RespReplyWriter w) => w.WriteBulk("a\r\nb"u8));
        Check("$-1\r\n", "_\r\n", (ref RespReplyWriter w) => w.WriteNull());
        Check("*-1\r\n", "_\r\n", (ref RespReplyWriter w) => w.WriteNullArray());
        Check("*3\r\n", "*3\r\n", (ref RespReplyWriter w) => w.WriteArray(3));
        Check("*6\r\n", "%3\r\n", (ref RespReplyWriter w) => w.WriteMap(3));
        Check("*3\r\n", "~3\r\n", (ref RespReplyWriter w) => w.WriteSet(3));
        Check("*3\r\n", ">3\r\n", (ref RespReplyWriter w) => w.WritePush(3));
        Check(":1\r\n", "#t\r\n", (ref RespReplyWriter w) => w.WriteBoolean(true));
        Check(":0\r\n", "#f\r\n", (ref RespReplyWriter w) => w.WriteBoolean(false));
        Check("$3\r\n1.5\r\n", ",1.5\r\n", (ref RespReplyWriter w) => w.WriteDouble(1.5));
        Check("$4\r\n-inf\r\n", ",-inf\r\n", (ref RespReplyWriter w) => w.WriteDouble(double.NegativeInfinity));
        Check("$3\r\nnan\r\n", ",nan\r\n", (ref RespReplyWriter w) => w.WriteDouble(double.NaN));
        Check("$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n", (ref RespReplyWriter w) => w.WriteVerbatim("hi"u8));
    }

    [Fact]
    public void Largest_numbers_fit_the_overhead_that_is_promised()
    {
        Check($":{long.MinValue}\r\n", $":{long.MinValue}\r\n", (ref RespReplyWriter w) => w.WriteInteger(long.MinValue), RespReplyWriter.MaxOverheadBytes);
        Check("*4294967294\r\n", "%2147483647\r\n", (ref RespReplyWriter w) => w.WriteMap(int.MaxValue), RespReplyWriter.MaxOverheadBytes);
    }

    [Theory]
    [InlineData(0.1, "0.10000000000000001")]
    [InlineData(-0.0001, "-0.0001")]
    [InlineData(0.00001, "1.0000000000000001e-05")]
    [InlineData(-0.0, "-0")]
    [InlineData(17, "17")]
    [InlineData(-1234.5, "-1234.5")]
    [InlineData(99999999999999984.0, "99999999999999984")]
    [InlineData(1e17, "1e+17")]
    [InlineData(123456789012345678.0, "1.2345678901234568e+17")]
    [InlineData(5e-324, "4.9406564584124654e-324")]
    [InlineData(-double.MaxValue, "-1.7976931348623157e+308")]
    public void Doubles_have_the_form_of_redis(double value, string text)
    {
        byte[] room = new byte[RespDouble.MaxBytes];
        Assert.Equal(text, Encoding.ASCII.GetString(room, 0, RespDouble.Format(value, room)));
    }

    [Theory]
    [InlineData("5", 5.0)]
    [InlineData("+.5e1", 5.0)]
    [InlineData("5.", 5.0)]
    [InlineData("-INF", double.NegativeInfinity)]
    [InlineData("infinity", double.PositiveInfinity)]
    [InlineData("0e5", 0.0)]
    [InlineData("5e-324", 5e-324)]
    [InlineData("", null)]
    [InlineData(" 5", null)]
    [InlineData("5 ", null)]
    [InlineData("1e", null)]
    [InlineData("nan", null)]
    [InlineData("1e400", null)]
    [InlineData("-1e-400", null)]
    [InlineData("5\0", null)]
    public void Doubles_are_read_whole_and_in_range(string text, double? number)
    {
        bool isNumber = RespDouble.TryParseInRange(Encoding.ASCII.GetBytes(text), out double read);
        Assert.Equal(number is not null, isNumber);
        Assert.Equal(number ?? read, read);
    }

    [Fact]
    public void Doubles_read_back_as_they_were() => Property.Holds(20_000, (random, _) =>
    {
        double value = BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue));
        byte[] room = new byte[64];
        RespReplyWriter writer = new(room, isVersion3: true);
        writer.WriteDouble(value);
        if (double.IsFinite(value))
        {
            string text = Encoding.ASCII.GetString(room, 1, writer.Length - 3);
            Assert.Equal(value, double.Parse(text, CultureInfo.InvariantCulture));
        }
    });

    [Fact]
    public void Reply_that_does_not_fit_is_refused() => Assert.ThrowsAny<ArgumentException>(() =>
    {
        RespReplyWriter writer = new(new byte[8], isVersion3: false);
        writer.WriteBulk("value"u8);
    });

    private static void Check(string version2, string version3, Writing write, int roomBytes = 64)
    {
        foreach (bool isVersion3 in (bool[])[false, true])
        {
            byte[] room = new byte[roomBytes];
            RespReplyWriter writer = new(room, isVersion3);
            write(ref writer);
            Assert.Equal(isVersion3 ? version3 : version2, Encoding.ASCII.GetString(room, 0, writer.Length));
        }
    }
}
