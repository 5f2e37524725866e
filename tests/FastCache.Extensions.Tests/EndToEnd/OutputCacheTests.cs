using System.Buffers;
using System.Globalization;
using System.Net;
using FastCache.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace FastCache.Extensions.Tests.EndToEnd;

/// <summary>ASP.NET's output caching over FastCache: two processes of one application.</summary>
public sealed class OutputCacheTests(CacheNode node) : IClassFixture<CacheNode>
{
    private const int Minute = 60;
    private int _runs;

    [Fact]
    public async Task A_response_is_computed_once_for_all_processes()
    {
        await using WebApplication one = await StartAsync("once:");
        await using WebApplication other = await StartAsync("once:");
        Assert.Equal("1", await ReadAsync(one, "/plain"));
        Assert.Equal("1", await ReadAsync(one, "/plain"));
        Assert.Equal("1", await ReadAsync(other, "/plain"));
        Assert.Equal("2", await ReadAsync(other, "/plain?other"));
    }

    [Fact]
    public async Task A_tag_that_is_evicted_takes_its_responses_along_and_no_others()
    {
        await using WebApplication one = await StartAsync("tags:");
        await using WebApplication other = await StartAsync("tags:");
        Assert.Equal("1", await ReadAsync(one, "/red"));
        Assert.Equal("2", await ReadAsync(one, "/red-and-blue"));
        Assert.Equal("3", await ReadAsync(one, "/blue"));
        IOutputCacheStore store = other.Services.GetRequiredService<IOutputCacheStore>();
        await store.EvictByTagAsync("red", default);
        Assert.Equal("3", await ReadAsync(one, "/blue"));
        Assert.Equal("4", await ReadAsync(one, "/red"));
        Assert.Equal("5", await ReadAsync(other, "/red-and-blue"));
        Assert.Equal("4", await ReadAsync(other, "/red"));
        await store.EvictByTagAsync("nobody has this one", default);
        Assert.Equal("5", await ReadAsync(one, "/red-and-blue"));
    }

    [Fact]
    public async Task What_was_evicted_stays_so_when_its_tag_begins_anew()
    {
        await using ServiceProvider services = Services("anew:");
        IOutputCacheBufferStore store = Store(services);
        await store.SetAsync("old", new ReadOnlySequence<byte>([1]), new[] { "tag" }, TimeSpan.FromMinutes(1), default);
        await store.EvictByTagAsync("tag", default);
        await store.SetAsync("new", new ReadOnlySequence<byte>([2]), new[] { "tag" }, TimeSpan.FromMinutes(1), default);
        Assert.Null(await store.GetAsync("old", default));
        Assert.Equal([2], await store.GetAsync("new", default));

        // As if the node had evicted the tag's number.
        await services.GetRequiredService<FastCacheClient>().DeleteAsync("anew:output-tag:tag"u8);
        Assert.Null(await store.GetAsync("new", default));
    }

    [Fact]
    public async Task What_others_write_under_its_keys_is_no_response()
    {
        await using ServiceProvider services = Services("others:");
        IOutputCacheBufferStore store = Store(services);
        FastCacheClient client = services.GetRequiredService<FastCacheClient>();
        Random random = new(1);
        byte[] bytes = new byte[64];
        for (int i = 0; i < 500; i++)
        {
            random.NextBytes(bytes);
            bytes[0] = (byte)random.Next(4);
            bytes[1] = 0;
            await client.SetAsync("others:output:key"u8, bytes.AsSpan(0, random.Next(bytes.Length)));
            byte[]? found = await store.GetAsync("key", default);
            Assert.True(found is null || bytes[0] == 0, Convert.ToHexString(bytes));
        }

        // A tag whose key holds no number keeps nothing, and nobody waits for ever.
        await client.SetAsync("others:output-tag:strange"u8, "no number"u8);
        await store.SetAsync("tagged", new ReadOnlySequence<byte>([1]), new[] { "strange" }, TimeSpan.FromMinutes(1), default);
        Assert.Null(await store.GetAsync("tagged", default));
    }

