using FileCache;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Net.Http.Headers;

const int Attempts = 3;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
using OriginDirectory origin = new(builder.Configuration["Origin"] ?? "origin");
builder.Services.AddFastCache(builder.Configuration.GetRequiredSection("FastCache"));
builder.Services.AddHealthChecks().AddFastCache();
builder.Services.AddSingleton(origin);
builder.Services.AddSingleton<CachedFiles>();

FileExtensionContentTypeProvider contentTypes = new();
WebApplication application = builder.Build();
application.MapHealthChecks("/health");
application.MapGet("/reads", () => origin.Reads);
application.MapMethods("/files/{**path}", [HttpMethods.Get, HttpMethods.Head], ServeAsync);
application.Run();

async Task ServeAsync(string? path, CachedFiles files, HttpContext context)
{
    path ??= ""; // The directory itself.
    for (int attempt = 1; ; attempt++)
    {
        if (await files.FindAsync(path, context.RequestAborted) is not FileVersion version)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        try
        {
            // ASP.NET knows what HTTP asks of ranges and conditions; of several ranges it makes the whole file, as it may.
            await Results.Stream(
                new CachedFileStream(files, path, version),
                contentTypes.TryGetContentType(path, out string? contentType) ? contentType : null,
                lastModified: version.Modified,
                entityTag: new EntityTagHeaderValue(version.EntityTag),
                enableRangeProcessing: true).ExecuteAsync(context);
            return;
        }
        catch (FileChangedException) when (context.Response.HasStarted)
        {
            // Half of one version is not to end with half of another: the client sees that the answer is cut off.
            context.Abort();
            return;
        }
        catch (FileChangedException) when (attempt < Attempts)
        {
            context.Response.Clear();
            await files.ForgetAsync(path);
        }
        catch (FileChangedException)
        {
            context.Response.Clear();
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }
    }
}
