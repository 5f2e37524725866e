using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;

namespace FastCache.Client.Tests.EndToEnd;

/// <summary>A request that failed.</summary>
/// <param name="Key">Its key.</param>
/// <param name="IsWrite">Whether it was a set.</param>
/// <param name="Reason">Why.</param>
/// <param name="After">How long its caller waited.</param>
internal sealed record LoadFailure(byte[] Key, bool IsWrite, Exception Reason, TimeSpan After);

/// <summary>Eight tasks that write and read keys of their own, and know what each key may have as its value.</summary>
internal sealed class ClusterLoad : IAsyncDisposable
{
    private const int Tasks = 8;
    private const int KeysPerTask = 30;

    private readonly FastCacheClient _client;
    private readonly Func<byte[], int> _nodeOf;
    private readonly Task _all;
    private readonly int[] _answered = new int[3];
    private volatile bool _isOver;

    public ClusterLoad(FastCacheClient client, RunningCluster cluster)
    {
        _client = client;
        _nodeOf = cluster.NodeOf;
        _all = Task.WhenAll(Enumerable.Range(0, Tasks * 3).Select(task => Task.Run(() => RunAsync(task / 3, task % 3))));
    }

    public ConcurrentQueue<LoadFailure> Failures { get; } = [];

    public ConcurrentQueue<string> WrongValues { get; } = [];

    /// <summary>Requests so far to keys that the node had when the load began.</summary>
    public int Answered(int node) => Volatile.Read(ref _answered[node]);

    /// <summary>Waits until some more requests to each of the nodes are answered.</summary>
    public void AwaitProgress(params int[] nodes)
    {
        int[] before = [.. nodes.Select(Answered)];
        FastCache.EndToEnd.Tests.Eventually.Is(
            () => nodes.Zip(before).All(pair => Answered(pair.First) > pair.Second + 200),
            () => $"answered {string.Join(", ", _answered)} after {string.Join(", ", before)}: {Failures.LastOrDefault()?.Reason}");
    }

    /// <summary>Ends it, and waits for its last requests.</summary>
    public async Task EndAsync()
    {
        _isOver = true;
        await _all.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Empty(WrongValues);
    }

    public async ValueTask DisposeAsync()
    {
        _isOver = true;
        await _all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    // A task for each node, so that callers of one that is silent do not keep the others from being asked.
    private async Task RunAsync(int task, int node)
    {
        byte[][] keys = [.. Enumerable.Range(0, int.MaxValue).Select(i => NodeTests.Key($"load {task} {i}"))
            .Where(key => _nodeOf(key) == node).Take(KeysPerTask)];
        string[] written = new string[keys.Length];
        HashSet<string>[] unknown = [.. keys.Select(_ => new HashSet<string>())];
        for (int i = 0; !_isOver; i++)
        {
            int k = i / 2 % keys.Length;
            bool isWrite = i % 2 == 0;
            string value = $"{Encoding.UTF8.GetString(keys[k])} = {i}";
            long start = Stopwatch.GetTimestamp();
            try
            {
                if (isWrite)
                {
                    await _client.SetAsync(keys[k], NodeTests.Key(value));
                    written[k] = value;
                }
                else
                {
                    using CacheValue found = await _client.GetAsync(keys[k]);
                    string text = found.IsFound ? Encoding.UTF8.GetString(found.Span) : "";
                    if (found.IsFound && text != written[k] && !unknown[k].Contains(text))
                    {
                        WrongValues.Enqueue($"'{text}' instead of '{written[k]}'");
                    }
                }

                Interlocked.Increment(ref _answered[node]);
            }
            catch (Exception failure)
            {
                if (isWrite && failure is not CacheException { MayHaveExecuted: false })
                {
                    unknown[k].Add(value);
                }

                Failures.Enqueue(new(keys[k], isWrite, failure, Stopwatch.GetElapsedTime(start)));
                await Task.Delay(5); // A failure at once would be repeated as fast as the machine can.
            }
        }
    }
}
