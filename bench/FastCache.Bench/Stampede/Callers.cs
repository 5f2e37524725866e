using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using FastCache.Client;
using FastCache.Protocol;
using HdrHistogram;

namespace FastCache.Bench.Stampede;

/// <summary>How callers get what is missing.</summary>
internal enum FillWay
{
    /// <summary><see cref="FastCacheClient.GetOrFillAsync"/>.</summary>
    Leases,

    /// <summary>A get; without a value the source, then a set.</summary>
    Plain,
}

/// <summary>The callers of one process: each wants all keys, all at the same moment.</summary>
internal sealed class Callers(FastCacheClient client, SourceLink source, int callers, int keys, FillOptions fill)
{
    private const int ValueBytes = 100;
    private const long MaxMicros = 3_600_000_000;

    /// <summary>What a client of so many calls at once needs.</summary>
    public static FastCacheClientOptions OptionsFor(System.Net.EndPoint node, int callers, int keys) => new()
    {
        Seeds = [node],
        MaxOutstanding = callers * keys,
        RequestTimeout = TimeSpan.FromSeconds(30),
    };

    /// <summary>Microseconds that calls took.</summary>
    public static LongHistogram NewLatencies() => new(1, MaxMicros, 2);

    /// <summary>Lets all callers call.</summary>
    /// <param name="way">How.</param>
    /// <param name="prefix">What the names of the keys begin with.</param>
    /// <returns>Microseconds that each call took.</returns>
    /// <exception cref="InvalidDataException">A caller got another value than that of its key.</exception>
    public async Task<LongHistogram> CallAsync(FillWay way, string prefix)
    {
        byte[][] names = [.. Enumerable.Range(0, keys).Select(key => Encoding.ASCII.GetBytes($"{prefix} {key}"))];
        TimeSpan[] took = new TimeSpan[callers * keys];
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(() =>
            Task.WhenAll(Enumerable.Range(0, keys).Select(key => TimeAsync((caller * keys) + key, key))))));
        LongHistogram latencies = NewLatencies();
        foreach (TimeSpan one in took)
        {
            latencies.RecordValue(Math.Clamp((long)one.TotalMicroseconds, 1, MaxMicros));
        }

        return latencies;

        async Task TimeAsync(int call, int key)
        {
            long start = Stopwatch.GetTimestamp();
            await (way == FillWay.Leases ? FillAsync(names[key], key) : GetAskSetAsync(names[key], key));
            took[call] = Stopwatch.GetElapsedTime(start);
        }
    }

    private static void Write(Span<byte> value, int key)
    {
        value.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(value, key);
    }

    private static void Check(ReadOnlySpan<byte> value, int key)
    {
        if (value.Length != ValueBytes || BinaryPrimitives.ReadInt32LittleEndian(value) != key)
        {
            throw new InvalidDataException($"a caller got another value than that of key {key}");
        }
    }

    private async Task FillAsync(byte[] name, int key)
    {
        using FilledValue value = await client.GetOrFillAsync(name, (source, key), AskAsync, fill);
        Check(value.Span, key);

        static async ValueTask<SourceAnswer> AskAsync(
            (SourceLink Source, int Key) asked, ReadOnlyMemory<byte> key, IBufferWriter<byte> destination, CancellationToken cancellationToken)
        {
            await asked.Source.AskAsync(asked.Key).WaitAsync(cancellationToken);
            Write(destination.GetSpan(ValueBytes)[..ValueBytes], asked.Key);
            destination.Advance(ValueBytes);
            return SourceAnswer.Found;
        }
    }

    private async Task GetAskSetAsync(byte[] name, int key)
    {
        using CacheValue found = await client.GetAsync(name);
        if (found.IsFound)
        {
            Check(found.Span, key);
            return;
        }

        await source.AskAsync(key);
        byte[] value = new byte[ValueBytes];
        Write(value, key);
        await client.SetAsync(name, value, new SetTerms((ulong)fill.TimeToLive.TotalMilliseconds));
    }
}
