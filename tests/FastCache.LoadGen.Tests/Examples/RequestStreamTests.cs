using FastCache.LoadGen.Options;
using FastCache.LoadGen.Workload;
using FastCache.Protocol;

namespace FastCache.LoadGen.Tests.Examples;

public sealed class RequestStreamTests
{
    private const int Count = 50_000;

    [Theory]
    [InlineData(0.9, 0.05, "uniform")]
    [InlineData(0.9, 0.05, "zipf")]
    [InlineData(0, 0.5, "uniform")]
    [InlineData(1, 1, "uniform")]
    [InlineData(0.5, 0, "zipf")]
    public void Decodes_to_the_mix_that_was_asked_for(double reads, double misses, string name)
    {
        KeyDistribution distribution = Enum.Parse<KeyDistribution>(name, ignoreCase: true);
        RequestMix mix = new(reads, misses, 16, 100);
        KeySpace keys = new(1_000, mix.KeyBytes);
        KeyPicker picker = new(keys.Count, distribution, 0.99);
        using RequestStream stream = RequestStream.Create(KeySource.Of(keys, picker), mix, Count, seed: 1);
        int sets = 0;
        int absent = 0;
        byte[] key = new byte[16];
        for (int i = 0; i < Count; i++)
        {
            ReadOnlySpan<byte> frame = stream.Range(i, 1);
            Assert.Equal(DecodeResult.Ok, RequestDecoder.Read(frame, ProtocolLimits.Default, out Request request));
            Assert.Equal(frame.Length, request.FrameLength);
            int number = stream.KeyNumber(i);
            KeySpace.Write(number, key);
            Assert.Equal(key, request.Key);
            bool isSet = request.Opcode == Opcode.Set;
            Assert.Equal((uint)i | (isSet ? RequestStream.WriteBit : 0), request.Id);
            Assert.True(isSet ? ValuePattern.Matches(number, request.Value) : request.Opcode == Opcode.Get);
            Assert.True(number < keys.Count || (!isSet && number < 2 * keys.Count));
            sets += isSet ? 1 : 0;
            absent += number >= keys.Count ? 1 : 0;
        }

        AssertShare(1 - reads, sets);
        AssertShare(reads * misses, absent);
    }

    [Fact]
    public void A_range_is_the_frames_in_their_order()
    {
        using RequestStream stream = Create(seed: 1, count: 100);
        byte[] one = [];
        for (int i = 10; i < 20; i++)
        {
            one = [.. one, .. stream.Range(i, 1)];
        }

        Assert.Equal(one, stream.Range(10, 10).ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => stream.Range(91, 10).Length);
    }

    [Fact]
    public void Same_seed_same_requests()
    {
        using RequestStream first = Create(seed: 5, count: 1_000);
        using RequestStream second = Create(seed: 5, count: 1_000);
        using RequestStream other = Create(seed: 6, count: 1_000);
        Assert.Equal(first.Range(0, 1_000).ToArray(), second.Range(0, 1_000).ToArray());
        Assert.NotEqual(first.Range(0, 1_000).ToArray(), other.Range(0, 1_000).ToArray());
    }

    [Theory]
    [InlineData(100, 4 << 20)]
    [InlineData(16 << 20, 159)]
    public void Encodes_as_many_as_fit_the_memory(int valueBytes, int expected) =>
        Assert.Equal(expected, RequestStream.CountFor(new RequestMix(0.9, 0, 16, valueBytes)));

    [Fact]
    public void Average_sizes_are_those_of_the_mix()
    {
        RequestMix mix = new(0.9, 0.05, 16, 100);
        Assert.Equal(42, mix.AverageRequestBytes, 6);
        Assert.Equal(101.5, mix.AverageReplyBytes, 6);
    }

    private static RequestStream Create(ulong seed, int count) => RequestStream.Create(
        KeySource.Of(new(100, 16), new(100, KeyDistribution.Uniform, 1)), new RequestMix(0.5, 0.5, 16, 20), count, seed);

    private static void AssertShare(double share, int count)
    {
        double tolerance = 6 * Math.Sqrt(Count * share * (1 - share));
        Assert.InRange(count, (Count * share) - tolerance, (Count * share) + tolerance);
    }
}
