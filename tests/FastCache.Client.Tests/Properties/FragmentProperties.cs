using FastCache.Client.Tests.Fakes;
using FastCache.Protocol;

namespace FastCache.Client.Tests.Properties;

/// <summary>The way of replies through a socket: cut anywhere, in any order, of any length.</summary>
public sealed class FragmentProperties
{
    [Fact]
    public async Task Replies_cut_anywhere_arrive_whole()
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        using ScriptedConnection connection = await node.ConnectedAsync();
        for (int seed = 0; seed < 300; seed++)
        {
            Random random = new(seed);
            byte[][] values = [.. Enumerable.Range(0, random.Next(1, 12)).Select(_ => new byte[Length(random)])];
            foreach (byte[] value in values)
            {
                random.NextBytes(value);
            }

            Task<CacheValue>[] gets = [.. values.Select((_, i) => client.GetAsync([(byte)i]).AsTask())];
            ScriptedRequest[] requests = await connection.ReadAsync(values.Length);
            random.Shuffle(requests);
            byte[] replies = [.. requests.SelectMany(request =>
                ScriptedConnection.Frame(request.Opcode, Status.Ok, request.Id, values[request.Key[0]]))];
            for (int sent = 0; sent < replies.Length;)
            {
                int piece = Math.Min(replies.Length - sent, random.Next(4) == 0 ? random.Next(1, 20) : random.Next(1, 100_000));
                await connection.SendAsync(replies.AsMemory(sent, piece));
                sent += piece;
            }

            for (int i = 0; i < values.Length; i++)
            {
                using CacheValue value = await gets[i].WaitAsync(TimeSpan.FromSeconds(20));
                Assert.True(value.Span.SequenceEqual(values[i]), $"seed {seed}: value {i} of {values[i].Length} bytes is another one");
            }
        }
    }

    /// <summary>Mostly small, now and then longer than any buffer's usual length.</summary>
    private static int Length(Random random) => random.Next(20) == 0 ? random.Next(200_000) : random.Next(300);
}
