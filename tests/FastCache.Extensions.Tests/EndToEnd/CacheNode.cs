using FastCache.EndToEnd.Tests;
using Microsoft.Extensions.DependencyInjection;

namespace FastCache.Extensions.Tests.EndToEnd;

/// <summary>One node for the tests of a class, and applications that use it.</summary>
public sealed class CacheNode : IDisposable
{
    internal RunningNode Node { get; } = RunningNode.Start();

    /// <summary>The services of an application with a prefix of its own.</summary>
    public ServiceProvider Application(string prefix) => Register(new ServiceCollection(), prefix).BuildServiceProvider();

    /// <summary>Registers the node.</summary>
    public IServiceCollection Register(IServiceCollection services, string prefix) => services.AddFastCache(options =>
    {
        options.Seeds.Add($"{Node.EndPoint}");
        options.InstanceName = prefix;
        options.Client = options.Client with { RequestTimeout = TimeSpan.FromSeconds(20), OutageWait = TimeSpan.FromSeconds(20) };
    });

    public void Dispose() => Node.Dispose();
}
