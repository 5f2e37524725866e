extern alias FileCache;

using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using FastCache.EndToEnd.Tests;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Program = FileCache::Program;

namespace FastCache.Samples.Tests;

/// <summary>The sample with a real node, behind a real socket, beside the files that it serves.</summary>
public sealed class FileCacheTests : IDisposable
{
    private const int LargeBytes = (20 << 20) + 12_345;
    private const int ChunkBytes = 256 << 10;
    private const int LargeChunks = (LargeBytes + ChunkBytes - 1) / ChunkBytes;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("file-cache-");
    private readonly string _origin;

    public FileCacheTests()
    {
        _origin = _folder.CreateSubdirectory("origin").FullName;
        File.WriteAllText(Path.Combine(_folder.FullName, "secret.txt"), "outside");
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_large_file_is_read_from_the_origin_once_and_served_whole()
    {
        using RunningNode node = RunningNode.Start();
        await using WebApplicationFactory<Program> application = Application(node);
        using HttpClient client = application.CreateClient();
        byte[] large = Write("large.bin", LargeBytes, seed: 1);
        byte[][] downloads = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => client.GetByteArrayAsync(Files("large.bin"))));
        Assert.All(downloads, download => Assert.True(download.AsSpan().SequenceEqual(large)));
        Assert.Equal(LargeChunks, await ReadsAsync(client));

        await using WebApplicationFactory<Program> other = Application(node);
        using HttpClient otherClient = other.CreateClient();
        Assert.True((await otherClient.GetByteArrayAsync(Files("large.bin"))).AsSpan().SequenceEqual(large));
        Assert.Equal(0, await ReadsAsync(otherClient));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Any_range_has_the_bytes_of_the_origin(int seed)
    {
        using RunningNode node = RunningNode.Start();
        await using WebApplicationFactory<Program> application = Application(node);
        using HttpClient client = application.CreateClient();
        Random random = new(seed);
        (string Name, byte[] Bytes)[] files = [.. new[] { 1, 1000, ChunkBytes - 1, ChunkBytes, ChunkBytes + 1, 3_000_000 }
            .Select(length => ($"{length}.bin", Write($"{length}.bin", length, seed)))];
        for (int i = 0; i < 200; i++)
        {
            (string name, byte[] bytes) = files[random.Next(files.Length)];
            int from = random.Next(bytes.Length);
            int to = from + random.Next(random.Next(2) == 0 ? 1000 : bytes.Length);
            (RangeHeaderValue range, int end) = random.Next(8) switch
            {
                0 => (new RangeHeaderValue(from, null), bytes.Length),
                1 => (new(null, bytes.Length - from), bytes.Length),
                _ => (new(from, to), Math.Min(to + 1, bytes.Length)),
            };
            using HttpResponseMessage answer = await GetAsync(client, name, range);
            Assert.Equal(HttpStatusCode.PartialContent, answer.StatusCode);
            Assert.Equal(new ContentRangeHeaderValue(from, end - 1, bytes.Length), answer.Content.Headers.ContentRange);
            Assert.True((await answer.Content.ReadAsByteArrayAsync()).AsSpan().SequenceEqual(bytes.AsSpan(from..end)), $"{name} {range}");
        }
    }

    [Fact]
    public async Task A_range_fetches_only_its_chunks_and_concurrent_ones_fetch_them_once()
    {
        using RunningNode node = RunningNode.Start();
        await using WebApplicationFactory<Program> application = Application(node);
        using HttpClient client = application.CreateClient();
        byte[] large = Write("large.bin", LargeBytes, seed: 2);
        byte[][] parts = await Task.WhenAll(Enumerable.Range(0, 100).Select(async i =>
        {
            using HttpResponseMessage answer = await GetAsync(client, "large.bin", new((5 * ChunkBytes) - 10, (5 * ChunkBytes) + 9 + i));
            return await answer.Content.ReadAsByteArrayAsync();
        }));
        Assert.All(parts, (part, i) => Assert.True(part.AsSpan().SequenceEqual(large.AsSpan((5 * ChunkBytes) - 10, 20 + i))));
        Assert.Equal(2, await ReadsAsync(client));
    }

    [Fact]
    public async Task Ranges_and_conditions_are_answered_as_http_says()
    {
        using RunningNode node = RunningNode.Start();
        await using WebApplicationFactory<Program> application = Application(node);
        using HttpClient client = application.CreateClient();
        byte[] bytes = Write("page.html", 1000, seed: 3);
        Write("empty.txt", 0, seed: 0);

        using HttpResponseMessage head = await AskAsync(client, HttpMethod.Head, "page.html");
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.Equal(1000, head.Content.Headers.ContentLength);
        Assert.Equal("text/html", head.Content.Headers.ContentType?.MediaType);
        Assert.Equal("bytes", head.Headers.AcceptRanges.Single());
        Assert.Equal(0, await ReadsAsync(client));
        EntityTagHeaderValue tag = head.Headers.ETag!;

        using HttpResponseMessage behind = await GetAsync(client, "page.html", new(1000, 1001));
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, behind.StatusCode);
        Assert.Equal("bytes */1000", behind.Content.Headers.ContentRange?.ToString());

