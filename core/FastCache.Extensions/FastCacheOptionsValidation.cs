using Microsoft.Extensions.Options;

namespace FastCache.Extensions;

/// <summary>Says what is wrong with the options, in the words of the client's own check.</summary>
internal sealed class FastCacheOptionsValidation : IValidateOptions<FastCacheOptions>
{
    public ValidateOptionsResult Validate(string? name, FastCacheOptions options)
    {
        try
        {
            options.ToClientOptions();
            return ValidateOptionsResult.Success;
        }
        catch (ArgumentException wrong)
        {
            return ValidateOptionsResult.Fail($"FastCache: {wrong.Message}");
        }
    }
}
