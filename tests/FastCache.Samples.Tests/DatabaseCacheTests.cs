extern alias DatabaseCache;

using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using FastCache.Client;
using FastCache.EndToEnd.Tests;
using FastCache.Protocol;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Program = DatabaseCache::Program;

namespace FastCache.Samples.Tests;

/// <summary>The sample with a real node and a database of its own.</summary>
public sealed class DatabaseCacheTests : IDisposable
{
    private const string Hammer = """{"id":1,"name":"hammer","category":"tools","priceCents":1999}""";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("database-cache-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_hundred_readers_of_two_processes_are_one_query()
    {
        using RunningNode node = RunningNode.Start();
        await using WebApplicationFactory<Program> first = Application(node);
        await using WebApplicationFactory<Program> second = Application(node);
        using HttpClient oneShop = first.CreateClient();
        using HttpClient otherShop = second.CreateClient();
        (HttpStatusCode, string)[] answers = await Task.WhenAll(
            Enumerable.Range(0, 100).Select(i => GetAsync(i % 2 == 0 ? oneShop : otherShop, "/products/1")));
        Assert.All(answers, answer => Assert.Equal((HttpStatusCode.OK, Hammer), answer));
        Assert.Equal(1, await QueriesAsync(oneShop) + await QueriesAsync(otherShop));
        Assert.Contains(await oneShop.GetStringAsync(Relative("/health")), new[] { "Healthy", "Degraded" });
    }

    [Fact]
    public async Task What_is_not_there_is_asked_for_once_until_it_is_written()
    {
        using RunningNode node = RunningNode.Start();
        await using WebApplicationFactory<Program> application = Application(node);
        using HttpClient shop = application.CreateClient();
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal((HttpStatusCode.NotFound, ""), await GetAsync(shop, "/products/77"));
        }

        Assert.Equal(1, await QueriesAsync(shop));
        await PutAsync(shop, 77, "rake", "garden", 1200);
        string rake = """{"id":77,"name":"rake","category":"garden","priceCents":1200}""";
        Assert.Equal((HttpStatusCode.OK, rake), await GetAsync(shop, "/products/77"));
        using HttpResponseMessage deleted = await shop.DeleteAsync(Relative("/products/77"));
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Equal((HttpStatusCode.NotFound, ""), await GetAsync(shop, "/products/77"));
        using HttpResponseMessage twice = await shop.DeleteAsync(Relative("/products/77"));
        Assert.Equal(HttpStatusCode.NotFound, twice.StatusCode);
    }

    [Fact]
    public async Task A_write_is_seen_by_every_process_in_the_product_and_in_the_lists_of_both_categories()
    {
        using RunningNode node = RunningNode.Start();
        await using WebApplicationFactory<Program> first = Application(node);
        await using WebApplicationFactory<Program> second = Application(node);
        using HttpClient writer = first.CreateClient();
        using HttpClient reader = second.CreateClient();
        string[] lists = ["/categories/tools/products", "/categories/tools/products?belowCents=2000", "/categories/garden/products"];
        for (int round = 0; round < 3; round++)
        {
            Assert.Equal((HttpStatusCode.OK, Hammer), await GetAsync(reader, "/products/1"));
            Assert.Equal(["1 2", "1", "3"], await Task.WhenAll(lists.Select(list => IdsAsync(reader, list))));
        }

        Assert.Equal(4, await QueriesAsync(reader));
        await PutAsync(writer, 1, "garden hammer", "garden", 100);
        Assert.Contains("\"garden hammer\"", (await GetAsync(reader, "/products/1")).Body, StringComparison.Ordinal);
        Assert.Equal(["2", "", "1 3"], await Task.WhenAll(lists.Select(list => IdsAsync(reader, list))));
        Assert.Equal(8, await QueriesAsync(reader));
    }

    [Fact]
    public async Task A_row_that_was_read_before_a_write_cannot_be_cached_after_it()
    {
        using RunningNode node = RunningNode.Start();
        await using WebApplicationFactory<Program> application = Application(node);
        using HttpClient shop = application.CreateClient();
        await using FastCacheClient late = await FastCacheClient.ConnectAsync(new() { Seeds = [node.EndPoint] });
        byte[] key = "database-cache:product:1"u8.ToArray();
        using LeasedValue grant = await late.LeaseGetAsync(key, leaseMillis: 60_000);
        Assert.Equal(LeaseResult.Fill, grant.Result);

        await PutAsync(shop, 1, "hammer", "tools", 2999);
        WriteResult stored = await late.SetAsync(key, Encoding.UTF8.GetBytes(Hammer), new() { LeaseToken = grant.Token });
        Assert.Equal(Status.LeaseLost, stored.Status);
        Assert.Contains(":2999}", (await GetAsync(shop, "/products/1")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Readers_never_see_a_price_go_back()
    {
        using RunningNode node = RunningNode.Start();
        await using WebApplicationFactory<Program> application = Application(node);
        using HttpClient shop = application.CreateClient();
        long written = 0;
        using CancellationTokenSource end = new(TimeSpan.FromSeconds(3));
        Task[] readers = [.. Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            while (!end.IsCancellationRequested)
            {
                long before = Interlocked.Read(ref written);
                string body = (await GetAsync(shop, "/products/2")).Body;
                long seen = long.Parse(body.AsSpan(body.LastIndexOf(':') + 1).TrimEnd('}'), CultureInfo.InvariantCulture);
                Assert.True(seen >= before, $"{before} cents were written before this read began, which saw {seen}");
            }
        }))];
        for (long price = 10_000; !end.IsCancellationRequested; price++)
        {
            await PutAsync(shop, 2, "saw", "tools", price);
            Interlocked.Exchange(ref written, price);
            await Task.Delay(2);
        }

        await Task.WhenAll(readers);
        Assert.True(written > 10_000, "nothing was written");
    }

