using System.Buffers.Binary;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Workload;
using FastCache.Protocol;

namespace FastCache.LoadGen.Tests.Examples;

public sealed class ShardStreamTests
{
    private const int Shards = 3;
    private const int Count = 9_000;
    private static readonly RequestMix Mix = new(0.9, 0.05, 16, 10);

    [Theory]
    [InlineData("uniform")]
    [InlineData("zipf")]
    public void A_shards_stream_has_its_keys_only_and_of_those_what_the_mix_says(string name)
    {
        KeyDistribution distribution = Enum.Parse<KeyDistribution>(name, ignoreCase: true);
        KeySpace keys = new(10_000, Mix.KeyBytes);
        KeyPicker picker = new(keys.Count, distribution, 0.99);
        ShardSlots slots = ShardSlots.Read(Topology(Shards, [(0, 5_000, 0), (5_001, 11_000, 1), (11_001, 16_383, 2)]));
        for (int shard = 0; shard < Shards; shard++)
        {
            using RequestStream stream = RequestStream.Create(new(keys, picker, slots, shard), Mix, Count, seed: 1);
            HashSet<int> asked = [];
            int absent = 0;
            byte[] key = new byte[Mix.KeyBytes];
            for (int i = 0; i < Count; i++)
            {
                int number = stream.KeyNumber(i);
                KeySpace.Write(number, key);
                int slot = KeySlot.Of(key);
                Assert.Equal(shard, slot <= 5_000 ? 0 : slot <= 11_000 ? 1 : 2);
                asked.Add(number);
                absent += number >= keys.Count ? 1 : 0;
            }

            Assert.InRange(absent, Count * 0.03, Count * 0.06);
            Assert.True(asked.Count > Count / 10, $"only {asked.Count} keys");
        }
    }

    [Fact]
    public void Streams_of_all_shards_take_the_memory_of_one_and_are_kept_while_slots_stay()
    {
        RequestMix large = Mix with { ValueBytes = 1 << 20 };
        using RequestStreams streams = new(new(1_000, 16), new(1_000, KeyDistribution.Uniform, 1), large, 1);
        RequestStream whole = Assert.Single(streams.For(ShardSlots.Single));
        int requests = whole.Count;
        ShardSlots halves = ShardSlots.Read(Topology(2, [(0, 8_191, 0), (8_192, 16_383, 1)]));
        RequestStream[] two = streams.For(halves);
        Assert.Equal([requests / 2, requests / 2], two.Select(stream => stream.Count));
        Assert.Same(two, streams.For(ShardSlots.Read(Topology(2, [(0, 8_191, 0), (8_192, 16_383, 1)]))));
        Assert.NotSame(two, streams.For(ShardSlots.Read(Topology(2, [(0, 8_191, 1), (8_192, 16_383, 0)]))));
    }

    [Fact]
    public void A_shard_without_keys_is_an_error_that_says_what_to_do()
    {
        KeySource none = new(
            new(1, 16), new(1, KeyDistribution.Uniform, 1),
            ShardSlots.Read(Topology(2, [(0, 16_383, 0)])), Shard: 1);
        LoadFailedException failure = Assert.Throws<LoadFailedException>(
            () => RequestStream.Create(none, Mix, 10, seed: 1));
        Assert.Contains("shard 1 of 2", failure.Message, StringComparison.Ordinal);
        Assert.Contains("--clients unaware", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 1)]
    [InlineData(7, 3)]
    [InlineData(8, 8)]
    public void Connections_of_a_shard_share_what_they_send_without_gap_or_overlap(int connections, int shards)
    {
        ClientPlace[] places = [.. Enumerable.Range(0, connections).Select(i => ClientPlace.Of(i, connections, shards))];
        for (int shard = 0; shard < shards; shard++)
        {
            ClientPlace[] own = [.. places.Where(place => place.Shard == shard).OrderBy(place => place.Rank)];
            Assert.NotEmpty(own);
            int end = 0;
            foreach (ClientPlace place in own)
            {
                Assert.Equal(own.Length, place.Peers);
                Assert.Equal(end, place.StartOf(1_000_003));
                end = place.EndOf(1_000_003);
            }

            Assert.Equal(1_000_003, end);
        }
    }

    [Theory]
    [InlineData("slot 100", 2, 0, 99, 101, 16_383)]
    [InlineData("slots 200 to 100", 2, 200, 100, 101, 16_383)]
    [InlineData("to 16384", 2, 0, 99, 100, 16_384)]
    [InlineData("shard 1", 1, 0, 99, 100, 16_383)]
    public void A_topology_that_is_not_whole_is_refused(
        string expected, int shards, int first, int last, int secondFirst, int secondLast)
    {
        FormatException refused = Assert.Throws<FormatException>(
            () => ShardSlots.Read(Topology(shards, [(first, last, 0), (secondFirst, secondLast, 1)])));
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_topology_of_the_wrong_length_is_refused() =>
        Assert.Contains(
            "9 bytes",
            Assert.Throws<FormatException>(() => ShardSlots.Read(Topology(1, [(0, 16_383, 0)]).AsSpan(0, 9))).Message,
            StringComparison.Ordinal);

    private static byte[] Topology(int shards, (int First, int Last, int Shard)[] ranges)
    {
        byte[] body = new byte[4 + (6 * ranges.Length)];
        BinaryPrimitives.WriteUInt16LittleEndian(body, (ushort)shards);
        BinaryPrimitives.WriteUInt16LittleEndian(body.AsSpan(2), (ushort)ranges.Length);
        for (int i = 0; i < ranges.Length; i++)
        {
            Span<byte> range = body.AsSpan(4 + (6 * i));
            BinaryPrimitives.WriteUInt16LittleEndian(range, (ushort)ranges[i].First);
            BinaryPrimitives.WriteUInt16LittleEndian(range[2..], (ushort)ranges[i].Last);
            BinaryPrimitives.WriteUInt16LittleEndian(range[4..], (ushort)ranges[i].Shard);
        }

        return body;
    }
}
