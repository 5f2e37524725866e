using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;

namespace FastCache.Client.Tests.EndToEnd;

/// <summary>What a task of the load does.</summary>
internal enum LoadAction
{
    Set,
    Get,
    Increment,
}

/// <summary>A request that failed.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Action">What it was.</param>
/// <param name="Reason">Why.</param>
/// <param name="After">How long its caller waited.</param>
internal sealed record LoadFailure(byte[] Key, LoadAction Action, Exception Reason, TimeSpan After)
{
    public bool MayHaveExecuted => Reason is not CacheException { MayHaveExecuted: false };
}

/// <summary>Eight tasks for each node that write, read and count keys of their own, and know what each key may have as its
/// value.</summary>
internal sealed class ClusterLoad : IAsyncDisposable
{
    private const int Tasks = 8;
    private const int Counters = 2;
    private const int KeysPerTask = 30;

    private readonly FastCacheClient _client;
    private readonly RunningCluster _cluster;
    private readonly Task _all;
    private readonly int[] _answered = new int[3];
    private volatile bool _isOver;

    public ClusterLoad(FastCacheClient client, RunningCluster cluster)
    {
        _client = client;
        _cluster = cluster;
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
        byte[][] keys = _cluster.KeysOf(node, $"load {task}", KeysPerTask);
        string[] written = new string[keys.Length];
        HashSet<string>[] unknown = [.. keys.Select(_ => new HashSet<string>())];
        byte[] counter = _cluster.KeysOf(node, $"count {task}", 1)[0];
        CountLedger ledger = new(_cluster.Life(node));
        for (int i = 0; !_isOver; i++)
        {
            // The others' turns drift apart, and at some moment none of them counts: two always do, so that a count is always under way.
            LoadAction action = task < Counters ? LoadAction.Increment : (LoadAction)((i + task) % 3);
            int k = i / 3 % keys.Length;
            string value = $"{Encoding.UTF8.GetString(keys[k])} = {i}";
            long start = Stopwatch.GetTimestamp();
            try
            {
                switch (action)
                {
                    case LoadAction.Set:
                        await _client.SetAsync(keys[k], NodeTests.Key(value));
                        written[k] = value;
                        break;
                    case LoadAction.Get:
                        using (CacheValue found = await _client.GetAsync(keys[k]))
                        {
                            string text = found.IsFound ? Encoding.UTF8.GetString(found.Span) : "";
                            if (found.IsFound && text != written[k] && !unknown[k].Contains(text))
                            {
                                WrongValues.Enqueue($"'{text}' instead of '{written[k]}'");
                            }
                        }

                        break;
                    default:
                        await CountAsync(counter, node, ledger);
                        break;
                }

                Interlocked.Increment(ref _answered[node]);
            }
            catch (Exception reason)
            {
                LoadFailure failure = new(
                    action == LoadAction.Increment ? counter : keys[k], action, reason, Stopwatch.GetElapsedTime(start));
                if (failure.MayHaveExecuted && action == LoadAction.Set)
                {
                    unknown[k].Add(value);
                }
                else if (failure.MayHaveExecuted && action == LoadAction.Increment)
                {
                    ledger.MayHaveExecuted(_cluster.Life(node));
                }

                Failures.Enqueue(failure);
                await Task.Delay(5); // A failure at once would be repeated as fast as the machine can.
            }
        }

        // Also for what has failed last.
        await CountAsync(counter, node, ledger);
    }

    private async Task CountAsync(byte[] counter, int node, CountLedger ledger)
    {
        CountResult count = await _client.IncrementAsync(counter, terms: new(Initial: 1));
        if (ledger.Acknowledged(_cluster.Life(node), count.Number) is string wrong)
        {
            WrongValues.Enqueue(wrong);
        }
    }
}
