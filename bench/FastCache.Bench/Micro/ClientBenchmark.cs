using System.Diagnostics.CodeAnalysis;
using BenchmarkDotNet.Attributes;
using FastCache.Bench.Client;
using FastCache.Bench.Faults;
using FastCache.Bench.Peers;
using FastCache.Client;
using FastCache.LoadGen.Peers;
using FastCache.Protocol;
using StackExchange.Redis;

namespace FastCache.Bench.Micro;

/// <summary>What does a read of 100 bytes over loopback cost its caller: awaited by itself, with 256 others, or in a batch of 128;
/// against StackExchange.Redis on redis-server?</summary>
/// <remarks>The node and redis-server run beside it, on whatever processor is free. Where redis-server is not installed its
/// cases have no figures.</remarks>
[Config(typeof(MicroConfig))]
[SuppressMessage("Reliability", "CA2012", Justification = "Each is awaited once, in the order in which they began.")]
public class ClientBenchmark
{
    private const int Items = 10_000;
    private const int ValueBytes = 100;
    private const int Many = 256;
    private const int Batch = 128;

    private readonly ClientItems _items = new(Items, ValueBytes);
    private readonly ValueTask<CacheValue>[] _reads = new ValueTask<CacheValue>[Many];
    private readonly Task<RedisValue>[] _redisReads = new Task<RedisValue>[Many];
    private readonly RedisKey[] _redisKeys = new RedisKey[Items];
    private FaultNode? _node;
    private PeerProcess? _process;
    private FastCacheClient? _client;
    private FastCacheBatch? _batch;
    private ConnectionMultiplexer? _redis;
    private IDatabase? _database;
    private int _next;

    [GlobalSetup(Targets = [nameof(FastCacheOne), nameof(FastCacheMany), nameof(FastCacheBatched)])]
    public async Task SetUpFastCache()
    {
        _node = FaultNode.Start("--shards", "1", "--memory", "64MiB");
        FastCacheClientOptions options = new() { Seeds = [_node.EndPoint] };
        _client = await FastCacheClient.ConnectAsync(options);
        _batch = FastCacheBatch.Connect(options);
        await new FastCacheSubject(_client, _items).FillAsync();
    }

    [GlobalSetup(Targets = [nameof(RedisOne), nameof(RedisMany)])]
    public async Task SetUpRedis()
    {
        _process = Redis.Listen() ?? throw new InvalidOperationException("redis-server is not installed");
        _redis = await ConnectionMultiplexer.ConnectAsync($"{_process.EndPoint},abortConnect=true");
        _database = _redis.GetDatabase();
        for (int i = 0; i < Items; i++)
        {
            _redisKeys[i] = _items.Key(i).ToArray();
        }

        await new RedisSubject(_redis, _items).FillAsync();
    }

    [Benchmark]
    public async Task<int> FastCacheOne()
    {
        using CacheValue value = await _client!.GetAsync(NextKey().Span);
        return value.Span.Length;
    }

    [Benchmark]
    public async Task<int> RedisOne() => (int)(await _database!.StringGetAsync(NextRedisKey())).Length();

    [Benchmark(OperationsPerInvoke = Many)]
    public async Task<int> FastCacheMany()
    {
        for (int i = 0; i < Many; i++)
        {
            _reads[i] = _client!.GetAsync(NextKey().Span);
        }

        int bytes = 0;
        for (int i = 0; i < Many; i++)
        {
            using CacheValue value = await _reads[i];
            bytes += value.Span.Length;
        }

        return bytes;
    }

    [Benchmark(OperationsPerInvoke = Many)]
    public async Task<int> RedisMany()
    {
        for (int i = 0; i < Many; i++)
        {
            _redisReads[i] = _database!.StringGetAsync(NextRedisKey());
        }

        int bytes = 0;
        for (int i = 0; i < Many; i++)
        {
            bytes += (int)(await _redisReads[i]).Length();
        }

        return bytes;
    }

    [Benchmark(OperationsPerInvoke = Batch)]
    public int FastCacheBatched()
    {
        _batch!.Clear();
        for (int i = 0; i < Batch; i++)
        {
            _batch.Get(NextKey().Span);
        }

        _batch.Execute();
        int bytes = 0;
        for (int i = 0; i < Batch; i++)
        {
            Reply reply = _batch[i];
            bytes += reply.Value.Length;
        }

        return bytes;
    }

    [GlobalCleanup]
    public async Task End()
    {
        _batch?.Dispose();
        if (_client is not null)
        {
            await _client.DisposeAsync();
        }

        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }

        _node?.Dispose();
        _process?.Dispose();
    }

    private ReadOnlyMemory<byte> NextKey() => _items.Key(_next = _items.After(_next));

    private RedisKey NextRedisKey() => _redisKeys[_next = _items.After(_next)];
}
