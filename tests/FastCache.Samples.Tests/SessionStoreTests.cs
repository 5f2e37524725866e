extern alias SessionStore;

using FastCache.EndToEnd.Tests;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Program = SessionStore::Program;

namespace FastCache.Samples.Tests;

/// <summary>The sample with a real node.</summary>
public sealed class SessionStoreTests
{
    private static readonly Uri Page = new("/", UriKind.Relative);

    [Fact]
    public async Task A_session_survives_a_restart_of_the_application()
    {
        using RunningNode node = RunningNode.Start();
        DirectoryInfo keys = Directory.CreateTempSubdirectory("session-store-");
        try
        {
            string cookie;
            await using (WebApplicationFactory<Program> application = Application(node, keys))
            {
                using HttpClient visitor = Visitor(application);
                using HttpResponseMessage response = await visitor.GetAsync(Page);
                Assert.Equal("1", await response.Content.ReadAsStringAsync());
                cookie = response.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
            }

            await using WebApplicationFactory<Program> restarted = Application(node, keys);
            using HttpClient stranger = Visitor(restarted);
            Assert.Equal("1", await stranger.GetStringAsync(Page));
            using HttpClient known = Visitor(restarted);
            known.DefaultRequestHeaders.Add("Cookie", cookie);
            Assert.Equal("2", await known.GetStringAsync(Page));
            Assert.Contains(await known.GetStringAsync(new Uri("/health", UriKind.Relative)), new[] { "Healthy", "Degraded" });
        }
        finally
        {
            keys.Delete(recursive: true);
        }
    }

    private static HttpClient Visitor(WebApplicationFactory<Program> application) =>
        application.CreateClient(new() { HandleCookies = false });

    private static WebApplicationFactory<Program> Application(RunningNode node, DirectoryInfo keys) =>
        new WebApplicationFactory<Program>().WithWebHostBuilder(host => host
            .UseSetting("FastCache:Seeds:0", $"{node.EndPoint}")
            .UseSetting("FastCache:Client:OutageWait", "00:00:20")
            .UseSetting("KeyDirectory", keys.FullName));
}
