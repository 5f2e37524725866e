using DatabaseCache;
using FastCache.Client;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.Services.AddFastCache(builder.Configuration.GetRequiredSection("FastCache"));
builder.Services.AddHealthChecks().AddFastCache();
builder.Services.AddSingleton(new ProductDatabase(builder.Configuration["Database"] ?? "products.db"));
builder.Services.AddSingleton<ProductCache>();
builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);

WebApplication application = builder.Build();
application.Use(async (context, next) =>
{
    try
    {
        await next(context);
    }
    catch (BadHttpRequestException wrong)
    {
        // What ASP.NET could not read it would refuse without a word.
        string text = wrong.InnerException?.Message ?? wrong.Message;
        await Results.Text(text, statusCode: wrong.StatusCode).ExecuteAsync(context);
    }
});
application.MapHealthChecks("/health");
application.MapGet("/queries", (ProductDatabase database) => database.Queries);
application.MapGet("/products/{id:long}", async (long id, ProductCache products, HttpContext context) =>
{
    using FilledValue product = await products.FindAsync(id, context.RequestAborted);
    await AnswerAsync(product, context);
});
application.MapGet(
    "/categories/{category}/products",
    async (string category, long? belowCents, ProductCache products, HttpContext context) =>
    {
        if (!ProductDraft.IsCategory(category))
        {
            await Results.BadRequest($"category is '{category}'; {ProductDraft.CategoryRule}").ExecuteAsync(context);
            return;
        }

        using FilledValue list = await products.ListAsync(category, belowCents ?? long.MaxValue, context.RequestAborted);
        await AnswerAsync(list, context);
    });
application.MapPut("/products/{id:long}", async (long id, ProductDraft draft, ProductCache products) =>
{
    if (draft.Problem is string problem)
    {
        return Results.BadRequest(problem);
    }

    await products.PutAsync(draft.Of(id));
    return Results.NoContent();
});
application.MapDelete("/products/{id:long}", async (long id, ProductCache products) =>
    await products.DeleteAsync(id) ? Results.NoContent() : Results.NotFound());
application.Run();

static async Task AnswerAsync(FilledValue value, HttpContext context)
{
    context.Response.Headers["X-Cache"] = value.Origin.ToString();
    if (!value.IsFound)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return;
    }

    context.Response.ContentType = "application/json";
    context.Response.ContentLength = value.Memory.Length;
    await context.Response.Body.WriteAsync(value.Memory, context.RequestAborted);
}