    [Fact]
    public async Task A_response_ends_when_its_time_is_over()
    {
        await using ServiceProvider services = Services("ends:");
        IOutputCacheBufferStore store = Store(services);
        await store.SetAsync("key", new ReadOnlySequence<byte>([1]), default, TimeSpan.FromMilliseconds(30), default);
        await Task.Delay(100);
        Assert.Null(await store.GetAsync("key", default));
        await store.SetAsync("key", new ReadOnlySequence<byte>([1]), default, TimeSpan.Zero, default);
        Assert.Null(await store.GetAsync("key", default));
    }

    [Fact]
    public async Task More_tags_than_allowed_are_refused_by_name()
    {
        await using ServiceProvider services = Services("many:");
        string[] tags = [.. Enumerable.Range(0, 1_001).Select(i => i.ToString(CultureInfo.InvariantCulture))];
        ArgumentException refused = await Assert.ThrowsAsync<ArgumentException>(
            async () => await Store(services).SetAsync("key", default(ReadOnlySequence<byte>), tags, TimeSpan.FromMinutes(1), default));
        Assert.Contains("1001 tags; up to 1000", refused.Message, StringComparison.Ordinal);
        await Store(services).SetAsync("key", new ReadOnlySequence<byte>([7]), tags.AsMemory(1), TimeSpan.FromMinutes(1), default);
        Assert.Equal([7], await Store(services).GetAsync("key", default));
    }

    [Fact]
    public async Task Without_a_node_and_with_a_response_too_large_the_endpoint_answers()
    {
        await using WebApplication large = await StartAsync("large:");
        Assert.Equal(3 << 20, (await ReadAsync(large, "/large")).Length);
        Assert.Equal(3 << 20, (await ReadAsync(large, "/large")).Length);
        Assert.Equal(2, _runs);

        WebApplicationBuilder builder = WebApplication.CreateBuilder();
        builder.Services.AddFastCache(options =>
        {
            options.Seeds.Add("127.0.0.1:1");
            options.Client = options.Client with { OutageWait = TimeSpan.FromMilliseconds(20) };
        });
        await using WebApplication alone = await StartAsync(builder);
        Assert.Equal("3", await ReadAsync(alone, "/plain"));
        Assert.Equal("4", await ReadAsync(alone, "/plain"));
    }

    private static async Task<string> ReadAsync(WebApplication application, string path)
    {
        using HttpClient client = application.GetTestClient();
        using HttpResponseMessage response = await client.GetAsync(new Uri(path, UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.Content.ReadAsStringAsync();
    }

    private static IOutputCacheBufferStore Store(ServiceProvider services) =>
        Assert.IsAssignableFrom<IOutputCacheBufferStore>(services.GetRequiredService<IOutputCacheStore>());

    private ServiceProvider Services(string prefix) =>
        node.Register(new ServiceCollection().AddLogging(), prefix).AddFastCacheOutputCache().BuildServiceProvider();

    private Task<WebApplication> StartAsync(string prefix)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder();
        node.Register(builder.Services, prefix);
        return StartAsync(builder);
    }

    private async Task<WebApplication> StartAsync(WebApplicationBuilder builder)
    {
        builder.WebHost.UseTestServer();
        builder.Services.AddFastCacheOutputCache(options =>
        {
            options.DefaultExpirationTimeSpan = TimeSpan.FromSeconds(Minute);
            options.AddPolicy("red", policy => policy.Tag("red"));
            options.AddPolicy("blue", policy => policy.Tag("blue"));
            options.AddPolicy("both", policy => policy.Tag("red").Tag("blue"));
        });
        WebApplication application = builder.Build();
        application.UseOutputCache();
        application.MapGet("/plain", Run).CacheOutput();
        application.MapGet("/red", Run).CacheOutput("red");
        application.MapGet("/blue", Run).CacheOutput("blue");
        application.MapGet("/red-and-blue", Run).CacheOutput("both");
        application.MapGet("/large", () => Run().PadLeft(3 << 20)).CacheOutput();
        await application.StartAsync();
        return application;

        string Run() => (++_runs).ToString(CultureInfo.InvariantCulture);
    }
}
