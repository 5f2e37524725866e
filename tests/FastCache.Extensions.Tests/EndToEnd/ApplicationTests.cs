using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.DependencyInjection;

namespace FastCache.Extensions.Tests.EndToEnd;

/// <summary>What .NET builds on a distributed cache, over this one.</summary>
public sealed class ApplicationTests(CacheNode node) : IClassFixture<CacheNode>
{
    [Fact]
    public async Task A_session_is_the_same_in_every_process_of_an_application()
    {
        await using WebApplication one = await StartAsync();
        await using WebApplication other = await StartAsync();
        using HttpClient first = one.GetTestClient();
        using HttpClient second = other.GetTestClient();
        using HttpResponseMessage response = await first.GetAsync(new Uri("/", UriKind.Relative));
        Assert.Equal("1", await response.Content.ReadAsStringAsync());
        string cookie = response.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
        first.DefaultRequestHeaders.Add("Cookie", cookie);
        second.DefaultRequestHeaders.Add("Cookie", cookie);
        Assert.Equal("2", await second.GetStringAsync(new Uri("/", UriKind.Relative)));
        Assert.Equal("3", await first.GetStringAsync(new Uri("/", UriKind.Relative)));
        using HttpClient stranger = other.GetTestClient();
        Assert.Equal("1", await stranger.GetStringAsync(new Uri("/", UriKind.Relative)));
    }

    [Fact]
    public async Task HybridCache_asks_its_source_once_for_all_processes()
    {
        await using ServiceProvider one = Hybrid();
        await using ServiceProvider other = Hybrid();
        int asked = 0;
        HybridCache first = one.GetRequiredService<HybridCache>();
        HybridCache second = other.GetRequiredService<HybridCache>();
        Assert.Equal("from the source", await first.GetOrCreateAsync("key", FromSource));

        // A HybridCache writes behind its caller's back.
        IDistributedCache stored = one.GetRequiredService<IDistributedCache>();
        for (Stopwatch clock = Stopwatch.StartNew(); await stored.GetAsync("key") is null; await Task.Delay(1))
        {
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), "the value is not stored");
        }

        Assert.Equal("from the source", await second.GetOrCreateAsync("key", FromSource));
        Assert.Equal(1, asked);
        await second.RemoveAsync("key");
        await using ServiceProvider third = Hybrid();
        Assert.Equal("from the source", await third.GetRequiredService<HybridCache>().GetOrCreateAsync("key", FromSource));
        Assert.Equal(2, asked);

        ValueTask<string> FromSource(CancellationToken cancellationToken)
        {
            asked++;
            return new("from the source");
        }
    }

    private ServiceProvider Hybrid()
    {
        ServiceCollection services = new();
        services.AddHybridCache();
        return node.Register(services, "hybrid:").BuildServiceProvider();
    }

    private async Task<WebApplication> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder();
        builder.WebHost.UseTestServer();
        node.Register(builder.Services, "sessions:");
        builder.Services.AddSession();

        // Processes of one application share their keys; without that none understands another one's cookies.
        builder.Services.AddSingleton<Microsoft.AspNetCore.DataProtection.IDataProtectionProvider>(Keys);
        WebApplication application = builder.Build();
        application.UseSession();
        application.MapGet("/", (HttpContext context) =>
        {
            int visits = (context.Session.GetInt32("visits") ?? 0) + 1;
            context.Session.SetInt32("visits", visits);
            return visits.ToString(CultureInfo.InvariantCulture);
        });
        await application.StartAsync();
        return application;
    }

    private static readonly Microsoft.AspNetCore.DataProtection.EphemeralDataProtectionProvider Keys = new();
}
