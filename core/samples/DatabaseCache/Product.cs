using System.Buffers;

namespace DatabaseCache;

/// <summary>A row of the catalogue, as it is cached and answered.</summary>
internal sealed record Product(long Id, string Name, string Category, long PriceCents);

/// <summary>What a PUT says of a product; anything may be missing.</summary>
internal sealed record ProductDraft(string? Name, string? Category, long? PriceCents)
{
    private const int LongestName = 200;
    private const int LongestCategory = 40;
    private const long HighestPriceCents = 1_000_000_000;

    private static readonly SearchValues<char> CategoryLetters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    /// <summary>What is wrong with it, and what is allowed; null: nothing.</summary>
    public string? Problem =>
        Name is not { Length: >= 1 and <= LongestName } ? $"name is '{Name}'; it must have 1 to {LongestName} characters."
        : !IsCategory(Category) ? $"category is '{Category}'; {CategoryRule}"
        : PriceCents is not (>= 0 and <= HighestPriceCents) ? $"priceCents is '{PriceCents}'; it must be 0 to {HighestPriceCents}."
        : null;

    /// <summary>What categories look like.</summary>
    public static string CategoryRule => $"it must have 1 to {LongestCategory} of a to z, 0 to 9 and -.";

    /// <summary>Whether it may be the name of a category.</summary>
    public static bool IsCategory(string? text) =>
        text is { Length: >= 1 and <= LongestCategory } && !text.AsSpan().ContainsAnyExcept(CategoryLetters);

    /// <summary>The product, if there is no <see cref="Problem"/>.</summary>
    public Product Of(long id) => new(id, Name!, Category!, PriceCents!.Value);
}
