using System.Text;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Wire;
using FastCache.LoadGen.Workload;

namespace FastCache.LoadGen.Tests.Examples;

public sealed class WireTests
{
    [Fact]
    public void Resp_requests_are_arrays_of_strings() => AssertRequests(
        RespWire.Instance,
        "*2\r\n$3\r\nGET\r\n$5\r\nkey42\r\n",
        "*3\r\n$3\r\nSET\r\n$5\r\nkey42\r\n$11\r\nhello world\r\n");

    [Fact]
    public void Meta_requests_are_mg_with_value_and_ms() => AssertRequests(
        MetaWire.Instance, "mg key42 v\r\n", "ms key42 11\r\nhello world\r\n");

    [Theory]
    [InlineData(0, "$0\r\n", "VA 0\r\n")]
    [InlineData(100, "$100\r\n", "VA 100\r\n")]
    [InlineData(1_000_000, "$1000000\r\n", "VA 1000000\r\n")]
    public void Lines_before_values_tell_their_length(int valueBytes, string resp, string meta)
    {
        Assert.Equal(resp, Encoding.ASCII.GetString(RespWire.Instance.Replies(valueBytes).Hit));
        Assert.Equal(meta, Encoding.ASCII.GetString(MetaWire.Instance.Replies(valueBytes).Hit));
    }

    [Fact]
    public void Streams_of_all_wires_are_the_same_requests()
    {
        using RequestStream fcp = Requests(FcpWire.Instance);
        foreach (TextWire wire in new TextWire[] { RespWire.Instance, MetaWire.Instance })
        {
            using RequestStream text = Requests(wire);
            for (int i = 0; i < fcp.Count; i++)
            {
                Assert.Equal(fcp.IsWrite(i), text.IsWrite(i));
                Assert.Equal(fcp.KeyNumber(i), text.KeyNumber(i));
            }
        }
    }

    private static void AssertRequests(TextWire wire, string get, string set)
    {
        byte[] buffer = new byte[200];
        byte[] key = "key42"u8.ToArray();
        byte[] value = "hello world"u8.ToArray();
        int length = wire.Get(buffer, 7, key);
        Assert.Equal(get, Encoding.ASCII.GetString(buffer, 0, length));
        Assert.Equal(length, wire.GetBytes(key.Length));
        Assert.Equal("key42", get.Substring(wire.KeyOffset(key.Length), key.Length));
        length = wire.Set(buffer, 7, key, value);
        Assert.Equal(set, Encoding.ASCII.GetString(buffer, 0, length));
        Assert.Equal(length, wire.SetBytes(key.Length, value.Length));
        Assert.Equal("key42", set.Substring(wire.KeyOffset(key.Length), key.Length));
    }

    private static RequestStream Requests(IWire wire) => RequestStream.Create(
        KeySource.Of(new(1_000, 16), new(1_000, KeyDistribution.Uniform, 1)),
        new RequestMix(0.7, 0.1, 16, 100) { Wire = wire },
        count: 500,
        seed: 3);
}
