using System.Text;
using FastCache.Protocol.Memcached;
using FastCache.Protocol.Resp;

namespace FastCache.Protocol.Tests.Properties;

/// <summary>What is read by the short way is what the long one reads, and what is to be read by it is.</summary>
public sealed class SimpleRequestProperties
{
    private const int Seeds = 20_000;
    private const int MaxBytes = 100_000;
    private const int MaxValueBytes = 10_000;

    [Fact]
    public void Simple_requests_of_redis_are_what_the_decoder_reads() => Property.Holds(Seeds, (random, memory) =>
    {
        byte[] bytes = RespRequest(random, out bool isWhole);
        ReadOnlySpan<byte> input = memory.Place(bytes);
        RespRequestDecoder decoder = new(maxArguments: 10, MaxBytes);
        bool isSimple = decoder.TryReadSimple(input, default, out RespSimpleRequest simple);
        Assert.True(isSimple || !isWhole, "a whole request was left to the long way");
        if (isSimple)
        {
            RespProgress progress = default;
            Assert.Equal(DecodeResult.Ok, decoder.Read(input, ref progress, out RespRequest request));
            Assert.Equal(request.Count == 3 ? "set" : "get", Encoding.ASCII.GetString(request[0]).ToLowerInvariant());
            Assert.Equal(request.Count, simple.IsSet ? 3 : 2);
            Assert.Equal(progress.Length, simple.Length);
            Assert.True(request[1].SequenceEqual(simple.Key));
            Assert.True((simple.IsSet ? request[2] : default).SequenceEqual(simple.Value));
        }
    });

    [Fact]
    public void Simple_requests_of_memcached_are_what_the_decoder_reads() => Property.Holds(Seeds, (random, memory) =>
    {
        byte[] bytes = MemcachedRequest(random, out bool isWhole);
        ReadOnlySpan<byte> input = memory.Place(bytes);
        MemcachedRequestDecoder decoder = new(MaxValueBytes);
        bool isSimple = decoder.TryReadSimple(input, default, out MemcachedSimpleRequest simple);
        Assert.True(isSimple || !isWhole, "a whole request was left to the long way");
        if (isSimple)
        {
            MemcachedProgress progress = default;
            byte[] keyRoom = new byte[MemcachedRequestDecoder.MaxKeyBytes];
            Assert.Equal(DecodeResult.Ok, decoder.Read(input, ref progress, keyRoom, out MemcachedRequest request));
            Assert.Equal(MemcachedFault.None, request.Fault);
            Assert.Equal((request.Command, request.Length, request.Skip), (simple.Command, simple.Length, 0));
            Assert.Equal((request.ClientFlags, request.ExpirySeconds, request.IsQuiet, request.Mode), (simple.ClientFlags, 0, false, 0));
            Assert.Equal(request.Command == MemcachedCommand.MetaGet ? MetaOptions.Value : MetaOptions.None, request.Meta);
            Assert.Equal(1, request.KeyCount);
            Assert.True(request.Key.SequenceEqual(simple.Key));
            Assert.True(request.Value.SequenceEqual(simple.Value));
            MemcachedRequest whole = simple.AsRequest();
            Assert.Equal(
                (request.Command, request.Meta, request.KeyCount, request.ClientFlags), (whole.Command, whole.Meta, whole.KeyCount, whole.ClientFlags));
            Assert.True(request.Key.SequenceEqual(whole.Key) && request.Value.SequenceEqual(whole.Value));
            Assert.True(request.Arguments.SequenceEqual(whole.Arguments) || request.Command is MemcachedCommand.Get or MemcachedCommand.Set);
        }
    });

    private static byte[] RespRequest(Random random, out bool isWhole)
    {
        string key = Word(random, 40);
        string value = Word(random, random.Next(3) == 0 ? 2_000 : 100);
        string name = random.Next(2) == 0 ? "GET" : "SET";
        string text = $"*{(name == "GET" ? 2 : 3)}\r\n$3\r\n{(random.Next(2) == 0 ? name.ToLowerInvariant() : name)}\r\n${key.Length}\r\n{key}\r\n"
            + (name == "GET" ? "" : $"${value.Length}\r\n{value}\r\n");
        return Changed(random, text, out isWhole);
    }

    private static byte[] MemcachedRequest(Random random, out bool isWhole)
    {
        string key = Word(random, 40);
        string value = Word(random, random.Next(3) == 0 ? 2_000 : 100);
        return Changed(
            random,
            random.Next(4) switch
            {
                0 => $"get {key}\r\n",
                1 => $"mg {key} v\r\n",
                2 => $"set {key} {random.Next(1_000_000)} 0 {value.Length}\r\n{value}\r\n",
                _ => $"ms {key} {value.Length}\r\n{value}\r\n",
            },
            out isWhole);
    }

    private static string Word(Random random, int most) =>
        string.Create(random.Next(1, most), random, (word, from) =>
        {
            for (int i = 0; i < word.Length; i++)
            {
                word[i] = (char)from.Next('!', 0x100);
            }
        });

    /// <summary>Half of all as they are, with more behind some of them; of the others a byte is another one, or missing, or the end is.</summary>
    private static byte[] Changed(Random random, string text, out bool isWhole)
    {
        List<byte> bytes = [.. Encoding.Latin1.GetBytes(text)];
        int place = random.Next(random.Next(2) == 0 ? Math.Min(bytes.Count, 60) : bytes.Count);
        int kind = random.Next(8);
        isWhole = kind < 5;
        switch (kind)
        {
            case < 3:
                break;
            case < 5:
                bytes.AddRange(random.Bytes(random.Next(40)));
                break;
            case 5:
                bytes[place] = "\r\n $*0129xv\0"u8[random.Next(12)];
                break;
            case 6:
                bytes.RemoveAt(place);
                break;
            default:
                bytes.RemoveRange(place, bytes.Count - place);
                break;
        }

        return [.. bytes];
    }
}
