using System.Buffers;
using System.Net;
using System.Net.Sockets;
using FastCache.Client;
using FastCache.EndToEnd.Tests;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace FastCache.Extensions.Tests.EndToEnd;

/// <summary>Applications whose node is not there, or not yet, or no longer.</summary>
public sealed class OutageTests
{
    [Fact]
    public async Task An_application_starts_without_its_node_fails_at_once_and_works_as_soon_as_the_node_is_there()
    {
        string address = FreeAddress();
        using IHost host = Application(address, TimeSpan.Zero);
        await host.StartAsync();
        IDistributedCache cache = host.Services.GetRequiredService<IDistributedCache>();
        CacheConnectionException failure = await Assert.ThrowsAsync<CacheConnectionException>(() => cache.GetAsync("key"));
        Assert.Contains(address, failure.Message, StringComparison.Ordinal);
        Assert.False(failure.MayHaveExecuted);
        Assert.Throws<CacheConnectionException>(() => host.Services.GetRequiredService<FastCacheClient>());
        Assert.Equal(HealthStatus.Unhealthy, (await CheckAsync(host)).Status);

        using RunningNode node = RunningNode.Start("--listen", address);
        Eventually.Is(() => CheckAsync(host).Result.Status != HealthStatus.Unhealthy, () => "still unhealthy");
        await cache.SetAsync("key", [1], new());
        Assert.Equal([1], await cache.GetAsync("key"));
        await host.Services.GetRequiredService<FastCacheClient>().PingAsync();
        await host.StopAsync();
    }

    [Fact]
    public async Task Before_any_node_answers_a_source_is_asked_once_for_all_callers_or_not_at_all_and_then_its_value_is_stored()
    {
        string address = FreeAddress();
        using IHost host = Application(address, TimeSpan.Zero);
        await using FastCacheConnection connection = host.Services.GetRequiredService<FastCacheConnection>();
        byte[] key = [7];
        int calls = 0;
        await Assert.ThrowsAsync<CacheConnectionException>(() => connection.ClientAsync().AsTask());
        await Assert.ThrowsAsync<CacheConnectionException>(
            () => FillAsync(new() { AskSourceInOutage = false }, Task.CompletedTask));

        TaskCompletionSource answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<(FillOrigin Origin, bool IsStored)>[] callers = [.. Enumerable.Range(0, 50).Select(_ => FillAsync(new(), answer.Task))];
        answer.SetResult();
        (FillOrigin Origin, bool IsStored)[] filled = await Task.WhenAll(callers);
        Assert.Equal(1, calls);
        Assert.Single(filled, result => result == (FillOrigin.Filled, false));
        Assert.Equal(49, filled.Count(result => result == (FillOrigin.FilledByAnother, false)));

        using RunningNode node = RunningNode.Start("--listen", address);
        Eventually.Is(() => FillAsync(new(), Task.CompletedTask).Result.Origin == FillOrigin.Hit, () => "nothing is stored");

        async Task<(FillOrigin Origin, bool IsStored)> FillAsync(FillOptions options, Task until)
        {
            using FilledValue value = await connection.GetOrFillAsync(
                key,
                until,
                async (until, _, destination, _) =>
                {
                    Interlocked.Increment(ref calls);
                    await until;
                    destination.Write(new byte[] { 42 });
                    return SourceAnswer.Found;
                },
                options);
            Assert.Equal(42, Assert.Single(value.Memory.ToArray()));
            return (value.Origin, value.IsStored);
        }
    }

    [Fact]
    public async Task Whoever_asks_while_the_node_is_starting_waits_for_it()
    {
        string address = FreeAddress();
        using IHost host = Application(address, TimeSpan.FromSeconds(60));
        await host.StartAsync();
        Task<byte[]?> get = host.Services.GetRequiredService<IDistributedCache>().GetAsync("key");
        using CancellationTokenSource impatient = new(TimeSpan.FromMilliseconds(100));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => host.Services.GetRequiredService<IDistributedCache>().GetAsync("key", impatient.Token));
        Assert.False(get.IsCompleted);
        using RunningNode node = RunningNode.Start("--listen", address);
        Assert.Null(await get.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task An_application_that_ends_releases_whoever_waits_for_the_node()
    {
        IHost host = Application(FreeAddress(), TimeSpan.FromSeconds(60));
        IDistributedCache cache = host.Services.GetRequiredService<IDistributedCache>();
        Task<byte[]?> get = cache.GetAsync("key");
        await ((IAsyncDisposable)host).DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => get.WaitAsync(TimeSpan.FromSeconds(30)));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => cache.GetAsync("key"));
    }

    [Fact]
    public async Task The_health_check_tells_the_latency_and_what_is_wrong()
    {
        RunningNode node = RunningNode.Start();
        using IHost host = Application($"{node.EndPoint}", TimeSpan.Zero);
        HealthReportEntry slow = await CheckAsync(host, "slow");
        Assert.Equal(HealthStatus.Degraded, slow.Status);
        HealthReportEntry healthy = await CheckAsync(host, "patient");
        Assert.Equal(HealthStatus.Healthy, healthy.Status);
        Assert.True((double)healthy.Data["latencyMillis"] > 0);
        Assert.Contains("ms", healthy.Description, StringComparison.Ordinal);
        node.Dispose();
        Eventually.Is(() => CheckAsync(host).Result.Status == HealthStatus.Unhealthy, () => "still healthy");
        HealthReportEntry optional = await CheckAsync(host, "optional");
        Assert.Equal(HealthStatus.Degraded, optional.Status);
        Assert.IsType<CacheConnectionException>(optional.Exception);
    }

    private static async Task<HealthReportEntry> CheckAsync(IHost host, string name = "fastcache")
    {
        HealthReport report = await host.Services.GetRequiredService<HealthCheckService>()
            .CheckHealthAsync(check => check.Name == name);
        return report.Entries[name];
    }

    private static IHost Application(string address, TimeSpan outageWait)
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.Services.AddFastCache(options =>
        {
            options.Seeds.Add(address);
            options.Client = options.Client with { OutageWait = outageWait, MaxReconnectPause = TimeSpan.FromMilliseconds(50) };
        });
        builder.Services.AddHealthChecks()
            .AddFastCache()
            .AddFastCache("slow", degradedFrom: TimeSpan.Zero)
            .AddFastCache("patient", degradedFrom: TimeSpan.FromMinutes(1))
            .AddFastCache("optional", HealthStatus.Degraded);
        return builder.Build();
    }

    /// <summary>An address of this machine where nobody listens.</summary>
    private static string FreeAddress()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return $"{listener.LocalEndpoint}";
    }
}
