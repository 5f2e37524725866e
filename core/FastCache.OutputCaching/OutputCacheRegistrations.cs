using FastCache.OutputCaching;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Lets ASP.NET keep its cached responses on FastCache.</summary>
public static class OutputCacheRegistrations
{
    /// <summary>Adds output caching with <see cref="FastCacheOutputCacheStore"/> as its store. The nodes are those of
    /// <c>AddFastCache</c>, which may come before or after.</summary>
    /// <param name="services">The application's.</param>
    /// <param name="configure">As for <c>AddOutputCache</c>.</param>
    public static IServiceCollection AddFastCacheOutputCache(
        this IServiceCollection services, Action<OutputCacheOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOutputCache(configure ?? (static _ => { }));

        // Not Try: AddOutputCache has registered a store in memory.
        services.Replace(ServiceDescriptor.Singleton<IOutputCacheStore, FastCacheOutputCacheStore>());
        return services;
    }
}
