using FastCache.Client;
using FastCache.Extensions;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers FastCache with an application.</summary>
public static class FastCacheRegistrations
{
    private static readonly TimeSpan DegradedFrom = TimeSpan.FromMilliseconds(100);

    /// <summary>Registers the one <see cref="FastCacheConnection"/>, its <see cref="FastCacheClient"/>, and
    /// <see cref="FastCacheDistributedCache"/> as the application's <see cref="IDistributedCache"/>.</summary>
    /// <param name="services">The application's.</param>
    /// <param name="configure">Sets the options, which are checked when the host starts.</param>
    public static IServiceCollection AddFastCache(this IServiceCollection services, Action<FastCacheOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return services.AddFastCacheServices(options => options.Configure(configure));
    }

    /// <summary>The same with the options of a section of the configuration.</summary>
    /// <param name="services">The application's.</param>
    /// <param name="section">It; a key that is none of the options is an error.</param>
    public static IServiceCollection AddFastCache(this IServiceCollection services, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(section);
        return services.AddFastCacheServices(
            options => options.Bind(section, binder => binder.ErrorOnUnknownConfiguration = true));
    }

    /// <summary>Adds a check that the node answers: degraded if that takes long, and the failure status if it does not.</summary>
    /// <param name="checks">The application's.</param>
    /// <param name="name">What the check is called.</param>
    /// <param name="failureStatus">What it is when the node does not answer; unhealthy unless told.</param>
    /// <param name="tags">To choose checks by.</param>
    /// <param name="degradedFrom">A latency from which on it is degraded; 100 ms unless told.</param>
    public static IHealthChecksBuilder AddFastCache(
        this IHealthChecksBuilder checks,
        string name = "fastcache",
        HealthStatus? failureStatus = null,
        IEnumerable<string>? tags = null,
        TimeSpan? degradedFrom = null)
    {
        ArgumentNullException.ThrowIfNull(checks);
        return checks.Add(new(
            name,
            services => new FastCacheHealthCheck(
                services.GetRequiredService<FastCacheConnection>(), degradedFrom ?? DegradedFrom),
            failureStatus,
            tags));
    }

    private static IServiceCollection AddFastCacheServices(
        this IServiceCollection services, Action<OptionsBuilder<FastCacheOptions>> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        configure(services.AddOptions<FastCacheOptions>().ValidateOnStart());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<FastCacheOptions>, FastCacheOptionsValidation>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, ConnectAtStart>());
        services.TryAddSingleton<FastCacheConnection>();

        // Resolving is synchronous: who wants it while no node answers is told so, and may ask again.
        services.TryAddSingleton(
            provider => provider.GetRequiredService<FastCacheConnection>().ClientAsync().AsTask().GetAwaiter().GetResult());
        services.TryAddSingleton<FastCacheDistributedCache>();
        services.AddSingleton<IDistributedCache>(provider => provider.GetRequiredService<FastCacheDistributedCache>());
        return services;
    }

    /// <summary>Begins to connect when the host starts, so that the first request need not wait for it.</summary>
    private sealed class ConnectAtStart(FastCacheConnection connection) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            connection.Start();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