        using HttpResponseMessage several = await AskAsync(client, HttpMethod.Get, "page.html", ("Range", "bytes=0-1,5-6"));
        Assert.Equal(HttpStatusCode.OK, several.StatusCode);
        Assert.Equal(bytes, await several.Content.ReadAsByteArrayAsync());

        using HttpResponseMessage same = await AskAsync(
            client, HttpMethod.Get, "page.html", ("Range", "bytes=10-19"), ("If-Range", tag.ToString()));
        Assert.Equal(HttpStatusCode.PartialContent, same.StatusCode);
        Assert.Equal(bytes[10..20], await same.Content.ReadAsByteArrayAsync());

        using HttpResponseMessage another = await AskAsync(
            client, HttpMethod.Get, "page.html", ("Range", "bytes=10-19"), ("If-Range", "\"another\""));
        Assert.Equal(HttpStatusCode.OK, another.StatusCode);
        Assert.Equal(bytes, await another.Content.ReadAsByteArrayAsync());

        using HttpResponseMessage known = await AskAsync(client, HttpMethod.Get, "page.html", ("If-None-Match", tag.ToString()));
        Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);

        Assert.Empty(await client.GetByteArrayAsync(Files("empty.txt")));
    }

    [Fact]
    public async Task A_file_that_changes_or_appears_is_seen_and_its_versions_never_mix()
    {
        using RunningNode node = RunningNode.Start();
        await using WebApplicationFactory<Program> application = Application(node);
        using HttpClient client = application.CreateClient();
        byte[] old = Write("file.bin", 1_000_000, seed: 4);
        using HttpResponseMessage missing = await AskAsync(client, HttpMethod.Get, "late.bin");
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        using HttpResponseMessage part = await GetAsync(client, "file.bin", new(0, 9));
        Assert.Equal(old[..10], await part.Content.ReadAsByteArrayAsync());

        // The version is still known and only the first chunk cached: the whole is the new one all the same.
        byte[] changed = Write("file.bin", 1_000_001, seed: 5);
        byte[] late = Write("late.bin", 10, seed: 6);
        using HttpResponseMessage last = await GetAsync(client, "file.bin", new(900_000, null));
        Assert.Equal(changed[900_000..], await last.Content.ReadAsByteArrayAsync());
        Assert.True((await client.GetByteArrayAsync(Files("file.bin"))).AsSpan().SequenceEqual(changed));

        byte[] seen = [];
        Eventually.Is(
            () =>
            {
                using HttpResponseMessage answer = AskAsync(client, HttpMethod.Get, "late.bin").GetAwaiter().GetResult();
                seen = answer.Content.ReadAsByteArrayAsync().GetAwaiter().GetResult();
                return answer.StatusCode == HttpStatusCode.OK;
            },
            () => "the file is still not there");
        Assert.Equal(late, seen);
    }

    [Fact]
    public async Task An_answer_whose_file_changes_half_way_is_cut_off()
    {
        using RunningNode node = RunningNode.Start();
        await using WebApplicationFactory<Program> application = Application(node);
        using HttpClient client = application.CreateClient();
        Write("large.bin", LargeBytes, seed: 7);
        using HttpRequestMessage request = new(HttpMethod.Get, Files("large.bin"));
        using HttpResponseMessage answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(LargeBytes, answer.Content.Headers.ContentLength);
        Write("large.bin", LargeBytes, seed: 8);
        await Assert.ThrowsAnyAsync<Exception>(() => answer.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Without_the_node_the_origin_answers_also_in_the_middle()
    {
        RunningNode node = RunningNode.Start();
        await using WebApplicationFactory<Program> application = Application(node);
        using HttpClient client = application.CreateClient();
        byte[] large = Write("large.bin", LargeBytes, seed: 9);
        using HttpRequestMessage request = new(HttpMethod.Get, Files("large.bin"));
        using HttpResponseMessage answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        node.Crash();
        node.Dispose();
        Assert.True((await answer.Content.ReadAsByteArrayAsync()).AsSpan().SequenceEqual(large));
        using HttpResponseMessage part = await GetAsync(client, "large.bin", new(1_000_000, 1_000_099));
        Assert.Equal(large[1_000_000..1_000_100], await part.Content.ReadAsByteArrayAsync());

        await using WebApplicationFactory<Program> late = Application(node);
        using HttpClient lateClient = late.CreateClient();
        Assert.True((await lateClient.GetByteArrayAsync(Files("large.bin"))).AsSpan().SequenceEqual(large));
    }

    [Fact]
    public async Task Downloads_that_stand_still_hold_a_little_of_the_file_each()
    {
        const int Downloads = 20;
        const long AllowedBytes = Downloads * (LargeBytes / 8L);
        using RunningNode node = RunningNode.Start();
        await using WebApplicationFactory<Program> application = Application(node);
        using HttpClient client = application.CreateClient();
        byte[] large = Write("large.bin", LargeBytes, seed: 11);
        Assert.True((await client.GetByteArrayAsync(Files("large.bin"))).AsSpan().SequenceEqual(large));
        long before = GC.GetTotalMemory(forceFullCollection: true);
        HttpResponseMessage[] answers = await Task.WhenAll(Enumerable.Range(0, Downloads).Select(
            _ => client.GetAsync(Files("large.bin"), HttpCompletionOption.ResponseHeadersRead)));
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(1)); // Until the sockets are full.
            long heldBytes = GC.GetTotalMemory(forceFullCollection: true) - before;
            Assert.True(heldBytes < AllowedBytes, $"{Downloads} downloads hold {heldBytes} bytes; {AllowedBytes} are allowed");
            Assert.True((await answers[^1].Content.ReadAsByteArrayAsync()).AsSpan().SequenceEqual(large));
        }
        finally
        {
            Array.ForEach(answers, answer => answer.Dispose());
        }
    }

    [Fact]
    public async Task Nothing_outside_is_served()
    {
        using RunningNode node = RunningNode.Start();
        await using WebApplicationFactory<Program> application = Application(node);
        using HttpClient client = application.CreateClient();
        Write(".hidden", 10, seed: 10);
        Directory.CreateDirectory(Path.Combine(_origin, "folder"));
        string[] targets =
        [
            "../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "x/../../secret.txt", "/../secret.txt", "..%5csecret.txt",
            Path.Combine(_folder.FullName, "secret.txt"), ".hidden", "folder", "", "missing",
        ];
        foreach (string target in targets)
        {
            // Not by HttpClient, which would take the dots away.
            using TcpClient raw = new(client.BaseAddress!.Host, client.BaseAddress.Port);
            await using NetworkStream stream = raw.GetStream();
            await stream.WriteAsync(
                Encoding.ASCII.GetBytes($"GET /files/{target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
            using StreamReader reader = new(stream);
            string answer = await reader.ReadToEndAsync();
            Assert.True(answer.StartsWith("HTTP/1.1 404 ", StringComparison.Ordinal), $"'{target}' is answered by {answer}");
        }
    }

    [Fact]
    public void An_origin_that_is_no_directory_is_refused_by_name()
    {
        using RunningNode node = RunningNode.Start();
        string missing = Path.Combine(_origin, "missing");
        using WebApplicationFactory<Program> application = Application(node, missing);
        DirectoryNotFoundException refusal = Assert.Throws<DirectoryNotFoundException>(application.StartServer);
        Assert.Contains($"Origin is '{missing}'; it must be a directory", refusal.Message, StringComparison.Ordinal);
    }

    private static Uri Files(string name) => new($"/files/{name}", UriKind.Relative);

    private static Task<HttpResponseMessage> GetAsync(HttpClient client, string name, RangeHeaderValue range) =>
        AskAsync(client, HttpMethod.Get, name, ("Range", range.ToString()));

    private static async Task<HttpResponseMessage> AskAsync(
        HttpClient client, HttpMethod method, string name, params (string Name, string Value)[] headers)
    {
        using HttpRequestMessage request = new(method, Files(name));
        foreach ((string header, string value) in headers)
        {
            request.Headers.Add(header, value);
        }

        return await client.SendAsync(request);
    }

    private static async Task<long> ReadsAsync(HttpClient client) => long.Parse(
        await client.GetStringAsync(new Uri("/reads", UriKind.Relative)), CultureInfo.InvariantCulture);

    private byte[] Write(string name, int length, int seed)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        File.WriteAllBytes(Path.Combine(_origin, name), bytes);
        return bytes;
    }

    private WebApplicationFactory<Program> Application(RunningNode node, string? origin = null)
    {
        WebApplicationFactory<Program> application = new WebApplicationFactory<Program>().WithWebHostBuilder(host => host
            .UseSetting("FastCache:Seeds:0", $"{node.EndPoint}")
            .UseSetting("FastCache:Client:RequestTimeout", "00:00:20") // A machine that stands still is no outage.
            .UseUrls("http://127.0.0.1:0")
            .UseSetting("Origin", origin ?? _origin));
        application.UseKestrel();
        return application;
    }
}
