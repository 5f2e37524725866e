using FastCache.Node.Shards;

namespace FastCache.Node.Tests.Examples;

public sealed class SpscQueueTests
{
    [Fact]
    public void Entries_leave_in_order_and_a_full_queue_takes_none()
    {
        SpscQueue<string> queue = new(4);
        for (int round = 0; round < 10; round++)
        {
            Assert.True(queue.IsEmpty);
            Assert.All(Enumerable.Range(0, 4), i => Assert.True(queue.TryEnqueue($"{round} {i}")));
            Assert.False(queue.TryEnqueue("one too many"));
            Assert.Equal(4, queue.Count);
            for (int i = 0; i < 4; i++)
            {
                Assert.True(queue.TryDequeue(out string? entry));
                Assert.Equal($"{round} {i}", entry);
            }

            Assert.False(queue.TryDequeue(out _));
        }
    }

    [Fact]
    public void Two_threads_lose_and_double_nothing()
    {
        const int Entries = 200_000;
        SpscQueue<object> queue = new(8);
        object[] entries = [.. Enumerable.Range(0, Entries).Select(i => (object)i)];
        Thread producer = new(() =>
        {
            SpinWait wait = default;
            foreach (object entry in entries)
            {
                while (!queue.TryEnqueue(entry))
                {
                    wait.SpinOnce(sleep1Threshold: -1);
                }
            }
        });
        producer.Start();
        SpinWait patience = default;
        for (int i = 0; i < Entries;)
        {
            if (queue.TryDequeue(out object? entry))
            {
                Assert.Same(entries[i], entry);
                i++;
            }
            else
            {
                patience.SpinOnce(sleep1Threshold: -1);
            }
        }

        producer.Join();
        Assert.True(queue.IsEmpty);
    }
}
