namespace FastCache.Core;

/// <summary>How the checks of all layers say that an invariant does not hold.</summary>
internal static class Invariant
{
    /// <param name="holds">Whether it holds.</param>
    /// <param name="broken">What is wrong if not, as a clause.</param>
    /// <exception cref="InvalidOperationException">It does not hold.</exception>
    public static void Require(bool holds, string broken)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"Broken invariant: {broken}.");
        }
    }
}
