using System.Globalization;
using System.Text;
using FastCache.Protocol.Memcached;

namespace FastCache.Protocol.Tests.Memcached;

/// <summary>Lines of memcached's protocol, written from fields and read back, whole and in pieces.</summary>
public sealed class MemcachedRequestTests
{
    private const int MaxValueBytes = 5_000;

    private static readonly string[] Stores = ["set", "add", "replace", "append", "prepend", "cas"];

    [Fact]
    public void Requests_say_what_was_written_however_they_arrive() => Property.Holds(2_000, (random, memory) =>
    {
        PlainLine[] lines = [.. Enumerable.Range(0, random.Next(1, 8)).Select(_ => Any(random))];
        byte[] stream = Encoding.Latin1.GetBytes(string.Concat(lines.Select(line => line.Text)));
        MemcachedRequestDecoder decoder = new(MaxValueBytes);
        MemcachedProgress progress = default;
        byte[] keyRoom = GC.AllocateUninitializedArray<byte>(MemcachedRequestDecoder.MaxKeyBytes, pinned: true);
        int start = 0;
        int there = 0;
        for (int i = 0; i < lines.Length;)
        {
            ReadOnlySpan<byte> input = memory.Place(stream.AsSpan(start, there - start));
            DecodeResult result = decoder.Read(input, ref progress, keyRoom, out MemcachedRequest request);
            if (result == DecodeResult.NeedMore)
            {
                Assert.InRange(progress.Length, there - start + 1, stream.Length - start);
                there = Math.Min(stream.Length, Math.Max(there + random.Next(1, 30), start + (random.Next(2) * progress.Length)));
                continue;
            }

            Assert.Equal(DecodeResult.Ok, result);
            lines[i].Check(request);
            Assert.Equal(lines[i].Text.Length, request.Length + request.Skip);
            start += lines[i].Text.Length;
            there = Math.Max(there, start);
            i++;
        }
    });

    [Fact]
    public void Any_bytes_are_a_request_or_an_end() => Property.Holds(5_000, (random, memory) =>
    {
        byte[] bytes = random.Bytes(random.Next(1, 300));
        string[] words = ["get ", "ms ", "set ", "k ", "1 ", "\n", "\r\n", "b ", "0 ", "mg ", "C", "-", "noreply", "gat ", "delete "];
        for (int at = 0; random.Next(9) > 0 && at < bytes.Length; at += random.Next(8))
        {
            byte[] word = Encoding.ASCII.GetBytes(words[random.Next(words.Length)]);
            word.AsSpan(0, Math.Min(word.Length, bytes.Length - at)).CopyTo(bytes.AsSpan(at));
        }

        byte[] keyRoom = GC.AllocateUninitializedArray<byte>(MemcachedRequestDecoder.MaxKeyBytes, pinned: true);
        MemcachedRequestDecoder decoder = new(MaxValueBytes);
        MemcachedProgress progress = default;
        int start = 0;
        while (start < bytes.Length
            && decoder.Read(memory.Place(bytes.AsSpan(start)), ref progress, keyRoom, out MemcachedRequest request) == DecodeResult.Ok)
        {
            Assert.InRange(request.Length, 1, bytes.Length - start);
            Assert.True(request.Fault != MemcachedFault.None || request.KeyLength <= MemcachedRequestDecoder.MaxKeyBytes);
            Assert.Equal(default, progress);
            start += request.Length;
        }
    });

