using FastCache.Client;

namespace FastCache.Extensions;

/// <summary>What an application says about its cache, in code or in a section of its configuration.</summary>
/// <remarks>Checked when the host starts, or else when the cache is first asked for: what is wrong is named with what is
/// allowed.</remarks>
public sealed class FastCacheOptions
{
    /// <summary>Addresses of the node, each "host:port", tried in this order until one answers; at least one, unless
    /// <see cref="Client"/> has them.</summary>
    public IList<string> Seeds { get; set; } = [];

    /// <summary>What every key of the distributed cache begins with, so that applications can share a node.</summary>
    public string InstanceName { get; set; } = "";

    /// <summary>Time-outs, limits and all else that the client itself is told. Its
    /// <see cref="FastCacheClientOptions.Seeds"/> count only if <see cref="Seeds"/> is empty.</summary>
    public FastCacheClientOptions Client { get; set; } = new() { Seeds = [] };

    /// <summary>What the client is told, with the addresses.</summary>
    /// <exception cref="ArgumentException">An option is out of range; the message says which, and what is allowed.</exception>
    internal FastCacheClientOptions ToClientOptions()
    {
        if (Seeds is null || Client is null || InstanceName is null)
        {
            throw new ArgumentException($"{nameof(Seeds)}, {nameof(InstanceName)} and {nameof(Client)} must not be null.");
        }

        FastCacheClientOptions options = Seeds.Count == 0
            ? Client
            : Client with { Seeds = [.. Seeds.Select((seed, i) => SeedAddress.Parse(seed, $"{nameof(Seeds)}[{i}]"))] };
        options.Check();
        return options;
    }
}