    [Fact]
    public async Task Without_the_node_the_database_answers_and_is_written()
    {
        RunningNode node = RunningNode.Start();
        IPEndPoint address = node.EndPoint;
        await using WebApplicationFactory<Program> application = Application(node);
        using HttpClient shop = application.CreateClient();
        Assert.Equal((HttpStatusCode.OK, Hammer), await GetAsync(shop, "/products/1"));
        node.Crash();
        node.Dispose();
        Assert.Equal((HttpStatusCode.OK, Hammer), await GetAsync(shop, "/products/1"));
        await PutAsync(shop, 1, "hammer", "tools", 2100);
        Assert.Contains(":2100}", (await GetAsync(shop, "/products/1")).Body, StringComparison.Ordinal);
        Assert.Equal("1 2", await IdsAsync(shop, "/categories/tools/products"));
        using HttpResponseMessage health = await shop.GetAsync(Relative("/health"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);

        // A process that starts without a node asks the database just so, and caches as soon as there is one.
        await using WebApplicationFactory<Program> late = Application(node);
        using HttpClient lateShop = late.CreateClient();
        Assert.Contains(":2100}", (await GetAsync(lateShop, "/products/1")).Body, StringComparison.Ordinal);
        using RunningNode again = RunningNode.Start("--listen", $"{address}");
        Eventually.Is(
            () => OriginAsync(lateShop, "/products/1").GetAwaiter().GetResult() == "Hit", () => "the node is not used again");
    }

    [Fact]
    public async Task What_is_wrong_is_refused_with_what_is_allowed()
    {
        using RunningNode node = RunningNode.Start();
        await using WebApplicationFactory<Program> application = Application(node);
        using HttpClient shop = application.CreateClient();
        (string Product, string Reason)[] wrong =
        [
            ("""{"name":"","category":"tools","priceCents":1}""", "name is ''; it must have 1 to 200"),
            ("""{"name":"x","category":"Tools","priceCents":1}""", "category is 'Tools'; it must have 1 to 40 of a to z"),
            ("""{"name":"x","category":"tools"}""", "priceCents is ''; it must be 0 to"),
            ("""{"name":"x","category":"tools","priceCents":-1}""", "priceCents is '-1'; it must be 0 to"),
            ("""{"name":"x","category":"tools","priceCents":1.5}""", "$.priceCents"),
            ("""{"name":""", "JSON"),
        ];
        foreach ((string product, string reason) in wrong)
        {
            using StringContent content = new(product, Encoding.UTF8, "application/json");
            using HttpResponseMessage answer = await shop.PutAsync(Relative("/products/5"), content);
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            Assert.Contains(reason, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.Equal((HttpStatusCode.NotFound, ""), await GetAsync(shop, "/products/5"));
        (HttpStatusCode status, string text) = await GetAsync(shop, "/categories/Tools/products");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("category is 'Tools'; it must", text, StringComparison.Ordinal);
        (status, text) = await GetAsync(shop, "/categories/tools/products?belowCents=cheap");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("belowCents\" from \"cheap\"", text, StringComparison.Ordinal);
    }

    private static Uri Relative(string path) => new(path, UriKind.Relative);

    private static async Task<(HttpStatusCode Status, string Body)> GetAsync(HttpClient shop, string path)
    {
        using HttpResponseMessage answer = await shop.GetAsync(Relative(path));
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    private static async Task<string> OriginAsync(HttpClient shop, string path)
    {
        using HttpResponseMessage answer = await shop.GetAsync(Relative(path));
        return answer.Headers.GetValues("X-Cache").Single();
    }

    private static async Task<string> IdsAsync(HttpClient shop, string path)
    {
        Row[]? rows = await shop.GetFromJsonAsync<Row[]>(Relative(path));
        return string.Join(' ', rows!.Select(row => row.Id));
    }

    private static async Task PutAsync(HttpClient shop, long id, string name, string category, long priceCents)
    {
        using HttpResponseMessage answer = await shop.PutAsJsonAsync(Relative($"/products/{id}"), new { name, category, priceCents });
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
    }

    private static async Task<long> QueriesAsync(HttpClient shop) =>
        long.Parse(await shop.GetStringAsync(Relative("/queries")), CultureInfo.InvariantCulture);

    private WebApplicationFactory<Program> Application(RunningNode node) =>
        new WebApplicationFactory<Program>().WithWebHostBuilder(host => host
            .UseSetting("FastCache:Seeds:0", $"{node.EndPoint}")
            .UseSetting("FastCache:Client:RequestTimeout", "00:00:20") // A machine that stands still is no outage.
            .UseSetting("Database", Path.Combine(_folder.FullName, "products.db")));

    private sealed record Row(long Id);
}