    [Theory]
    [InlineData("0", 0UL)]
    [InlineData("+7", 7UL)]
    [InlineData("\t7", 7UL)]
    [InlineData("7\t8", 7UL)]
    [InlineData("18446744073709551615", ulong.MaxValue)]
    [InlineData("-0", 0UL)]
    public void Takes_the_numbers_that_memcached_takes(string text, ulong number)
    {
        Assert.True(MemcachedNumber.TryParse(Encoding.ASCII.GetBytes(text), out ulong parsed));
        Assert.Equal(number, parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("-1")]
    [InlineData("1x")]
    [InlineData("18446744073709551616")]
    [InlineData("0x10")]
    public void Refuses_other_numbers(string text) =>
        Assert.False(MemcachedNumber.TryParse(Encoding.ASCII.GetBytes(text), out ulong _));

    [Fact]
    public void Lines_are_bounded()
    {
        MemcachedRequestDecoder decoder = new(MaxValueBytes);
        foreach ((string start, int most) in (ValueTuple<string, int>[])
            [("mg ", MemcachedRequestDecoder.MaxLineBytes), ("get ", MemcachedRequestDecoder.MaxManyKeysLineBytes)])
        {
            MemcachedProgress progress = default;
            byte[] line = Encoding.ASCII.GetBytes(start.PadRight(most + 1));
            Assert.Equal(DecodeResult.NeedMore, decoder.Read(line.AsSpan(0, most), ref progress, default, out _));
            Assert.Equal(DecodeResult.Fatal, decoder.Read(line, ref progress, default, out _));
            Assert.Contains("a line is too long", decoder.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Reading_allocates_nothing()
    {
        byte[] stream = GC.AllocateUninitializedArray<byte>(200, pinned: true);
        int length = Encoding.ASCII.GetBytes(
            "get a b\r\nmg key v c O1\r\nset k 1 2 3\r\nabc\r\nms a2V5 3 b F1\r\nabc\r\nincr n 1\r\n", stream);
        byte[] keyRoom = GC.AllocateUninitializedArray<byte>(MemcachedRequestDecoder.MaxKeyBytes, pinned: true);
        MemcachedRequestDecoder decoder = new(MaxValueBytes);
        Assert.Equal(5, ReadAll());
        AllocationProbe probe = new();
        while (probe.Next())
        {
            for (int i = 0; i < 1_000; i++)
            {
                ReadAll();
            }
        }

        Assert.Equal(0, probe.LeastBytes);

        int ReadAll()
        {
            MemcachedProgress progress = default;
            int requests = 0;
            for (int start = 0; start < length; requests++)
            {
                decoder.Read(stream.AsSpan(start, length - start), ref progress, keyRoom, out MemcachedRequest request);
                start += request.Length;
            }

            return requests;
        }
    }

    private static PlainLine Any(Random random)
    {
        string key = new((char)random.Next('!', 127), random.Next(1, 251));
        string end = random.Next(3) == 0 ? "\n" : "\r\n";
        string value = new('v', random.Next(random.Next(10) == 0 ? 7_000 : 50));
        uint flags = (uint)random.NextInt64(1L << 32);
        int expiry = random.Next(-5, int.MaxValue);
        ulong number = (ulong)random.NextInt64();
        bool isQuiet = random.Next(2) == 0;
        string quiet = isQuiet ? " noreply" : "";
        bool isTooLong = value.Length > MaxValueBytes;
        string taken = isTooLong ? "" : value;
        MemcachedFault fault = isTooLong ? MemcachedFault.TooLarge : MemcachedFault.None;
        switch (random.Next(7))
        {
            case 0:
                int count = random.Next(1, 6);
                return new($"{(count > 2 ? "get" : "gets")} {string.Join("  ", Enumerable.Repeat(key, count))} {end}", request =>
                    Assert.Equal((count, key), (request.KeyCount, Text(request.Key))));
            case 1:
                string store = Stores[random.Next(Stores.Length)];
                string unique = store == "cas" ? number.ToString(CultureInfo.InvariantCulture) : "";
                return new($"{store} {key} {flags} {expiry} {value.Length} {unique}{quiet}{end}{value}\r\n", request =>
                {
                    Assert.Equal(
                        (fault, key, flags, expiry, isQuiet),
                        (request.Fault, Text(request.Key), request.ClientFlags, request.ExpirySeconds, request.IsQuiet));
                    Assert.Equal((store == "cas" ? number : 0, taken), (request.Version, Text(request.Value)));
                });
            case 2:
                return new($"incr {key} {number}{quiet}{end}", request => Assert.Equal(
                    (MemcachedCommand.Increment, key, number, isQuiet),
                    (request.Command, Text(request.Key), request.Amount, request.IsQuiet)));
            case 3:
                return new($"touch {key} {expiry}{quiet}{end}", request => Assert.Equal(
                    (MemcachedCommand.Touch, key, expiry, isQuiet),
                    (request.Command, Text(request.Key), request.ExpirySeconds, request.IsQuiet)));
            case 4:
                string plain = key[..Math.Min(key.Length, 187)];
                string binary = Convert.ToBase64String(Encoding.ASCII.GetBytes(plain));
                return new($"mg {binary} b v C{number} N{expiry}{end}", request =>
                {
                    if (binary.Length > MemcachedRequestDecoder.MaxKeyBytes)
                    {
                        Assert.Equal(MemcachedFault.BadLine, request.Fault);
                        return;
                    }

                    Assert.Equal(
                        MetaOptions.IsBase64 | MetaOptions.Value | MetaOptions.HasVersion | MetaOptions.Vivifies, request.Meta);
                    Assert.Equal((plain, number, expiry), (Text(request.Key), request.Version, request.VivifySeconds));
                });
            case 5:
                return new($"ms {key} {value.Length} F{flags} T{expiry} E{number} q MA{end}{value}\r\n", request =>
                {
                    Assert.Equal(
                        (fault, key, flags, expiry, true, (byte)'A'),
                        (request.Fault, Text(request.Key), request.ClientFlags, request.ExpirySeconds, request.IsQuiet, request.Mode));
                    Assert.Equal((number, taken), (request.Unique, Text(request.Value)));
                });
            default:
                return new($"ma {key} D{number} J{flags} MD E{expiry & int.MaxValue}{end}", request => Assert.Equal(
                    (key, number, flags, (byte)'D', (ulong)(expiry & int.MaxValue)),
                    (Text(request.Key), request.Amount, request.Initial, request.Mode, request.Unique)));
        }
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    private sealed record PlainLine(string Text, Action<MemcachedRequest> Check);
}
