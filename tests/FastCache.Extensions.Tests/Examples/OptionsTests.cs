using System.Net;
using FastCache.Client;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace FastCache.Extensions.Tests.Examples;

/// <summary>What an application may say, and what it is told when that is wrong.</summary>
public sealed class OptionsTests
{
    public static TheoryData<Action<FastCacheOptions>, string> Wrong => new()
    {
        { options => options.Seeds = [], "Seeds must name at least one address" },
        { options => options.Seeds = null!, "Seeds, InstanceName and Client must not be null" },
        { options => options.Seeds = ["localhost:7600", "localhost"], "Seeds[1] is 'localhost'; it must be host:port with a port of 1 to 65535" },
        { options => options.Seeds = ["localhost:0"], "Seeds[0] is 'localhost:0'" },
        { options => options.Seeds = ["localhost:65536"], "Seeds[0] is 'localhost:65536'" },
        { options => options.Seeds = ["localhost:+1"], "Seeds[0] is 'localhost:+1'" },
        { options => options.Seeds = [":7600"], "Seeds[0] is ':7600'" },
        { options => options.Seeds = ["a b:7600"], "Seeds[0] is 'a b:7600'" },
        { options => options.Seeds = ["::1:7600"], "Seeds[0] is '::1:7600'" },
        { options => options.Seeds = ["[host]:7600"], "Seeds[0] is '[host]:7600'" },
        { options => options.Seeds = [null!], "Seeds[0] is ''" },
        {
            options => options.Client = options.Client with { RequestTimeout = TimeSpan.FromHours(2) },
            "RequestTimeout is 02:00:00; allowed are 00:00:00.0100000 to 01:00:00"
        },
        { options => options.Client = options.Client with { ConnectionsPerShard = 65 }, "ConnectionsPerShard is 65; allowed are 1 to 64" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task A_host_does_not_start_with_a_wrong_option_and_names_it(Action<FastCacheOptions> configure, string error)
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder();
        builder.Services.AddFastCache(options =>
        {
            options.Seeds.Add("localhost:7600");
            configure(options);
        });
        using IHost host = builder.Build();
        OptionsValidationException failure = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());
        Assert.Contains(error, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_form_of_an_address_is_understood()
    {
        FastCacheOptions options = new() { Seeds = ["cache.local:7600", "127.0.0.1:1", "[::1]:65535"] };
        Assert.Equal(
            [new DnsEndPoint("cache.local", 7600), new IPEndPoint(IPAddress.Loopback, 1), new IPEndPoint(IPAddress.IPv6Loopback, 65535)],
            options.ToClientOptions().Seeds);
    }

    [Fact]
    public void Addresses_may_also_be_given_to_the_client()
    {
        FastCacheOptions options = new() { Client = new() { Seeds = [new DnsEndPoint("cache.local", 7600)] } };
        Assert.Equal([new DnsEndPoint("cache.local", 7600)], options.ToClientOptions().Seeds);
    }

    [Fact]
    public void A_section_of_the_configuration_sets_every_kind_of_option()
    {
        FastCacheOptions options = Bound(new()
        {
            ["Seeds:0"] = "one:7600",
            ["Seeds:1"] = "two:7600",
            ["InstanceName"] = "shop:",
            ["Client:RequestTimeout"] = "00:00:00.5",
            ["Client:MaxOutstanding"] = "100",
        });
        FastCacheClientOptions client = options.ToClientOptions();
        Assert.Equal([new DnsEndPoint("one", 7600), new DnsEndPoint("two", 7600)], client.Seeds);
        Assert.Equal("shop:", options.InstanceName);
        Assert.Equal(TimeSpan.FromMilliseconds(500), client.RequestTimeout);
        Assert.Equal(100, client.MaxOutstanding);
        Assert.Equal(new FastCacheClientOptions { Seeds = [] }.ConnectTimeout, client.ConnectTimeout);
    }

    [Theory]
    [InlineData("Client:RequestTimeOut2", "00:00:01")]
    [InlineData("Seed", "one:7600")]
    [InlineData("Client:MaxOutstanding", "many")]
    public void A_section_with_what_is_no_option_or_no_value_is_refused_by_name(string key, string value)
    {
        InvalidOperationException failure = Assert.Throws<InvalidOperationException>(
            () => Bound(new() { ["Seeds:0"] = "one:7600", [key] = value }));
        Assert.Contains(key.Split(':')[^1], failure.ToString(), StringComparison.Ordinal);
    }

    private static FastCacheOptions Bound(Dictionary<string, string?> section)
    {
        IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(section).Build();
        using ServiceProvider services = new ServiceCollection().AddFastCache(configuration).BuildServiceProvider();
        return services.GetRequiredService<IOptions<FastCacheOptions>>().Value;
    }
}
