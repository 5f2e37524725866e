namespace FastCache.Node.Tests.Fakes;

/// <summary>What a caller of the seam must keep to, checked without a test framework: the fuzzer uses the fakes too.</summary>
internal static class SeamRule
{
    /// <exception cref="InvalidOperationException">The rule is broken.</exception>
    public static void Require(bool holds, string rule)
    {
        if (!holds)
        {
            throw new InvalidOperationException(rule);
        }
    }
}
