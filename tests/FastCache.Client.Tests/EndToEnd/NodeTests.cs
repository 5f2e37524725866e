using System.Text;
using FastCache.EndToEnd.Tests;
using FastCache.Protocol;

namespace FastCache.Client.Tests.EndToEnd;

/// <summary>The client against a real node.</summary>
public sealed class NodeTests
{
    [Theory]
    [InlineData("1")]
    [InlineData("3")]
    public async Task Values_are_stored_read_and_deleted_on_every_shard(string shards)
    {
        using RunningNode node = RunningNode.Start("--shards", shards);
        await using FastCacheClient client = await ConnectAsync(node);
        for (int i = 0; i < 300; i++)
        {
            byte[] key = Key($"key {i}");
            byte[] value = Bytes(i * 50, i);
            Assert.False((await client.GetAsync(key)).IsFound);
            WriteResult stored = await client.SetAsync(key, value, new SetTerms { ReturnVersion = true });
            Assert.True(stored.IsDone);
            using (CacheValue found = await client.GetAsync(key))
            {
                Assert.True(found.IsFound);
                Assert.Equal(stored.Version, found.Version);
                Assert.Equal((ulong)value.Length, found.TotalLength);
                Assert.True(found.Span.SequenceEqual(value));
            }

            byte[] room = new byte[100];
            CopiedValue copied = await client.GetAsync(key, room);
            Assert.Equal(new CopiedValue(true, value.Length, stored.Version), copied);
            Assert.True(room.AsSpan(0, Math.Min(100, value.Length)).SequenceEqual(value.AsSpan(0, Math.Min(100, value.Length))));
            Assert.True(await client.DeleteAsync(key));
            Assert.False(await client.DeleteAsync(key));
        }
    }

    internal static Task<FastCacheClient> ConnectAsync(RunningNode node) =>
        FastCacheClient.ConnectAsync(new() { Seeds = [node.EndPoint], RequestTimeout = TimeSpan.FromSeconds(20) });

    internal static byte[] Key(string key) => Encoding.UTF8.GetBytes(key);

    internal static byte[] Bytes(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
