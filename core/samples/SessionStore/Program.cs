using System.Globalization;
using Microsoft.AspNetCore.DataProtection;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.Services.AddFastCache(builder.Configuration.GetRequiredSection("FastCache"));
builder.Services.AddSession();
builder.Services.AddHealthChecks().AddFastCache();

// Cookies are encrypted: only a process with the keys of the one before understands its visitors.
builder.Services.AddDataProtection()
    .SetApplicationName("SessionStore")
    .PersistKeysToFileSystem(new(builder.Configuration["KeyDirectory"] ?? "session-store-keys"));

WebApplication application = builder.Build();
application.UseSession();
application.MapHealthChecks("/health");
application.MapGet("/", async (HttpContext context) =>
{
    await context.Session.LoadAsync();
    int visits = (context.Session.GetInt32("visits") ?? 0) + 1;
    context.Session.SetInt32("visits", visits);
    await context.Session.CommitAsync();
    return visits.ToString(CultureInfo.InvariantCulture);
});
application.Run();
